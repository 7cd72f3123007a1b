import { access, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { installed, runInstaller } from './cache.ts';
import type { Candidate } from './server-program.ts';

/** The last release whose wheel holds the server as a native program. */
const NATIVE_VERSION = '0.6.0b17';
/** A later one, for where that can't be had: the same server in Python, slower, with a dozen packages. */
const PYTHON_VERSION = '0.7.0b3';

const CONFIG = 'empty.toml';
const READY = 'listening on [^ ]*:(\\d+)';
const INSTALL_SECONDS = 150;

/** SecantusDB's native server from the Python package index, installed into the cache. */
export const nativeSecantusDb: Candidate = {
  product: `SecantusDB ${NATIVE_VERSION}`,
  program: async (cache) => {
    const name = `secantusdb-${NATIVE_VERSION}-${process.platform}-${process.arch}`;
    const directory = await install(cache, name, NATIVE_VERSION, FOR_ANY_PYTHON);
    const command = join(directory, 'secantusdb.scripts', 'secantusd-rs');
    await access(command);
    // Its own choice is 2 GB at once, which takes it seconds to read after a crash.
    const args = [...argsFor(directory), '--log-file-max', '64MB'];
    return { command, args, environment: {}, ready: READY };
  },
};

/** SecantusDB's server in Python, likewise. */
export const pythonSecantusDb: Candidate = {
  product: `SecantusDB ${PYTHON_VERSION} in Python`,
  program: async (cache) => {
    const python = await runInstaller('python3', ['-c', PLATFORM], { seconds: 20 });
    const directory = await install(cache, `secantusdb-${PYTHON_VERSION}-${python}`, PYTHON_VERSION, []);
    return {
      command: 'python3',
      args: ['-m', 'secantus', ...argsFor(directory)],
      environment: { PYTHONPATH: directory, PYTHONDONTWRITEBYTECODE: '1' },
      ready: READY,
    };
  },
};

/** The native server is the same in the wheels for all versions of Python. */
const FOR_ANY_PYTHON = [
  '--no-deps',
  '--implementation',
  'cp',
  '--python-version',
  '3.11',
  '--ignore-requires-python',
];
const PLATFORM =
  'import sys, sysconfig; print(sysconfig.get_platform(), sys.implementation.cache_tag, sep="-", end="")';

/**
 * With an empty configuration file, so that none of the user's is read. Without `--sync-on-commit` it loses acknowledged
 * writes when it is killed, whatever their write concern.
 */
function argsFor(directory: string): string[] {
  const config = join(directory, CONFIG);
  return ['--port', '0', '--storage-path', '{directory}/data', '--config', config, '--sync-on-commit'];
}

function install(cache: string, name: string, version: string, options: readonly string[]): Promise<string> {
  return installed(cache, name, async (directory) => {
    const borrowed = join(directory, '.pip');
    const python = await pythonWithPip(borrowed);
    const quiet = ['--quiet', '--no-input', '--disable-pip-version-check', '--only-binary=:all:'];
    const wanted = [...options, '--target', directory, `secantusdb==${version}`];
    await runInstaller(python, ['-m', 'pip', 'install', ...quiet, ...wanted], {
      seconds: INSTALL_SECONDS,
      environment: { PIP_ROOT_USER_ACTION: 'ignore', PIP_USER: '0' },
    });
    await rm(borrowed, { recursive: true, force: true });
    await writeFile(join(directory, CONFIG), '');
  });
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
