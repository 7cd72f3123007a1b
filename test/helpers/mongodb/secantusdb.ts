import { execFile } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { access, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Candidate } from './server-program.ts';

/** The last release whose wheel holds the server as a native program. */
const VERSION = '0.6.0b17';
const CONFIG = 'empty.toml';
const INSTALL_SECONDS = 150;
const STALE_MS = 60 * 60 * 1000;

const execFileAsync = promisify(execFile);

/**
 * SecantusDB's native server from the Python package index, installed into the cache. It runs with an empty configuration file, so
 * that none of the user's is read, and with `--sync-on-commit`: otherwise it loses acknowledged writes when it is killed, whatever
 * their write concern.
 */
export const secantusDb: Candidate = {
  product: `SecantusDB ${VERSION}`,
  program: async (cache) => {
    const directory = await installed(cache, `secantusdb-${VERSION}-${process.platform}-${process.arch}`);
    const command = join(directory, 'secantusdb.scripts', 'secantusd-rs');
    await access(command);
    const storage = ['--storage-path', '{directory}/data', '--sync-on-commit'];
    // Its own choice is 2 GB at once, which takes it seconds to read after a crash.
    const log = ['--log-file-max', '64MB'];
    const args = ['--port', '0', '--config', join(directory, CONFIG), ...storage, ...log];
    return { command, args, environment: {}, ready: 'listening on [^ ]*:(\\d+)' };
  },
};

/** The directory that keeps server programs between test runs. */
export function cacheDirectory(environment: NodeJS.ProcessEnv): string {
  const chosen = environment.ARCHIVER_TEST_CACHE;
  if (chosen) return chosen;
  return join(environment.XDG_CACHE_HOME || join(homedir(), '.cache'), 'run-record-archiver-tests');
}

/** The program's directory. It appears whole or not at all; of two processes that install at once one installs in vain. */
async function installed(cache: string, name: string): Promise<string> {
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

/** Removes what earlier processes left behind when they were killed during an installation. */
async function removeStale(cache: string): Promise<void> {
  for (const entry of await readdir(cache)) {
    if (!entry.includes('.new-')) continue;
    const directory = join(cache, entry);
    const made = statSync(directory, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    if (Date.now() - made > STALE_MS) await rm(directory, { recursive: true, force: true });
  }
}

async function install(directory: string): Promise<void> {
  const borrowed = join(directory, '.pip');
  const python = await pythonWithPip(borrowed);
  const quiet = ['--quiet', '--no-input', '--disable-pip-version-check', '--only-binary=:all:', '--no-deps'];
  // The native server is the same in the wheels for all versions of Python.
  const anyPython = ['--implementation', 'cp', '--python-version', '3.11', '--ignore-requires-python'];
  const wanted = ['--target', directory, `secantusdb==${VERSION}`];
  await runInstaller(python, ['-m', 'pip', 'install', ...quiet, ...anyPython, ...wanted], {
    seconds: INSTALL_SECONDS,
    environment: { PIP_ROOT_USER_ACTION: 'ignore', PIP_USER: '0' },
  });
  await rm(borrowed, { recursive: true, force: true });
  await writeFile(join(directory, CONFIG), '');
}

/** The Python on PATH, or where that has no pip, a virtual environment of it. */
async function pythonWithPip(environment: string): Promise<string> {
  try {
    await runInstaller('python3', ['-m', 'pip', '--version'], { seconds: 30 });
    return 'python3';
  } catch {
    await runInstaller('python3', ['-m', 'venv', environment], { seconds: 120 });
    return join(environment, 'bin', 'python3');
  }
}

/**
 * Runs a program to its end.
 * @throws Error with the last line of what it said, also when it takes longer than `seconds`
 */
export async function runInstaller(
  command: string,
  args: readonly string[],
  {
    seconds,
    environment,
  }: { readonly seconds: number; readonly environment?: Readonly<Record<string, string>> },
): Promise<void> {
  try {
    await execFileAsync(command, args, {
      timeout: seconds * 1000,
      killSignal: 'SIGKILL',
      maxBuffer: 1 << 26,
      env: { ...process.env, ...environment },
    });
  } catch (error) {
    throw new Error(`${command} ${args[0] ?? ''}: ${reasonOf(error, seconds)}`, { cause: error });
  }
}

function reasonOf(error: unknown, seconds: number): string {
  if (!(error instanceof Error)) return String(error);
  if ('killed' in error && error.killed === true) return `took longer than ${seconds} s`;
  const said = 'stderr' in error && typeof error.stderr === 'string' ? error.stderr.trim() : '';
  return said === '' ? error.message : (said.split('\n').at(-1) ?? '');
}
