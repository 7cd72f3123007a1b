import { readFileSync } from 'node:fs';

/** One request and its answer, as recorded. */
export interface Exchange {
  /** Request line and headers. */
  readonly requestHead: readonly string[];
  readonly requestBody: Buffer;
  /** True if the client waited for an interim answer before it sent the body. */
  readonly interim: boolean;
  readonly statusLine: string;
  readonly headers: readonly string[];
  /** Undefined where the answer's head ended with bare line feeds and had no body. */
  readonly body: Buffer | undefined;
}

const ELISION = /\[\.\.\. (\d+) characters elided \.\.\.\]\n/;
const NO_NEWLINE = '[no newline at end of body]';

/** Reads a transcript: blocks of `=== REQUEST n ===` and `=== RESPONSE n ===`. */
export function readTranscript(path: string): Exchange[] {
  const text = readFileSync(path, 'utf8');
  const blocks = text.split(/^=== (?:REQUEST|RESPONSE) \d+ ===\n/m).slice(1);
  const exchanges: Exchange[] = [];
  for (let index = 0; index < blocks.length; index += 2) {
    const [request = '', response = ''] = blocks.slice(index, index + 2);
    exchanges.push(
      readExchange(
        withoutSeparator(request),
        index + 2 < blocks.length ? withoutSeparator(response) : response,
      ),
    );
  }
  return exchanges;
}

function readExchange(request: string, response: string): Exchange {
  const [requestHead, requestBody] = splitHead(request);
  const interimEnd = /^HTTP\/1\.1 100 Continue\n\n\[interim response[^\n]*\]\n/.exec(response);
  const answer = response.slice(interimEnd?.[0].length ?? 0).replace(/\n\[transport: [^\n]*\]\n*$/, '');
  const [[statusLine = '', ...headers], answerBody] = splitHead(answer);
  const isBare = answerBody.startsWith('[note: header block terminated with bare LF LF');
  return {
    requestHead,
    requestBody: readBody(requestBody, true),
    interim: interimEnd !== null,
    statusLine,
    headers,
    body: isBare ? undefined : readBody(answerBody, false),
  };
}

/** A blank line stands between blocks. */
function withoutSeparator(block: string): string {
  return block.replace(/\n$/, '');
}

function splitHead(block: string): [string[], string] {
  const end = block.indexOf('\n\n');
  if (end < 0) return [block.trimEnd().split('\n'), ''];
  return [block.slice(0, end).split('\n'), block.slice(end + 2)];
}

/** An elision in a request stands for more of the character before it; in an answer it stays, as a wild card. */
function readBody(text: string, fillElision: boolean): Buffer {
  const binary = /^\[binary body, (\d+) bytes, first \d+ as hex\]\n([0-9a-f ]+)/.exec(text);
  if (binary !== null) {
    const shown = Buffer.from((binary[2] ?? '').replace(/ /g, ''), 'hex');
    return Buffer.alloc(Number(binary[1]), shown);
  }
  let body = text;
  if (body.includes(NO_NEWLINE)) body = body.slice(0, body.indexOf(`\n${NO_NEWLINE}`));
  if (fillElision) {
    const elision = ELISION.exec(body);
    if (elision !== null) {
      const before = body.slice(0, elision.index - 1);
      const after = body.slice(elision.index + elision[0].length);
      body = before + before.slice(-1).repeat(Number(elision[1])) + after;
    }
  }
  return Buffer.from(body.replaceAll('<RS 0x1E>', '\x1e'), 'utf8');
}
