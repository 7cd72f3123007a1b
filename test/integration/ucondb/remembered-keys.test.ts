import { once } from 'node:events';
import { appendFile, copyFile, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { beforeEach, describe, expect, it } from 'vitest';
import { UconDbError } from '../../../src/errors.ts';
import { UconDbKeysFile } from '../../../src/state/ucondb-keys-file.ts';
import { authorizationHeader } from '../../../src/ucondb/digest.ts';
import { type Script, startFaultProxy } from '../../helpers/fault-proxy.ts';
import { place, useUconDb } from '../../helpers/ucondb-clients.ts';

const HOUR_MS = 3_600_000;
const ucondb = useUconDb();

let lines: string[];
let heads: string[];
let answering: ReturnType<Script>;
/** Noon, so that an hour more or less is the same day. */
let time: number;

beforeEach(async () => {
  [lines, answering, time] = [[], undefined, Date.UTC(2026, 11, 1, 12)];
  ucondb.proxy = await startFaultProxy(ucondb.server.url, (head) =>
    isListing(head) ? answering : undefined,
  );
  heads = ucondb.proxy.heads;
});

const isListing = (head: string): boolean => head.includes('/versions?');
const cachePath = (): string => join(ucondb.data, 'keys.json');
const listingUrl = (): string =>
  `${ucondb.server.url}/versions?folder=${place.folderName}&object=${place.objectName}`;
const written = (): Promise<string> => readFile(cachePath(), 'utf8');

async function store(...runs: number[]): Promise<void> {
  const client = ucondb.open();
  for (const run of runs) await client.put(run, Buffer.from(`blob of run ${run}`));
}

/** One execution that only lists. `asked`: `all` for a listing in full, `new` for one of new versions. */
async function execution({ mayBeRemembered = true, objectName = place.objectName } = {}) {
  const logger = { debug: (line: string) => void lines.push(line) };
  const keys = new UconDbKeysFile(cachePath(), { now: () => new Date(time), logger });
  const before = heads.length;
  const runs = await ucondb.open({ keys, objectName }).listRuns(undefined, { mayBeRemembered });
  const asked = heads.slice(before).filter(isListing);
  return { runs, asked: asked.map((head) => (head.includes('tr_since=') ? 'new' : 'all')) };
}

/** Begins an upload of one byte. @returns ends it, and fulfils with the answer */
async function beginUpload(run: number): Promise<() => Promise<string>> {
  const uri = `/app/data/${place.folderName}/${place.objectName}?key=${run}&override=no`;
  const realm = `ucon_prd.${place.folderName}`;
  const challenge = {
    realm,
    nonce: 'n',
    opaque: undefined,
    algorithm: 'MD5',
    stale: false,
    qopAuth: true,
  } as const;
  const login = { ...ucondb.account, method: 'POST', uri, nc: '00000001', cnonce: 'c' };
  const socket = connect(Number(new URL(ucondb.server.url).port), '127.0.0.1');
  socket.write(`POST ${uri} HTTP/1.1\r\nAuthorization: ${authorizationHeader(challenge, login)}\r\n`);
  socket.write('Content-Length: 1\r\nExpect: 100-continue\r\n\r\n');
  await once(socket, 'data');
  return () => {
    socket.write('x');
    return text(socket);
  };
}

/** Restarts the server under the same address, after a change of its journal. */
async function changed(change: (journal: string) => Promise<unknown>): Promise<void> {
  const port = Number(new URL(ucondb.server.url).port);
  await ucondb.server.close();
  await change(join(ucondb.data, 'ucondb.journal'));
  await ucondb.start(port);
}

/** Adds a version whose upload began so long ago. */
const older = (id: number, run: number, ageMs: number) => (journal: string) => {
  const version = { is: 'version', folder: place.folderName, id, object: place.objectName, key: String(run) };
  const tr = (Date.now() - ageMs) * 1000;
  return appendFile(journal, `${JSON.stringify({ ...version, tv: 0, tr, tags: [], dataKey: 1 })}\n`);
};

describe('the server is asked for new versions alone', () => {
  it('what others store is found, and nothing is written while nothing is new', async () => {
    await store(1, 2, 3);
    expect(await execution()).toEqual({ runs: [1, 2, 3], asked: ['all'] });
    const before = await written();
    time += 1000;
    expect(await execution()).toEqual({ runs: [1, 2, 3], asked: ['new'] });
    expect(await written()).toBe(before);
    await store(5);
    expect(await execution()).toEqual({ runs: [1, 2, 3, 5], asked: ['new'] });
    expect(await execution()).toEqual({ runs: [1, 2, 3, 5], asked: ['new'] });
    expect(lines).toEqual([]);
  });

  it('an upload that began before the newest version is found although it ends later', async () => {
    await store(1);
    const end = await beginUpload(9);
    await store(2);
    expect((await execution()).runs).toEqual([1, 2]);
    expect(await end()).toContain('200 OK');
    expect(await execution()).toEqual({ runs: [1, 2, 9], asked: ['new'] });
    const listing = await (await fetch(listingUrl())).text();
    // Newest first.
    expect([...listing.matchAll(/"key": "(\d)"/g)].map(([, key]) => key)).toEqual(['2', '9', '1']);
  });

  it('an upload that took half an hour is found', async () => {
    await store(1, 2);
    await execution();
    await changed(older(3, 9, HOUR_MS / 2));
    expect(await execution()).toEqual({ runs: [1, 2, 9], asked: ['new'] });
  });

  it('old versions are not listed again', async () => {
    await store(1);
    await changed(older(2, 2, 3 * HOUR_MS));
    await execution();
    let answer = '';
    answering = async (request) => {
      const bytes = await request.forward();
      answer = bytes.toString();
      request.answer(bytes);
    };
    expect(await execution()).toEqual({ runs: [1, 2], asked: ['new'] });
    expect(answer).toContain('"key": "1"');
    expect(answer).not.toContain('"key": "2"');
  });

  it('a replaced blob is a new version of its run', async () => {
    await store(1, 2);
    await execution();
    await ucondb.open().replace(2, Buffer.from('another blob'));
    expect((await execution()).runs).toEqual([1, 2]);
    expect(await execution()).toEqual({ runs: [1, 2], asked: ['new'] });
  });
});

describe('all keys are listed', () => {
  beforeEach(async () => {
    await store(1, 2);
    await execution();
  });

  it('if the request wants to know for certain', async () => {
    expect(await execution({ mayBeRemembered: false })).toEqual({ runs: [1, 2], asked: ['all'] });
  });

  it('once a day', async () => {
    time += 24 * HOUR_MS;
    expect((await execution()).asked).toEqual(['all']);
    expect((await execution()).asked).toEqual(['new']);
  });

  it('if the clock stands before the time of the cache', async () => {
    time -= 1;
    expect((await execution()).asked).toEqual(['all']);
  });

  it('if the server was restored from a back-up', async () => {
    const copy = join(ucondb.data, 'back-up');
    await changed((journal) => copyFile(journal, copy));
    await store(3);
    expect((await execution()).runs).toEqual([1, 2, 3]);
    await changed((journal) => copyFile(copy, journal));
    await store(4);
    expect(await execution()).toEqual({ runs: [1, 2, 4], asked: ['new', 'all'] });
    expect(await execution()).toEqual({ runs: [1, 2, 4], asked: ['new'] });
  });

  it('if the folder was emptied', async () => {
    const drop = { is: 'folder', folder: place.folderName, drop: true };
    await changed((journal) => appendFile(journal, `${JSON.stringify(drop)}\n`));
    expect(await execution()).toEqual({ runs: [], asked: ['new', 'all'] });
  });

  it('if the cache is of another object', async () => {
    expect(await execution({ objectName: 'other' })).toEqual({ runs: [], asked: ['all'] });
    expect(lines).toHaveLength(1);
  });

  it.each([
    ['lost', () => rm(cachePath()), 0],
    ['cut', async () => writeFile(cachePath(), (await written()).slice(0, 100)), 1],
    ['changed by hand', async () => writeFile(cachePath(), (await written()).replace('"1-2"', '"1-9"')), 1],
  ])('if the cache is %s', async (_, damage, said) => {
    await damage();
    expect(await execution()).toEqual({ runs: [1, 2], asked: ['all'] });
    expect(lines).toHaveLength(said);
    expect((await execution()).asked).toEqual(['new']);
  });

  it.each([['new'], ['all']])(
    'a listing (%s) that is cut is an error, and leaves the cache as it is',
    async (asked) => {
      const before = await written();
      answering = async (request) => request.answer((await request.forward()).subarray(0, -40));
      const listing = execution({ mayBeRemembered: asked === 'new' });
      await expect(listing).rejects.toThrow(UconDbError);
      expect(await written()).toBe(before);
    },
  );
});
