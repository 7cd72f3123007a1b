import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigurationError, UconDbError } from '../../../src/errors.ts';
import { programVersion } from '../../../src/installation.ts';
import type { UconDbClient } from '../../../src/ucondb/ucondb-client.ts';
import { startUconDbServer } from '../../../tools/ucondb-server/server.ts';
import type { Script } from '../../helpers/fault-proxy.ts';
import { jumpingClock, place, useUconDb } from '../../helpers/ucondb-clients.ts';

const blob = Buffer.from('Start of Record\nRun Number: 101\nEnd of Record\n');
const newer = Buffer.from('Start of Record\nRun Number: 101\nmore\nEnd of Record\n');

const ucondb = useUconDb();

const open = (serverUrl: string, objectName = place.objectName): UconDbClient =>
  ucondb.open({ ...jumpingClock(), serverUrl, objectName, workers: 4 });
const openThrough = (script: Script): Promise<UconDbClient> =>
  ucondb.openThrough(script, { ...jumpingClock(), workers: 4 });

async function keys(): Promise<(string | null)[]> {
  const answer = await fetch(
    `${ucondb.server.url}/versions?folder=${place.folderName}&object=${place.objectName}`,
  );
  return ((await answer.json()) as { key: string | null }[]).map(({ key }) => key);
}

const isUpload = (head: string): boolean => head.startsWith('POST') && head.includes('key=');

function page(status: string, html: string): string {
  return `HTTP/1.1 ${status}\r\nContent-Type: text/html\r\nConnection: close\r\nContent-Length: ${html.length}\r\n\r\n${html}`;
}

/** A front that offers to keep each connection, and hands what comes on it to `serve`. */
async function keepingFront(
  serve: (socket: Socket, head: string, count: number) => Promise<void>,
): Promise<Server> {
  const front = createServer((socket) => {
    let count = 0;
    let received = '';
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
      const end = received.indexOf('\r\n\r\n') + 4;
      const length = Number(/^content-length: (\d+)/im.exec(received.slice(0, end))?.[1] ?? 0);
      if (end < 4 || received.length < end + length) return;
      const request = received;
      received = '';
      void serve(socket, request, ++count);
    });
  });
  front.listen(0, '127.0.0.1');
  await once(front, 'listening');
  return front;
}

describe('a front that keeps connections', () => {
  /** The server's answer to a request, as a front would pass it on. */
  async function answerTo(request: string): Promise<string> {
    const end = request.indexOf('\r\n\r\n');
    const [line = '', ...headers] = request.slice(0, end).split('\r\n');
    const [method = '', target = ''] = line.split(' ');
    const authorization = headers.find((header) => /^authorization:/i.test(header))?.slice(15);
    const answer = await fetch(new URL(target, ucondb.server.url), {
      method,
      headers: authorization === undefined ? {} : { authorization },
      ...(method === 'POST' ? { body: Buffer.from(request.slice(end + 4), 'latin1') } : {}),
    });
    const body = Buffer.from(await answer.arrayBuffer()).toString('latin1');
    const kept = [...answer.headers].filter(([name]) => /^(www|x-ucondb)/.test(name));
    const lines = kept.map(([name, value]) => `${name}: ${value}\r\n`).join('');
    return `HTTP/1.1 ${answer.status} x\r\n${lines}Content-Length: ${body.length}\r\nConnection: keep-alive\r\n\r\n${body}`;
  }

  async function through(front: Server, work: (client: UconDbClient) => Promise<void>): Promise<void> {
    const { port } = front.address() as AddressInfo;
    const client = open(`http://127.0.0.1:${port}/app`);
    try {
      await work(client);
    } finally {
      await client.close();
      front.close();
      await once(front, 'close');
    }
  }

  it('and closes them when the next request comes loses nothing', async () => {
    await open(ucondb.server.url).put(1, blob);
    const front = await keepingFront(async (socket, request, count) => {
      if (count > 1) socket.destroy();
      else socket.write(await answerTo(request), 'latin1');
    });
    await through(front, async (client) => {
      expect(await client.get(1)).toEqual(blob);
      await client.replace(1, newer);
    });
    expect(await keys()).toEqual(['1', null]);
  });

  it('and takes no nonce twice lets workers share one', async () => {
    let made = 0;
    const good = new Set<string>();
    const front = await keepingFront(async (socket, request) => {
      const nonce = /nonce="([^"]*)"/.exec(request)?.[1];
      if (request.startsWith('GET') || (nonce !== undefined && good.delete(nonce))) {
        socket.end(await answerTo(request), 'latin1');
        return;
      }
      const fresh = `n${++made}`;
      good.add(fresh);
      const challenge = `Digest realm="ucon_prd.test01", nonce="${fresh}", stale=${nonce !== undefined}, qop="auth"`;
      socket.end(`HTTP/1.1 401 No\r\nWWW-Authenticate: ${challenge}\r\nContent-Length: 0\r\n\r\n`);
    });
    await through(front, async (client) => {
      const runs = Array.from({ length: 30 }, (_, i) => i);
      const outcomes = await Promise.all(runs.map((run) => client.put(run, blob)));
      expect(new Set(outcomes)).toEqual(new Set(['stored']));
    });
    expect(await keys()).toHaveLength(30);
  });

  it('and answers to the request before is not believed', async () => {
    for (const run of [1, 2]) await open(ucondb.server.url).put(run, blob);
    const front = await (() => {
      const before = new Map<Socket, string>();
      return keepingFront(async (socket, request) => {
        const answer = await answerTo(request);
        socket.write(before.get(socket) ?? answer, 'latin1');
        before.set(socket, answer);
      });
    })();
    await through(front, async (client) => {
      await client.check();
      expect(await client.listRuns()).toEqual([1, 2]);
    });
  });
});

describe('a front that fails by itself', () => {
  it('after it has passed on a replacement does not cause a second one', async () => {
    await open(ucondb.server.url).put(1, blob);
    let broken = false;
    const client = await openThrough((head) => {
      if (broken || !isUpload(head)) return undefined;
      broken = true;
      return async (request) => {
        await request.forward();
        request.answer(
          page('503 Service Unavailable', 'upstream connect error or disconnect/reset before headers'),
        );
      };
    });
    await client.replace(1, newer);
    expect(await keys()).toEqual(['1', null]);
  });

  it.each(['Object not found!', 'Object not found! Error 404'])(
    'with "%s" does not count as an empty archive',
    async (title) => {
      const client = await openThrough(() => (request) => {
        const style = '<style>body { color: #000 }</style>';
        request.answer(
          page('404 Not Found', `<html><title>${title}</title>${style}<h1>${title}</h1></html>`),
        );
      });
      await expect(client.listRuns()).rejects.toThrow('no UconDB under this prefix');
      await expect(client.check()).rejects.toThrow('no UconDB under this prefix');
    },
  );

  it('with a page about floats does not count as a server without logins', async () => {
    let first = true;
    const client = await openThrough((head) => {
      if (!first || !head.includes('tv=x')) return undefined;
      first = false;
      return (request) =>
        request.answer(page('500 Oops', '<style>div { float: left }</style><h3>Oops: float</h3>'));
    });
    expect(await client.check()).toMatchObject({ asksForLogin: true });
  });
});

it('the listing of another object, out of a cache, is not believed', async () => {
  await open(ucondb.server.url, 'other').put(7, blob);
  const client = await openThrough(() => async (request) => {
    const answer = await fetch(`${ucondb.server.url}/versions?folder=${place.folderName}&object=other`);
    request.answer(page('200 OK', await answer.text()));
  });
  await expect(client.listRuns()).rejects.toThrow(/object "other"/);
});

it.each([
  ['that other headers offer', 'WWW-Authenticate: Negotiate\r\nWWW-Authenticate:'],
  ['that one header offers', 'WWW-Authenticate: Basic realm="a, b", Negotiate,'],
])('the client finds the digest among other ways to log in %s', async (_, headers) => {
  const client = await openThrough((head) =>
    /^authorization:/im.test(head)
      ? undefined
      : async (request) => {
          const answer = (await request.forward()).toString('latin1');
          request.answer(answer.replace('WWW-Authenticate:', headers));
        },
  );
  expect(await client.put(1, blob)).toBe('stored');
});

it('an error names the ways to log in that the client does not know, and blames no password', async () => {
  const client = await openThrough(() => (request) => {
    request.answer(
      'HTTP/1.1 401 No\r\nWWW-Authenticate: Negotiate\r\nWWW-Authenticate: Basic realm="x"\r\nContent-Length: 0\r\n\r\n',
    );
  });
  for (const call of [client.put(1, blob), client.listRuns()]) {
    await expect(call).rejects.toThrow(/ways to log in: Negotiate, Basic; the archiver knows Digest/);
    await expect(call).rejects.not.toThrow('writer_password');
  }
});

describe('the page of a server in between', () => {
  const nginx = (title: string): string =>
    `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n<hr><center>nginx/1.18.0</center>\r\n</body>\r\n</html>\r\n`;

  it('is shown once, with the size of the blob if that is too large', async () => {
    const title = '413 Request Entity Too Large';
    const client = await openThrough((head) =>
      isUpload(head) ? (request) => request.answer(page(title, nginx(title))) : undefined,
    );
    const error: unknown = await client.put(1, blob).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UconDbError);
    expect(String(error)).toMatch(
      new RegExp(`: 413 Request Entity Too Large: the blob has ${blob.length} bytes; ask the administrators`),
    );
  });

  it('is no blob, and the error says so', async () => {
    await open(ucondb.server.url).put(1, blob);
    const client = await openThrough(() => (request) => request.answer(page('200 OK', nginx('Sign in'))));
    await expect(client.get(1)).rejects.toThrow(/the answer is no blob.*a page of something in between/);
    await expect(client.get(1)).rejects.not.toThrow('undefined');
  });

  it('is cut if it is long', async () => {
    const text = `<!DOCTYPE html><html><body>${'<p>sorry, &quot;no&quot;</p>'.repeat(500)}</body></html>`;
    const client = await openThrough(() => (request) => request.answer(page('502 Bad Gateway', text)));
    const error: unknown = await client.listRuns().catch((thrown: unknown) => thrown);
    expect(String(error)).toMatch(/: 502 sorry/);
    expect(String(error).length).toBeLessThan(400);
  });
});

it('the client names itself and its version', async () => {
  const client = await openThrough(() => undefined);
  await client.put(1, blob);
  for (const head of ucondb.proxy?.heads ?? []) {
    expect(head).toContain(`user-agent: run-record-archiver/${programVersion()}\r\n`);
  }
});

describe('a user name', () => {
  it.each(['Dvo\u0159\u00e1k', 'a\nb', '\u{1f600}'])(
    'that can not be sent is an error of the configuration: %j',
    (writerUser) => {
      const make = () => ucondb.open({ writerUser });
      expect(make).toThrow(ConfigurationError);
      expect(make).toThrow(/^ucon_db\.writer_user: /);
    },
  );

  it('may be sent with a password of any letters', async () => {
    const other = { user: 'archiver', password: 'Dvo\u0159\u00e1k' };
    const own = await startUconDbServer({
      data: join(ucondb.data, 'own'),
      folders: [place.folderName],
      ...other,
    });
    const client = ucondb.open({ writerPassword: other.password, serverUrl: own.url });
    expect(await client.put(1, blob)).toBe('stored');
    await own.close();
  });
});

describe('a certificate', () => {
  it.each([
    ['of another host', 'other-host.pem', /is for another host name: use that name in ucon_db.server_url/],
    ['that has expired', 'expired.pem', /has expired: ask the administrators of the server to renew it/],
  ])('%s gets its own advice, though its authority is trusted', async (_, name, advice) => {
    const fixtures = new URL('../../fixtures/tls/', import.meta.url).pathname;
    const cert = join(fixtures, name);
    const tls = { cert, key: join(fixtures, 'key.pem') };
    const own = await startUconDbServer({
      data: join(ucondb.data, 'own'),
      folders: [place.folderName],
      ...ucondb.account,
      tls,
    });
    const client = ucondb.open({ serverUrl: own.url, caFile: cert });
    await expect(client.listRuns()).rejects.toThrow(advice);
    await expect(client.put(1, blob)).rejects.toThrow(/ucon_db.ca_file does not help/);
    await own.close();
  });
});
