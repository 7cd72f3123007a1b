import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { ArchiverError, type ErrorFault } from '../../../src/errors.ts';
import type { UconDbClient, UconDbClientOptions } from '../../../src/ucondb/ucondb-client.ts';
import { closedPort } from '../../helpers/closed-port.ts';
import type { ProxiedRequest, Script } from '../../helpers/fault-proxy.ts';
import { holdTime, passTime } from '../../helpers/held-time.ts';
import { jumpingClock, useUconDb } from '../../helpers/ucondb-clients.ts';

const blob = Buffer.from('Start of Record\nRun Number: 1\nEnd of Record\n');

const ucondb = useUconDb();
let front: Server | undefined;

afterEach(() => {
  front?.close();
  front = undefined;
});

const open = (options: Partial<UconDbClientOptions> = {}): UconDbClient =>
  ucondb.open({ ...jumpingClock(), ...options });
const openThrough = (script: Script, options: Partial<UconDbClientOptions> = {}): Promise<UconDbClient> =>
  ucondb.openThrough(script, { ...jumpingClock(), ...options });

/** A client of something that takes connections, and is no UconDB. */
async function openTo(
  scheme: 'http' | 'https',
  serve: (socket: Socket) => void,
  options?: Partial<UconDbClientOptions>,
): Promise<UconDbClient> {
  front = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    serve(socket);
  }).listen(0, '127.0.0.1');
  await once(front, 'listening');
  const { port } = front.address() as AddressInfo;
  return open({ serverUrl: `${scheme}://127.0.0.1:${port}/app`, ...options });
}

async function faultOf(call: Promise<unknown>): Promise<ErrorFault> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ArchiverError)) throw new Error('no known error', { cause: error });
  return error.fault;
}

async function expectFault(client: UconDbClient, fault: ErrorFault): Promise<void> {
  expect(await faultOf(client.put(1, blob))).toBe(fault);
  expect(await faultOf(client.get(1))).toBe(fault);
  expect(await faultOf(client.listRuns())).toBe(fault);
}

const isUpload = (head: string): boolean => head.startsWith('POST') && head.includes('key=');
const answering = (status: string, body = '') => {
  const text = `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  return (request: ProxiedRequest) => request.answer(text);
};

describe('it is the fault of the site', () => {
  it('that the server takes no connection', async () => {
    await expectFault(open({ serverUrl: `http://127.0.0.1:${await closedPort()}/app` }), 'site');
  });

  it('that the server takes the connection but begins no TLS', async () => {
    const client = await openTo('https', () => undefined, { timeoutSeconds: 0.2 });
    await expectFault(client, 'site');
  });

  it('that the server closes the connection before TLS has begun', async () => {
    await expectFault(await openTo('https', (socket) => socket.end()), 'site');
  });

  it('that the server resets the connection before TLS has begun', async () => {
    await expectFault(await openTo('https', (socket) => socket.resetAndDestroy()), 'site');
  });

  it('that the server speaks plain HTTP where TLS is configured', async () => {
    const client = await openTo('https', (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    await expectFault(client, 'site');
  });

  it.each([
    ['user', { writerUser: 'nobody' }],
    ['password', { writerPassword: 'wrong' }],
    ['folder', { folderName: 'nosuch' }],
  ])('that an upload is refused for the %s', async (_, options) => {
    expect(await faultOf(open(options).put(1, blob))).toBe('site');
  });

  it('that there is no UconDB under the prefix', async () => {
    await expectFault(open({ serverUrl: ucondb.server.url.replace('/app', '/other') }), 'site');
  });
});

describe('whose fault it is remains unknown', () => {
  it.each(['500 Oops', '502 Bad Gateway', '503 Busy', '504 Late', '507 Full', '413 Large', '403 No'])(
    'when an upload is answered with %s',
    async (status) => {
      const client = await openThrough((head) => (isUpload(head) ? answering(status, 'sorry') : undefined));
      expect(await faultOf(client.put(1, blob))).toBe('unknown');
    },
  );

  it.each(['500 Oops', '502 Bad Gateway', '503 Busy'])('when all is answered with %s', async (status) => {
    await expectFault(await openThrough(() => answering(status)), 'unknown');
  });

  it('when the connection breaks after the request was sent', async () => {
    await expectFault(await openThrough(() => (request) => request.reset()), 'unknown');
  });

  it('when the server closes each connection as soon as it has taken it', async () => {
    await expectFault(await openTo('http', (socket) => socket.end()), 'unknown');
  });

  it('when no answer comes', async () => {
    const limits = { timeoutSeconds: 0.2, listingTimeoutSeconds: 0.2 };
    const client = await openThrough(() => () => passTime(200), limits);
    holdTime();
    await expectFault(client, 'unknown');
  });

  it('when an answer is cut', async () => {
    await open().put(1, blob);
    const client = await openThrough(() => async (request) => {
      const answer = await request.forward();
      request.answer(answer.subarray(0, answer.length - 5));
    });
    expect(await faultOf(client.get(1))).toBe('unknown');
    expect(await faultOf(client.listRuns())).toBe('unknown');
  });

  it('when the server takes no connections after an upload broke it', async () => {
    const client = await openThrough((head) => {
      if (!isUpload(head)) return undefined;
      return async (request) => {
        request.reset();
        await ucondb.server.close();
      };
    });
    expect(await faultOf(client.put(1, blob))).toBe('unknown');
    await ucondb.start();
  });

  it('when nothing answers after an upload that may have been stored, until patience ends', async () => {
    let uploads = 0;
    const client = await openThrough((head) => {
      if (!isUpload(head)) return undefined;
      return ++uploads === 1 ? (request) => request.reset() : answering('503 Busy');
    });
    expect(await faultOf(client.put(1, blob))).toBe('unknown');
    expect(uploads).toBeGreaterThan(1);
  });
});

it('it is the fault of the run that the server confirms other bytes than were sent', async () => {
  const client = await openThrough((head) => {
    if (!isUpload(head)) return undefined;
    return async (request) => {
      const answer = (await request.forward()).toString('latin1');
      request.answer(answer.replace(/"adler32": \d+/, '"adler32": 1').replace(/Content-Length: \d+\r\n/, ''));
    };
  });
  expect(await faultOf(client.put(1, blob))).toBe('run');
});
