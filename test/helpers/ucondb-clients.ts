import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { UconDbClient, type UconDbClientOptions } from '../../src/ucondb/ucondb-client.ts';
import { startUconDbServer, type UconDbServer } from '../../tools/ucondb-server/server.ts';
import { type FaultProxy, type Script, startFaultProxy } from './fault-proxy.ts';

/** The object that the clients of these tests use. */
export const place = { folderName: 'test01', objectName: 'configuration' };

/** A clock that stands still, except that each wait between attempts moves it at once. */
export function jumpingClock(): Pick<UconDbClientOptions, 'now' | 'sleep'> {
  let time = 0;
  return {
    now: () => time,
    sleep: async (milliseconds) => {
      time += milliseconds;
    },
  };
}

/** A local UconDB for each test of a file, with clients that are closed after the test. */
class UconDbAtHand {
  readonly account: { readonly user: string; readonly password: string };
  /** The account as the parameters of a client. */
  readonly writer: { readonly writerUser: string; readonly writerPassword: string };
  /** The directory of the server. */
  data = '';
  /** Set if the clients reach the server through it. */
  proxy: FaultProxy | undefined;
  #server: UconDbServer | undefined;
  readonly #clients: UconDbClient[] = [];

  constructor(password: string) {
    this.account = { user: 'archiver', password };
    this.writer = { writerUser: this.account.user, writerPassword: password };
  }

  get server(): UconDbServer {
    if (this.#server === undefined) throw new Error('the server is not running');
    return this.#server;
  }

  async start(port = 0): Promise<void> {
    this.#server = await startUconDbServer({
      data: this.data,
      folders: [place.folderName],
      ...this.account,
      port,
    });
  }

  /** A client of the server, or of the proxy before it. */
  readonly open = (options: Partial<UconDbClientOptions> = {}): UconDbClient => {
    const serverUrl = this.proxy?.url ?? this.server.url;
    const client = new UconDbClient({
      serverUrl,
      ...place,
      ...this.writer,
      timeoutSeconds: 10,
      ...options,
    });
    this.#clients.push(client);
    return client;
  };

  /** A client behind a proxy that does what the script says. */
  readonly openThrough = async (
    script: Script,
    options: Partial<UconDbClientOptions> = {},
  ): Promise<UconDbClient> => {
    this.proxy = await startFaultProxy(this.server.url, script);
    return this.open(options);
  };

  async end(): Promise<void> {
    await Promise.all(this.#clients.splice(0).map((client) => client.close()));
    await this.proxy?.close();
    this.proxy = undefined;
    await this.server.close();
    await rm(this.data, { recursive: true });
  }
}

/** Starts a UconDB before each test, and ends it with its clients after the test. */
export function useUconDb(password = 'secret'): UconDbAtHand {
  const ucondb = new UconDbAtHand(password);
  beforeEach(async () => {
    ucondb.data = await mkdtemp(join(tmpdir(), 'ucondb-'));
    await ucondb.start();
  });
  afterEach(() => ucondb.end());
  return ucondb;
}
