import { execFile } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const execFileAsync = promisify(execFile);
const STALE_MS = 60 * 60 * 1000;

/** The directory that keeps server programs between test runs. */
export function cacheDirectory(environment: NodeJS.ProcessEnv): string {
  const chosen = environment.ARCHIVER_TEST_CACHE;
  if (chosen) return chosen;
  return join(environment.XDG_CACHE_HOME || join(homedir(), '.cache'), 'run-record-archiver-tests');
}

/**
 * A directory of the cache, made by `install` if it isn't there. It appears whole or not at all; of two processes that
 * install at once one installs in vain.
 * @param name says all that makes a difference: product, version, platform
 */
export async function installed(
  cache: string,
  name: string,
  install: (directory: string) => Promise<void>,
): Promise<string> {
  const place = join(cache, name);
  if (existsSync(place)) return place;
  await mkdir(cache, { recursive: true });
  await removeStale(cache);
  const directory = await mkdtemp(join(cache, `${name}.new-`));
  try {
    await install(directory);
    await rename(directory, place);
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    if (!existsSync(place)) throw error;
  }
  return place;
}

/** What earlier processes left behind when they were killed during an installation. */
async function removeStale(cache: string): Promise<void> {
  for (const entry of await readdir(cache)) {
    if (!entry.includes('.new-')) continue;
    const directory = join(cache, entry);
    const made = statSync(directory, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    if (Date.now() - made > STALE_MS) await rm(directory, { recursive: true, force: true });
  }
}

/**
 * Runs an installer to its end.
 * @returns its standard output
 * @throws Error with the last lines of what it said, also when it takes longer than `seconds`
 */
export async function runInstaller(
  command: string,
  args: readonly string[],
  { seconds, directory, environment }: InstallerOptions,
): Promise<string> {
  try {
    const { stdout } = await execFileAsync(command, args, {
      timeout: seconds * 1000,
      killSignal: 'SIGKILL',
      maxBuffer: 1 << 26,
      cwd: directory,
      env: { ...process.env, ...environment },
    });
    return stdout;
  } catch (error) {
    throw new Error(`${command} ${args[0] ?? ''}: ${reasonOf(error, seconds)}`, { cause: error });
  }
}

export interface InstallerOptions {
  readonly seconds: number;
  readonly directory?: string | undefined;
  readonly environment?: Readonly<Record<string, string>>;
}

function reasonOf(error: unknown, seconds: number): string {
  if (!(error instanceof Error)) return String(error);
  if ('killed' in error && error.killed === true) return `took longer than ${seconds} s`;
  const said = 'stderr' in error && typeof error.stderr === 'string' ? error.stderr.trim() : '';
  return said === '' ? error.message : (said.split('\n').at(-1) ?? '');
}
