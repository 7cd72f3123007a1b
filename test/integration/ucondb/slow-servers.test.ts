import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { NotYetError } from '../../../src/errors.ts';
import type { UconDbClient, UconDbClientOptions } from '../../../src/ucondb/ucondb-client.ts';
import type { ProxiedRequest, Script } from '../../helpers/fault-proxy.ts';
import { holdTime, passTime } from '../../helpers/held-time.ts';
import { useUconDb } from '../../helpers/ucondb-clients.ts';

const blob = Buffer.from(`Start of Record\nRun Number: 1\n${'x'.repeat(3000)}\nEnd of Record\n`);

const ucondb = useUconDb();
let client: UconDbClient;

async function open(script: Script, options: Partial<UconDbClientOptions> = {}): Promise<void> {
  client = await ucondb.openThrough(script, { timeoutSeconds: 0.2, ...options });
}

async function store(run: number, bytes: Buffer): Promise<void> {
  await ucondb.open({ serverUrl: ucondb.server.url }).put(run, bytes);
}

/** Sends the answer so many bytes at a time, one piece every 20 ms, until the client has gone. */
const dripping = (bytes: number) => async (request: ProxiedRequest) => {
  await drip(request, await request.forward(), bytes);
};

async function drip(request: ProxiedRequest, answer: Buffer, bytes: number): Promise<void> {
  let at = answer.indexOf('\r\n\r\n') + 4;
  request.client.write(answer.subarray(0, at));
  for (; at < answer.length && !request.client.destroyed; at += bytes) {
    request.client.write(answer.subarray(at, at + bytes));
    await passTime(20);
  }
  request.client.end();
}

const isUpload = (head: string): boolean => head.startsWith('POST') && head.includes('key=');
const isBlobRead = (head: string): boolean => head.startsWith('GET') && /key=\d+ /.test(head);
const isListing = (head: string): boolean => /\/versions\?\S*object=configuration /.test(head);

describe('an answer that only drips is given up', () => {
  beforeEach(holdTime);

  it('if it is a listing', async () => {
    await store(1, blob);
    await open((head) => (isListing(head) ? dripping(1) : undefined));
    await expect(client.listRuns()).rejects.toThrow(/came too slowly: \d+ bytes in 0.6 s/);
  });

  it('if it is a blob', async () => {
    await store(1, blob);
    await open((head) => (isBlobRead(head) ? dripping(5) : undefined));
    await expect(client.get(1)).rejects.toThrow('came too slowly');
  });

  it('if it answers an upload, and the client asks for the outcome', async () => {
    await open((head) => (isUpload(head) ? dripping(1) : undefined));
    expect(await client.put(1, blob)).toBe('stored');
    expect(ucondb.proxy?.heads.filter(isUpload)).toHaveLength(1);
  });

  it('if it is the page of a failure', async () => {
    const page = Buffer.from(`HTTP/1.1 500 Oops\r\nConnection: close\r\n\r\n${'<p>sorry</p>'.repeat(1000)}`);
    await open((head) => (isListing(head) ? (request) => drip(request, page, 1) : undefined));
    await expect(client.listRuns()).rejects.toThrow('came too slowly');
  });

  it('even before its head is complete', async () => {
    const head = Buffer.from(`\r\n\r\nHTTP/1.1 200 OK\r\n${'X-More: 1\r\n'.repeat(1000)}`);
    await open((line) => (isBlobRead(line) ? (request) => drip(request, head.subarray(4), 1) : undefined));
    await expect(client.get(1)).rejects.toThrow('no answer for 0.2 s');
  });
});

it('an answer that is fast enough is read to its end, however long that takes', async () => {
  holdTime();
  await store(1, Buffer.alloc(60_000, 'record '));
  await open((head) => (isBlobRead(head) ? dripping(1000) : undefined));
  expect(await client.get(1)).toHaveLength(60_000);
});

describe('a listing that takes long to begin', () => {
  beforeEach(holdTime);

  const late = (seconds: number) => async (request: ProxiedRequest) => {
    const answer = await request.forward();
    const head = answer.indexOf('\r\n\r\n') + 4;
    request.client.write(answer.subarray(0, head));
    await passTime(seconds * 1000);
    request.answer(answer.subarray(head));
  };

  it('is waited for as long as its own time-out says', async () => {
    await store(7, blob);
    await open((head) => (isListing(head) ? late(0.7) : undefined), { listingTimeoutSeconds: 30 });
    expect(await client.listRuns()).toEqual([7]);
  });

  it('is given up after that', async () => {
    await open((head) => (isListing(head) ? late(60) : undefined), { listingTimeoutSeconds: 0.3 });
    await store(7, blob);
    await expect(client.listRuns()).rejects.toThrow('nothing more of the answer came for 0.3 s');
  });
});

describe('a limit of size', () => {
  beforeEach(holdTime);

  /** Sends the same piece again and again, until the client has gone. */
  const endless =
    (beginning: string, piece: string, status = '200 OK') =>
    (request: ProxiedRequest) => {
      const { client: socket } = request;
      const more = (): void => {
        while (!socket.destroyed && socket.write(piece));
      };
      socket.write(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n${beginning}`);
      socket.on('drain', more);
      more();
    };

  it('ends a listing without end, and names its parameter', async () => {
    const versions = '{"key": "1", "object": "configuration"}, '.repeat(1000);
    await open((head) => (isListing(head) ? endless('[', versions) : undefined), { maxListingMb: 2 });
    await expect(client.listRuns()).rejects.toThrow(
      expect.objectContaining({ message: expect.stringContaining('ucon_db.max_listing_mb'), fault: 'site' }),
    );
  });

  it('ends a listing of one version without end', async () => {
    await open((head) => (isListing(head) ? endless('[{"key": "', 'x'.repeat(10_000)) : undefined));
    await expect(client.listRuns()).rejects.toThrow('element 1 is longer than');
  });

  it('keeps a blob that could not be read back from being sent, by the fault of its run', async () => {
    await open(() => undefined, { maxBlobMb: 1 });
    await expect(client.put(1, Buffer.alloc(1_000_001))).rejects.toThrow(
      expect.objectContaining({ message: expect.stringContaining('ucon_db.max_blob_mb'), fault: 'run' }),
    );
    expect(ucondb.proxy?.heads).toEqual([]);
    expect(await client.put(2, Buffer.alloc(1_000_000))).toBe('stored');
  });

  it('ends the reading of a blob before it begins', async () => {
    await store(1, Buffer.alloc(1_000_001));
    await open(() => undefined, { maxBlobMb: 1 });
    await expect(client.get(1)).rejects.toThrow(/1000001 bytes.*ucon_db\.max_blob_mb/);
  });

  it('cuts the page of a failure', async () => {
    const page = endless('', 'x'.repeat(10_000), '502 Bad Gateway');
    await open((head) => (isBlobRead(head) ? page : undefined));
    await expect(client.get(1)).rejects.toThrow(/502/);
  });
});

describe('when a stop is asked for', () => {
  it('an upload is not tried again, though the server is busy', async () => {
    const stop = new AbortController();
    let waits = 0;
    await open(() => (request) => request.answer('HTTP/1.1 503 Service unavailable\n\n'), {
      timeoutSeconds: 600,
      sleep: async (_, signal) => {
        waits++;
        stop.abort();
        expect(signal?.aborted).toBe(true);
      },
    });
    await expect(client.put(1, blob, stop.signal)).rejects.toThrow('503');
    expect(waits).toBe(1);
    expect(ucondb.proxy?.heads).toHaveLength(1);
  });

  it('a wait between two attempts ends at once', async () => {
    const stop = new AbortController();
    await open(
      (head) => {
        if (isUpload(head)) setImmediate(() => stop.abort());
        return isUpload(head) ? (request) => request.answer('HTTP/1.1 503 Busy\n\n') : undefined;
      },
      { timeoutSeconds: 600, random: (size) => Buffer.alloc(size, 255) },
    );
    await expect(client.put(1, blob, stop.signal)).rejects.toThrow('503');
    expect(ucondb.proxy?.heads.filter(isUpload)).toHaveLength(1);
  });

  it('a listing is given up, even while it is coming', async () => {
    await store(1, blob);
    const stop = new AbortController();
    await open(
      (head) => {
        if (!isListing(head)) return undefined;
        return async (request) => {
          const ended = once(request.client, 'close');
          request.client.write('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n[');
          stop.abort();
          await ended;
        };
      },
      { timeoutSeconds: 600 },
    );
    await expect(client.listRuns(stop.signal)).rejects.toThrow(NotYetError);
  });

  it('requests for a single run are finished', async () => {
    await store(1, blob);
    const stop = new AbortController();
    stop.abort();
    await open(() => undefined, { timeoutSeconds: 600 });
    expect(await client.get(1, stop.signal)).toEqual(blob);
    expect(await client.put(2, blob, stop.signal)).toBe('stored');
  });

  it('a request that never finishes is given up, however fast it is', async () => {
    holdTime();
    await store(1, Buffer.alloc(2_000_000));
    const stop = new AbortController();
    await open(
      (head) => {
        if (!isBlobRead(head)) return undefined;
        return async (request) => {
          stop.abort();
          await drip(request, await request.forward(), 2000);
        };
      },
      { timeoutSeconds: 0.5 },
    );
    await expect(client.get(1, stop.signal)).rejects.toThrow('given up because the archiver is to stop');
  });
});

it('an exchange under way ends when the client is closed', async () => {
  await open(() => () => undefined, { timeoutSeconds: 600, sleep: () => Promise.resolve() });
  const listing = client.listRuns();
  while (ucondb.proxy?.heads.length === 0) await delay(5);
  await client.close();
  await expect(listing).rejects.toThrow('the client was closed');
});
