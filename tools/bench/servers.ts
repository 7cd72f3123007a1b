import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ArchiverError } from '../../src/errors.ts';
import { installationDirectory } from '../../src/installation.ts';
import { ACCOUNT } from './account.ts';
import { remembered } from './children.ts';
import type { CommandLine } from './usage.ts';

/** A server in a process of its own. */
export interface LocalServer {
  readonly url: string;
  readonly stop: () => Promise<void>;
}

/** The command that starts a program of this directory. */
export function program(name: string, ...args: readonly string[]): CommandLine {
  return [process.execPath, join(import.meta.dirname, `${name}.js`), ...args];
}

/** @param directory for its data; made if missing */
export function startUconDb(directory: string): Promise<LocalServer> {
  const { folder, user, password } = ACCOUNT;
  const server = join(installationDirectory(), 'bin/ucondb-server');
  return startServer([
    server,
    ...['--data', directory, '--folder', folder, '--user', user, '--password', password],
  ]);
}

/** The same server, so many milliseconds away, there and back. */
export async function startFarAway({ url }: LocalServer, milliseconds: number): Promise<LocalServer> {
  const { host, pathname } = new URL(url);
  const proxy = await startServer(program('delay-proxy', host, String(milliseconds)));
  return { ...proxy, url: new URL(pathname, proxy.url).href };
}

/** Starts a server that prints its address when it listens. */
async function startServer([command, ...args]: CommandLine): Promise<LocalServer> {
  const child = remembered(spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] }));
  const ended = once(child, 'exit');
  const { value } = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next();
  if (value === undefined) throw new ArchiverError(`${command} did not start`);
  return {
    url: value,
    stop: async () => {
      child.kill();
      await ended;
    },
  };
}
