import { access, writeFile } from 'node:fs/promises';
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
    const directory = await install(cache, NATIVE_VERSION, ['--no-deps']);
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
    const directory = await install(cache, PYTHON_VERSION, []);
    return {
      command: 'python3',
      args: ['-m', 'secantus', ...argsFor(directory)],
      environment: { PYTHONPATH: directory, PYTHONDONTWRITEBYTECODE: '1' },
      ready: READY,
    };
  },
};

/**
 * With an empty configuration file, so that none of the user's is read. Without `--sync-on-commit` it loses acknowledged
 * writes when it is killed, whatever their write concern.
 */
function argsFor(directory: string): string[] {
  const config = join(directory, CONFIG);
  return ['--port', '0', '--storage-path', '{directory}/data', '--config', config, '--sync-on-commit'];
}

async function install(cache: string, version: string, options: readonly string[]): Promise<string> {
  const python = (await runInstaller('python3', ['-c', PLATFORM], { seconds: 20 })).trim();
  return installed(cache, `secantusdb-${version}-${python}`, async (directory) => {
    const pip = await pipProgram(directory);
    const args = [
      '-m',
      'pip',
      'install',
      '--quiet',
      '--no-input',
      '--disable-pip-version-check',
      '--only-binary=:all:',
    ];
    await runInstaller(pip, [...args, ...options, '--target', directory, `secantusdb==${version}`], {
      seconds: INSTALL_SECONDS,
      environment: { PIP_ROOT_USER_ACTION: 'ignore' },
    });
    await writeFile(join(directory, CONFIG), '');
  });
}

const PLATFORM =
  'import sys, sysconfig; print(sysconfig.get_platform() + "-" + sys.implementation.cache_tag)';

/** A Python with pip: the one on PATH, or one of its virtual environments where it comes without. */
async function pipProgram(directory: string): Promise<string> {
  try {
    await runInstaller('python3', ['-m', 'pip', '--version'], { seconds: 30 });
    return 'python3';
  } catch {
    const environment = join(directory, 'pip');
    await runInstaller('python3', ['-m', 'venv', environment], { seconds: 120 });
    return join(environment, 'bin', 'python3');
  }
}
