import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startUconDbServer, type UconDbServer } from '../../tools/ucondb-server/server.ts';
import type { VersionStore } from '../../tools/ucondb-server/version-store.ts';
import { account } from './site.ts';

/** A local UconDB server for a {@link Site}, whose uploads a test can hold back. */
export class SiteUconDb {
  readonly #directory = join(tmpdir(), `archiver-ucondb-${randomBytes(6).toString('hex')}`);
  #server: UconDbServer | undefined;
  #gate = Promise.resolve();
  #open: () => void = () => undefined;
  /** Uploads that came since {@link hold}. */
  held = 0;
  #waiting: () => void = () => undefined;

  static async start(): Promise<SiteUconDb> {
    const ucondb = new SiteUconDb();
    await ucondb.restart();
    return ucondb;
  }

  get url(): string {
    if (this.#server === undefined) throw new Error('the server is not running');
    return this.#server.url;
  }

  /** Starts it on the data it has, on another port each time. */
  async restart(): Promise<void> {
    await this.#server?.close();
    this.#server = await startUconDbServer({
      data: this.#directory,
      folders: [account.folder],
      user: account.user,
      password: account.password,
      wrapStore: (store) => this.#hold(store),
    });
  }

  async stop(): Promise<void> {
    this.release();
    await this.#server?.close();
    this.#server = undefined;
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  /**
   * Holds uploads back from now on.
   * @returns fulfilled when so many wait
   */
  hold(count = 1): Promise<void> {
    this.held = 0;
    this.#gate = new Promise((open) => {
      this.#open = open;
    });
    return new Promise((waiting) => {
      this.#waiting = () => {
        if (++this.held === count) waiting();
      };
    });
  }

  /** Lets the held uploads continue. */
  release(): void {
    this.#open();
  }

  /** The runs that have a blob, ascending. */
  async runs(): Promise<number[]> {
    const answer = await fetch(`${this.url}/versions?folder=${account.folder}&object=runs`);
    if (answer.status === 404) return [];
    const versions = (await answer.json()) as { key: string | null }[];
    // A replaced version has no key.
    return versions.flatMap(({ key }) => (key === null ? [] : [Number(key)])).sort((a, b) => a - b);
  }

  async blob(run: number): Promise<string> {
    return (await fetch(`${this.url}/data/${account.folder}/runs/key=${run}`)).text();
  }

  #hold(store: VersionStore): VersionStore {
    return new Proxy(store, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== 'function') return member;
        if (name !== 'put') return member.bind(target);
        return async (...args: Parameters<VersionStore['put']>) => {
          this.#waiting();
          await this.#gate;
          return await target.put(...args);
        };
      },
    });
  }
}
