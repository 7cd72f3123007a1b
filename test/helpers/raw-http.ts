import { once } from 'node:events';
import { connect } from 'node:net';

export interface RawAnswer {
  /** Interim answers that came before, as sent. */
  readonly interim: string;
  readonly statusLine: string;
  readonly headers: readonly string[];
  readonly body: Buffer;
  /** True if the head ended with bare line feeds. */
  readonly bare: boolean;
}

/** Sends bytes to a server, ends the sending side, and returns what came back until the server ended. */
export async function sendRaw(
  url: string,
  head: string,
  body: Buffer,
  waitForInterim: boolean,
): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  const closed = once(socket, 'close');
  socket.write(head);
  if (waitForInterim) await once(socket, 'data');
  socket.end(body);
  socket.once('end', () => socket.destroy());
  await closed;
  return splitAnswer(Buffer.concat(chunks));
}

function splitAnswer(bytes: Buffer): RawAnswer {
  let text = bytes.toString('latin1');
  const interim = /^HTTP\/1\.1 100 [^\n]*\r?\n\r?\n/.exec(text)?.[0] ?? '';
  text = text.slice(interim.length);
  const end = /\r?\n\r?\n/.exec(text);
  if (end === null) throw new Error(`no answer: ${JSON.stringify(text.slice(0, 200))}`);
  const bare = end[0] === '\n\n';
  const [statusLine = '', ...headers] = Buffer.from(text.slice(0, end.index), 'latin1')
    .toString('utf8')
    .split(bare ? '\n' : '\r\n');
  const body = bytes.subarray(interim.length + end.index + end[0].length);
  return { interim, statusLine, headers, body, bare };
}
