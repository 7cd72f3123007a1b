import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { ConfigurationError, UconDbError } from '../../../src/errors.ts';
import { UconDbClient, type UconDbClientOptions } from '../../../src/ucondb/ucondb-client.ts';
import { DiskStore } from '../../../tools/ucondb-server/disk-store.ts';
import { startUconDbServer } from '../../../tools/ucondb-server/server.ts';
import type { ProxiedRequest, Script } from '../../helpers/fault-proxy.ts';
import { holdTime, passTime } from '../../helpers/held-time.ts';
import { recordingLogger } from '../../helpers/recording-logger.ts';
import { place, useUconDb } from '../../helpers/ucondb-clients.ts';

const blob = Buffer.from('Start of Record\nRun Number: 101\nEnd of Record\n');

const ucondb = useUconDb('pass:phrase "x"');
const { open } = ucondb;
const openThrough = (script: Script, options: Partial<UconDbClientOptions> = {}): Promise<UconDbClient> =>
  ucondb.openThrough(script, { sleep: () => Promise.resolve(), ...options });

const isUpload = (head: string): boolean => head.startsWith('POST') && head.includes('key=');
const isBlobRead = (head: string): boolean => head.startsWith('GET') && /key=\d+ /.test(head);
const isListing = (head: string): boolean => head.includes('/versions?');

/** Misbehaves with the first `count` requests of a kind. */
function first(
  count: number,
  kind: (head: string) => boolean,
  act: (request: ProxiedRequest) => void | Promise<void>,
): Script {
  let left = count;
  return (head) => (kind(head) && left-- > 0 ? act : undefined);
}

const uploads = (): number => ucondb.proxy?.heads.filter(isUpload).length ?? 0;

async function rejection(promise: Promise<unknown>): Promise<Error> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof Error)) throw new Error(`no error but ${inspect(error)}`);
  const shown = inspect(error, { depth: 20, showHidden: true }) + JSON.stringify(error);
  for (const text of [shown, error.message]) expect(text).not.toContain('phrase');
  return error;
}

describe('a working server', () => {
  it('lists nothing before the first put, then the runs that were put', async () => {
    const client = open();
    expect(await client.listRuns()).toEqual([]);
    for (const run of [12, 101, 7]) expect(await client.put(run, blob)).toBe('stored');
    expect(await client.listRuns()).toEqual([7, 12, 101]);
    expect(await client.get(12)).toEqual(blob);
  });

  it('has its version logged once, if the client is to do so', async () => {
    const logger = recordingLogger();
    const client = open({ logger, announceVersion: true });
    await client.listRuns();
    await client.listRuns();
    expect(logger.lines.filter((line) => line.startsWith('INFO'))).toEqual([
      expect.stringMatching(/^INFO Successfully connected to UconDB server, version: \d+\.\d+\.\d+$/),
    ]);
  });

  it('lists runs even if it does not tell its version', async () => {
    const isVersion = (head: string): boolean => /\/version[ ?]/.test(head);
    const logger = recordingLogger();
    const cut = first(1, isVersion, ({ client }) => void client.destroy());
    const client = await openThrough(cut, { logger, announceVersion: true });
    expect(await client.listRuns()).toEqual([]);
    expect(logger.lines).toEqual([
      expect.stringMatching(/^DEBUG UconDB: the server does not tell its version/),
    ]);
  });

  it('keeps every byte', async () => {
    const bytes = Buffer.from(Array.from({ length: 3_000_000 }, (_, index) => (index * 7) % 256));
    const client = open();
    await client.put(1, bytes);
    expect((await client.get(1)).equals(bytes)).toBe(true);
    await client.put(2, Buffer.alloc(0));
    expect(await client.get(2)).toEqual(Buffer.alloc(0));
  });

  it('is asked for one challenge, without a body, and gets each blob once with its length', async () => {
    const client = await openThrough(() => undefined, { workers: 8 });
    await Promise.all(Array.from({ length: 20 }, (_, run) => client.put(run, blob)));
    const posts = ucondb.proxy?.heads.filter((head) => head.startsWith('POST')) ?? [];
    expect(posts.filter((head) => !isUpload(head))).toHaveLength(1);
    expect(posts.filter((head) => !isUpload(head))[0]).toMatch(/content-length: 0\r\n/);
    const sent = posts.filter(isUpload);
    expect(sent).toHaveLength(20);
    for (const head of sent) {
      expect(head).toMatch(/^POST \S+key=(\d+)&tag=\1&override=no&full_meta=yes HTTP/);
      expect(head).toContain(`content-length: ${blob.length}\r\n`);
      expect(head.toLowerCase()).not.toContain('transfer-encoding');
    }
    const counts = sent.map((head) => /nc=([0-9a-f]{8})/.exec(head)?.[1]);
    expect(new Set(counts).size).toBe(20);
    expect(await client.listRuns()).toHaveLength(20);
  });

  it('says that a key is taken, whatever is stored under it', async () => {
    const client = open();
    await client.put(5, blob);
    expect(await client.put(5, blob)).toBe('already-stored');
    expect(await client.put(5, Buffer.from('other'))).toBe('already-stored');
    expect(await client.get(5)).toEqual(blob);
  });

  it('lets one of many puts of a key through', async () => {
    const client = open({ workers: 20 });
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => client.put(9, blob)));
    expect(outcomes.filter((outcome) => outcome === 'stored')).toHaveLength(1);
    expect(await client.listRuns()).toEqual([9]);
  });

  it('has no blob for other runs', async () => {
    const client = open();
    expect((await rejection(client.get(4))).message).toContain('run 4 has no blob');
    await client.put(5, blob);
    const error = await rejection(client.get(4));
    expect(error).toBeInstanceOf(UconDbError);
    expect(error).toMatchObject({ retryable: false, run: 4 });
  });

  it('may be restarted', async () => {
    const client = open();
    await client.put(1, blob);
    const port = Number(new URL(ucondb.server.url).port);
    await ucondb.server.close();
    await ucondb.start(port);
    expect(await client.put(2, blob)).toBe('stored');
    expect(await client.listRuns()).toEqual([1, 2]);
    expect(await client.get(1)).toEqual(blob);
  });
});

describe('a wrong configuration', () => {
  it.each([
    ['password', { writerPassword: 'wrong' }, /writer_password/],
    ['user', { writerUser: 'nobody' }, /writer_user/],
    ['folder', { folderName: 'nosuch' }, /folder_name/],
  ] as const)('is reported by a put: %s', async (_, options, parameter) => {
    const error = await rejection(open(options).put(1, blob));
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error.message).toMatch(parameter);
    expect(await open().listRuns()).toEqual([]);
  });

  it('is reported by listing and reading: folder', async () => {
    for (const call of [
      () => open({ folderName: 'nosuch' }).listRuns(),
      () => open({ folderName: 'nosuch' }).get(1),
    ]) {
      const error = await rejection(call());
      expect(error).toBeInstanceOf(ConfigurationError);
      expect(error.message).toContain('ucon_db.folder_name');
    }
  });

  it.each(['/wrong', '/appx', ''])('is reported by every call: prefix %j', async (prefix) => {
    const serverUrl = ucondb.server.url.replace(/\/app$/, prefix);
    const client = open({ serverUrl });
    for (const call of [() => client.listRuns(), () => client.put(1, blob), () => client.get(1)]) {
      const error = await rejection(call());
      expect(error).toBeInstanceOf(ConfigurationError);
      expect(error.message).toContain('ucon_db.server_url');
    }
  });

  it.each([
    ['no URL', { serverUrl: 'ucondb' }],
    ['a password in the URL', { serverUrl: 'http://a:phrase@localhost/app' }],
    ['a query in the URL', { serverUrl: 'http://localhost/app?x' }],
    ['a folder that can not be', { folderName: 'no such' }],
    ['an object that can not be', { objectName: 'a/b' }],
  ])('is reported at once: %s', async (_, options) => {
    expect(await rejection((async () => open(options))())).toBeInstanceOf(ConfigurationError);
  });

  it('does not include a slash at the end of the address', async () => {
    const client = open({ serverUrl: `${ucondb.server.url}/` });
    await client.put(1, blob);
    expect(await client.listRuns()).toEqual([1]);
  });

  it('includes a server that takes no uploads', async () => {
    const readOnly = await startUconDbServer({
      data: join(ucondb.data, 'other'),
      folders: [place.folderName],
      ...ucondb.account,
      readOnly: true,
    });
    const error = await rejection(open({ serverUrl: readOnly.url }).put(1, blob));
    expect(error).toBeInstanceOf(ConfigurationError);
    await readOnly.close();
  });
});

describe('a replacement', () => {
  const newer = Buffer.from('Start of Record\nRun Number: 101\nmore\nEnd of Record\n');
  const versions = async (): Promise<(string | null)[]> => {
    const answer = await fetch(
      `${ucondb.server.url}/versions?folder=${place.folderName}&object=${place.objectName}`,
    );
    return ((await answer.json()) as { key: string | null }[]).map(({ key }) => key);
  };

  it('takes the key from the version that has it', async () => {
    const client = open();
    await client.put(1, blob);
    await client.replace(1, newer);
    expect(await client.get(1)).toEqual(newer);
    expect(await versions()).toEqual(['1', null]);
    expect(await client.listRuns()).toEqual([1]);
  });

  it.each([
    ['the connection broke after it', (request: ProxiedRequest) => request.reset()],
    [
      'the server failed after it',
      (request: ProxiedRequest) =>
        request.answer('HTTP/1.1 500 Application Error\r\nConnection: close\r\n\r\n<h3>gone</h3>'),
    ],
  ])('is not sent again when %s', async (_what, end) => {
    await open().put(1, blob);
    const client = await openThrough(
      first(1, isUpload, async (request) => {
        await request.forward();
        end(request);
      }),
    );
    await client.replace(1, newer);
    expect(uploads()).toBe(1);
    expect(await versions()).toEqual(['1', null]);
  });

  it('is not sent again, but reported, when nobody can tell what became of it', async () => {
    await open().put(1, blob);
    let time = 0;
    const client = await openThrough(
      first(Infinity, isUpload, (request) => request.reset()),
      {
        now: () => time,
        sleep: async (milliseconds) => {
          time += milliseconds;
        },
      },
    );
    const error = await rejection(client.replace(1, newer));
    expect(error.message).toContain('the blob of run 1 could not be replaced');
    expect(uploads()).toBe(1);
    expect(await open({ serverUrl: ucondb.server.url }).get(1)).toEqual(blob);
  });

  it('is sent again when the server did not accept it', async () => {
    await open().put(1, blob);
    const client = await openThrough(
      first(2, isUpload, (request) => request.answer('HTTP/1.1 503 Service unavailable\n\n')),
    );
    await client.replace(1, newer);
    expect(await versions()).toEqual(['1', null]);
  });

  it('is refused to users who may not write', async () => {
    await open().put(1, blob);
    const error = await rejection(open({ writerPassword: 'wrong' }).replace(1, newer));
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(await versions()).toEqual(['1']);
  });
});

describe('an upload whose outcome is unknown', () => {
  it('is found stored when the connection broke after it', async () => {
    const client = await openThrough(
      first(1, isUpload, async (request) => {
        await request.forward();
        request.reset();
      }),
    );
    expect(await client.put(1, blob)).toBe('stored');
    expect(uploads()).toBe(1);
  });

  it('is found stored when the server failed after it', async () => {
    const client = await openThrough(
      first(1, isUpload, async (request) => {
        await request.forward();
        request.answer('HTTP/1.1 500 Application Error\r\nConnection: close\r\n\r\n<h3>database gone</h3>');
      }),
    );
    expect(await client.put(1, blob)).toBe('stored');
    expect(uploads()).toBe(1);
  });

  it('is found stored when no answer comes', async () => {
    const client = await openThrough(
      first(1, isUpload, async (request) => void (await request.forward())),
      { timeoutSeconds: 1 },
    );
    expect(await client.put(1, blob)).toBe('stored');
    expect(uploads()).toBe(1);
  });

  it('is repeated when the connection broke in the middle of the body', async () => {
    const large = Buffer.alloc(3_000_000, 'abc');
    const client = await openThrough(
      first(2, isUpload, async (request) => {
        await request.forward(1_000_000);
        request.reset();
      }),
    );
    expect(await client.put(1, large)).toBe('stored');
    expect(uploads()).toBe(3);
    expect((await client.get(1)).equals(large)).toBe(true);
  });

  it('is repeated when the body could not be sent', async () => {
    const large = Buffer.alloc(30_000_000);
    const client = await openThrough(
      first(1, isUpload, () => undefined),
      { timeoutSeconds: 1 },
    );
    expect(await client.put(1, large)).toBe('stored');
    expect(uploads()).toBeGreaterThan(1);
  });

  it('stays one version if the slow put is carried out after the repeated one', async () => {
    let slow: (() => Promise<Buffer>) | undefined;
    const client = await openThrough(
      first(1, isUpload, (request) => {
        slow = () => request.forward();
      }),
      { timeoutSeconds: 1 },
    );
    expect(await client.put(1, blob)).toBe('stored');
    expect((await slow?.())?.toString()).toContain('already exists');
    expect(await client.listRuns()).toEqual([1]);
  });

  it('is found stored if the slow put is carried out before the repeated one', async () => {
    let slow: (() => Promise<Buffer>) | undefined;
    const client = await openThrough(
      first(1, isUpload, (request) => {
        slow = () => request.forward();
      }),
      { timeoutSeconds: 1, sleep: async () => void (await slow?.()) },
    );
    expect(await client.put(1, blob)).toBe('stored');
    expect(uploads()).toBe(2);
    expect(await client.get(1)).toEqual(blob);
  });

  it("is not taken for ours if another's blob has the key", async () => {
    const client = await openThrough(
      first(1, isUpload, async (request) => {
        await open({ serverUrl: ucondb.server.url }).put(1, Buffer.from('another'));
        request.reset();
      }),
    );
    expect(await client.put(1, blob)).toBe('already-stored');
  });

  it('is reported as unknown, to be tried again, when nothing gets through', async () => {
    let now = 0;
    const client = await openThrough(
      (head) => (head.includes('key=') ? (request) => request.reset() : undefined),
      {
        now: () => now,
        sleep: async (milliseconds) => {
          now += milliseconds;
        },
        timeoutSeconds: 2,
      },
    );
    const error = await rejection(client.put(1, blob));
    expect(error).toBeInstanceOf(UconDbError);
    expect(error).toMatchObject({ retryable: true, run: 1 });
    expect(error.message).toContain('not known');
  });
});

describe('the client does not believe an answer', () => {
  const withText = (from: string | RegExp, to: string) => async (request: ProxiedRequest) => {
    const answer = await request.forward();
    request.answer(Buffer.from(answer.toString('latin1').replace(from, to), 'latin1'));
  };

  it.each([
    ['size', /"data_size": \d+/, '"data_size": 0 '],
    ['sum', /"adler32": \d+/, '"adler32": 1'],
    ['key', '"key": "1"', '"key": "2"'],
  ])('to a put: another %s', async (_, from, to) => {
    const lengthless = async (request: ProxiedRequest) => {
      const text = (await request.forward()).toString('latin1').replace(/Content-Length: \d+\r\n/, '');
      request.answer(text.replace(from, to));
    };
    const error = await rejection((await openThrough(first(1, isUpload, lengthless))).put(1, blob));
    expect(error).toBeInstanceOf(UconDbError);
    expect(error).toMatchObject({ retryable: false });
    expect(error.message).toContain('not this blob');
  });

  it.each([
    ['a sum of other bytes', withText(/X-UConDB-adler32: \d+/, 'X-UConDB-adler32: 1'), true],
    ['a body that is cut', withText('End of Record\n', ''), true],
    ['a body that is longer', withText('End of Record\n', 'End of Record\n\n'), true],
    ['other bytes', withText('End of Record', 'End of RecorD'), true],
    ['another version', withText('X-UConDB-version-key: 1', 'X-UConDB-version-key: 2'), false],
    ['no length', withText(/X-UConDB-data-size: \d+\r\n/, ''), false],
  ])('to a get: %s', async (_, act, retryable) => {
    await open().put(1, blob);
    const error = await rejection((await openThrough(first(1, isBlobRead, act))).get(1));
    expect(error).toBeInstanceOf(UconDbError);
    expect(error).toMatchObject({ retryable });
  });

  it.each([
    ['cut inside a version', withText(/, "id": \d+, "key": "2"[\s\S]*/, '')],
    ['cut between versions', withText(/, \{[\s\S]*/, '')],
    ['not closed', withText(/\]$/, '')],
    ['not a listing', withText(/\[\{[\s\S]*/, '<html>')],
    ['empty', withText(/\[\{[\s\S]*/, '')],
    ['of other things', withText(/"key": "\d+"/g, '"key": 3')],
  ])('to a listing: %s', async (_, act) => {
    for (const run of [1, 2, 3]) await open().put(run, blob);
    const error = await rejection((await openThrough(first(1, isListing, act))).listRuns());
    expect(error).toBeInstanceOf(UconDbError);
    expect(error).toMatchObject({ retryable: true });
  });
});

describe('a server that turns us away', () => {
  const busy = (request: ProxiedRequest) => request.answer('HTTP/1.1 503 Service unavailable\n\n');

  it('is asked again: every kind of request', async () => {
    const counts = new Map<string, number>();
    const client = await openThrough((head) => {
      const line = head.split('\r\n', 1)[0] ?? '';
      const count = counts.get(line) ?? 0;
      counts.set(line, count + 1);
      return count < 2 ? busy : undefined;
    });
    expect(await client.put(1, blob)).toBe('stored');
    expect(await client.listRuns()).toEqual([1]);
    expect(await client.get(1)).toEqual(blob);
  });

  it('is given up, to be tried later', async () => {
    let now = 0;
    const client = await openThrough(() => busy, {
      now: () => now,
      sleep: async (milliseconds) => {
        now += milliseconds;
      },
    });
    for (const call of [() => client.put(1, blob), () => client.listRuns(), () => client.get(1)]) {
      const error = await rejection(call());
      expect(error).toBeInstanceOf(UconDbError);
      expect(error).toMatchObject({ retryable: true });
    }
  });

  it('is reported when it takes no connection', async () => {
    const { url } = ucondb.server;
    await ucondb.server.close();
    const client = open({ serverUrl: url, timeoutSeconds: 0.5 });
    for (const call of [() => client.put(1, blob), () => client.listRuns(), () => client.get(1)]) {
      const error = await rejection(call());
      expect(error).toBeInstanceOf(UconDbError);
      expect(error).toMatchObject({ retryable: true });
      expect(error.message).toContain('ECONNREFUSED');
    }
    await ucondb.start();
  });

  it('is reported when it does not answer', async () => {
    const limits = { timeoutSeconds: 0.2, listingTimeoutSeconds: 0.2 };
    const client = await openThrough(() => () => passTime(200), limits);
    holdTime();
    for (const call of [() => client.listRuns(), () => client.get(1)]) {
      const error = await rejection(call());
      expect(error).toMatchObject({ retryable: true });
      expect(error.message).toContain('no answer for 0.2 s');
    }
  });

  it('is reported when its answer stops', async () => {
    await open().put(1, Buffer.alloc(100_000));
    const client = await openThrough(
      () => async (request) => {
        const answer = await request.forward();
        request.client.write(answer.subarray(0, answer.length - 100));
        await passTime(300);
      },
      { timeoutSeconds: 0.3 },
    );
    holdTime();
    for (const call of [() => client.listRuns(), () => client.get(1)]) {
      const error = await rejection(call());
      expect(error).toMatchObject({ retryable: true });
      expect(error.message).toContain('nothing more of the answer came');
    }
  });
});

describe('a server that fails once', () => {
  it.each([
    ['breaks the connection', (request: ProxiedRequest) => request.reset()],
    [
      'has a fault',
      (request: ProxiedRequest) =>
        request.answer('HTTP/1.1 500 Application Error\r\nContent-Length: 0\r\n\r\n'),
    ],
  ])('is asked again for a listing and a challenge: %s', async (_, act) => {
    const script = [isListing, (head: string) => head.includes('tv=x')].map((kind) => first(1, kind, act));
    const client = await openThrough((head) =>
      script.map((one) => one(head)).find((found) => found !== undefined),
    );
    expect(await client.put(1, blob)).toBe('stored');
    expect(await client.listRuns()).toEqual([1]);
  });
});

describe('authentication', () => {
  const challenge = (nonce: string) =>
    `HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Digest realm="ucon_prd.test01", nonce="${nonce}", algorithm=MD5, qop="auth"\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`;

  it('follows a new challenge and sends the blob again, once', async () => {
    const client = await openThrough(
      first(1, isUpload, async (request) => {
        await request.forward(0).catch(() => undefined);
        request.answer(challenge('newer'));
      }),
    );
    expect(await client.put(1, blob)).toBe('stored');
    expect(await client.put(2, blob)).toBe('stored');
    const nonces = ucondb.proxy?.heads.filter(isUpload).map((head) => /nonce="([^"]*)", uri/.exec(head)?.[1]);
    expect(nonces?.slice(1)).toEqual(['newer', 'newer']);
    expect(ucondb.proxy?.heads.at(-1)).toContain('nc=00000002');
  });

  it('gives up when the server refuses that, too', async () => {
    const client = await openThrough((head) =>
      isUpload(head) ? (request) => request.answer(challenge('other')) : undefined,
    );
    expect(await rejection(client.put(1, blob))).toBeInstanceOf(ConfigurationError);
    expect(uploads()).toBe(2);
  });

  it('sends no credentials to a server that wants none', async () => {
    const client = await openThrough((head) => {
      if (!head.startsWith('POST')) return undefined;
      if (isUpload(head))
        return (request) => request.answer('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n');
      return (request) =>
        request.answer(
          "HTTP/1.1 500 Application Error\r\nConnection: close\r\n\r\n<h3>could not convert string to float: 'x'</h3>",
        );
    });
    expect(await rejection(client.put(1, blob))).toMatchObject({ retryable: false });
    expect(ucondb.proxy?.heads.find(isUpload)?.toLowerCase()).not.toContain('authorization');
  });
});

describe('keys that are no run numbers', () => {
  it('are left out, and a warning names those that look like some', async () => {
    await ucondb.server.close();
    const store = await DiskStore.open(ucondb.data);
    for (const key of ['12', null, '007', 'abc', '9007199254740993', '', '3']) {
      await store.put(place.folderName, {
        object: place.objectName,
        key,
        tv: 0,
        tags: [],
        body: blob,
        override: false,
      });
    }
    await store.close();
    await ucondb.start();
    const logger = recordingLogger();
    const client = open({ logger });
    expect(await client.listRuns()).toEqual([3, 12]);
    expect(logger.lines).toHaveLength(1);
    expect(logger.lines[0]).toMatch(/^WARNING .*2 keys.*'9007199254740993', '007'/);
  });
});

describe('TLS', () => {
  const certificate = new URL('../../fixtures/tls/', import.meta.url).pathname;
  const tls = { cert: join(certificate, 'cert.pem'), key: join(certificate, 'key.pem') };

  it('is verified, unless the configuration says otherwise', async () => {
    const secure = await startUconDbServer({
      data: join(ucondb.data, 'tls'),
      folders: [place.folderName],
      ...ucondb.account,
      tls,
    });
    const serverUrl = secure.url;
    const error = await rejection(open({ serverUrl }).put(1, blob));
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error.message).toContain('ucon_db.ca_file');
    expect(error.message).toContain('ucon_db.tls_verify');

    const large = Buffer.alloc(2_000_000, 'abc');
    const trusting = open({ serverUrl, caFile: tls.cert });
    expect(await trusting.put(1, large)).toBe('stored');
    expect(await trusting.listRuns()).toEqual([1]);
    expect((await trusting.get(1)).equals(large)).toBe(true);

    const logger = recordingLogger();
    const careless = open({ serverUrl, tlsVerify: false, logger });
    expect(await careless.listRuns()).toEqual([1]);
    expect(logger.lines).toHaveLength(1);
    expect(logger.lines[0]).toMatch(/^WARNING .*ucon_db\.tls_verify/);
    await secure.close();
  });

  it('is given up when the server does not begin it', async () => {
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const client = open({ serverUrl: `https://127.0.0.1:${port}/app`, timeoutSeconds: 0.2 });
    expect(await rejection(client.listRuns())).toMatchObject({ retryable: true });
    silent.close();
  });
});

describe('the section of the configuration', () => {
  const section = { ...place, ...ucondb.writer, timeoutSeconds: 10, tlsVerify: true };
  const services = () => ({ workers: 2, logger: recordingLogger(), env: {} });

  it('is enough to make a client', async () => {
    const settings = { ...section, serverUrl: ucondb.server.url, caFile: undefined };
    const client = new UconDbClient({ ...settings, ...services() });
    expect(await client.put(1, blob)).toBe('stored');
    expect(client.location).toContain(place.folderName);
    await client.close();
  });

  it.each(['/nosuch/ca.pem', fileURLToPath(import.meta.url)])(
    'is refused if ca_file is no certificate: %s',
    async (caFile) => {
      const settings = { ...section, serverUrl: ucondb.server.url, caFile };
      const error = await rejection((async () => new UconDbClient({ ...settings, ...services() }))());
      expect(error).toBeInstanceOf(ConfigurationError);
      expect(error.message).toContain(caFile);
    },
  );
});
