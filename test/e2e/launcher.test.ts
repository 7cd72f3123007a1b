import { type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Site } from '../helpers/site.ts';
import { SiteUconDb } from '../helpers/ucondb-for-site.ts';

const project = resolve(import.meta.dirname, '../..');
const launcher = join(project, 'run_archiver.sh');
const { bin } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8')) as {
  bin: Readonly<Record<string, string>>;
};
const commands = Object.entries(bin);
const { NODE: _, ...environment } = process.env;
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'archiver launcher-'));
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

function start(program: string, args: readonly string[], options: SpawnOptions = {}) {
  const child = spawn(program, args, {
    cwd: directory,
    env: environment,
    ...options,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]).then(
    ([stdout, stderr, [code, signal]]) => ({ code, signal, stdout, stderr }),
  );
  return { child, ended };
}

const run = (program: string, args: readonly string[], options?: SpawnOptions) =>
  start(program, args, options).ended;

it.each(commands)('%s outlives the loss of its terminal while it is still loading', async (_name, path) => {
  // The launcher looks if the modules are there before it loads them.
  const preload = join(directory, 'hang-up.cjs');
  writeFileSync(
    preload,
    `const fs = require('node:fs');
     const { existsSync } = fs;
     fs.existsSync = (path) => process.kill(process.pid, 'SIGHUP') && existsSync(path);`,
  );
  const env = { ...environment, NODE_OPTIONS: `--require "${preload}"` };
  expect(await run(join(project, path), ['--help'], { env })).toMatchObject({ code: 0, signal: null });
});

/** A program that says which one it is, and what it was given. */
function placeStandIn(path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, '#!/bin/sh\necho "$0" "$@"\n');
  chmodSync(path, 0o755);
}

/** An installation that holds the launchers alone. */
function installLaunchers(): string {
  const root = join(directory, 'installed here');
  mkdirSync(join(root, 'bin'), { recursive: true });
  for (const path of ['run_archiver.sh', ...commands.map(([, path]) => path), 'bin/with-node'])
    copyFileSync(join(project, path), join(root, path));
  return root;
}

/** A directory with what the launcher calls, for PATH. */
function placeSystemPrograms(): string {
  const path = join(directory, 'path');
  mkdirSync(path);
  for (const name of ['sh', 'dirname', 'readlink']) {
    const found = ['/bin', '/usr/bin'].map((place) => join(place, name)).find((place) => existsSync(place));
    if (found !== undefined) symlinkSync(found, join(path, name));
  }
  return path;
}

describe('run_archiver.sh', () => {
  it('works through a link, from any directory, with the exit codes of the archiver', async () => {
    const link = join(directory, 'a link');
    symlinkSync(launcher, link);
    expect(await run(link, ['--version'])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^run-archiver \d/),
      stderr: '',
    });
    expect(await run('./a link', ['--help'])).toMatchObject({ code: 0 });
    expect(await run(link, ['--no-such-flag'])).toMatchObject({ code: 2 });
    const { code, stdout } = await run(link, []);
    expect([code, stdout]).toEqual([1, expect.stringContaining('config.yaml')]);
  });

  it('accepts --init-venv and says that it does nothing, unless it is to be quiet', async () => {
    const plain = await run(launcher, ['--version']);
    const { code, stdout, stderr } = await run(launcher, ['--init-venv', '--version']);
    expect([code, stdout]).toEqual([0, plain.stdout]);
    expect(stderr).toContain('--init-venv has nothing to do');
    for (const quiet of ['-q', '--quiet']) {
      expect(await run(launcher, [quiet, '--version', '--init-venv'])).toMatchObject({ code: 0, stderr: '' });
    }
  });

  it('passes arguments on as they are', async () => {
    const root = installLaunchers();
    placeStandIn(join(root, 'node/bin/node'));
    const args = ['my config.yaml', '--runs', '1-2,4', '', '*', '$HOME', '--init-venv', '-v'];
    const expected = args.filter((arg) => arg !== '--init-venv').join(' ');
    const { stdout } = await run(join(root, 'run_archiver.sh'), args);
    expect(stdout).toBe(`${root}/node/bin/node ${root}/bin/run-archiver ${expected}\n`);
  });

  it('is the archiver by then, so that signals reach it', async () => {
    const ucondb = await SiteUconDb.start();
    const site = new Site().make(ucondb.url);
    try {
      site.addRuns(1, 2, 3);
      const isUploading = ucondb.hold();
      const { child, ended } = start(launcher, [site.config]);
      await isUploading;
      child.kill('SIGTERM');
      ucondb.release();
      const { code, stdout } = await ended;
      expect([code, stdout]).toEqual([130, expect.stringContaining('GRACEFUL SHUTDOWN COMPLETED')]);
    } finally {
      site.remove();
      await ucondb.remove();
    }
  });
});

describe('the Node.js that a launcher takes', () => {
  it.each([['run_archiver.sh', 'run_archiver.sh'], ...commands])(
    'is for %s that of NODE, else node/ beside it, else that on PATH',
    async (_name, program) => {
      const root = installLaunchers();
      const path = placeSystemPrograms();
      const own = join(directory, 'own node');
      // As npm and operators link it.
      const link = join(directory, 'linked');
      symlinkSync(join(root, program), link);
      const used = async (env: NodeJS.ProcessEnv) =>
        (await run(link, [], { env })).stdout.split(` ${root}/bin/`)[0];
      placeStandIn(join(path, 'node'));
      placeStandIn(own);
      expect(await used({ PATH: path })).toBe(join(path, 'node'));
      placeStandIn(join(root, 'node/bin/node'));
      expect(await used({ PATH: path })).toBe(join(root, 'node/bin/node'));
      expect(await used({ PATH: path, NODE: own })).toBe(own);
    },
  );

  it.each([launcher, join(project, 'bin/run-archiver')])('must be there: %s', async (program) => {
    const { code, stdout, stderr } = await run(program, [], { env: { PATH: placeSystemPrograms() } });
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain('Node.js is missing: install version 20.19 or later');
  });

  it.each(['/no/such/node', '/etc/passwd', '/', 'cd'])('must be a program, not %s', async (NODE) => {
    const { code, stderr } = await run(launcher, [], { env: { ...environment, NODE } });
    expect([code, stderr]).toEqual([2, expect.stringContaining(`NODE is ${NODE}, which is no program`)]);
  });

  it.each(['10.24.0', '18.20.8', '20.18.3'])('must not be %s', async (version) => {
    const preload = join(directory, 'old.cjs');
    writeFileSync(preload, `Object.defineProperty(process.versions, 'node', { value: '${version}' });\n`);
    for (const name of ['run-archiver', 'repair-filesystemdb']) {
      const args = ['--require', preload, join(project, 'bin', name), '--help'];
      const { code, stdout, stderr } = await run(process.execPath, args);
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).toContain(`${name} needs Node 20.19 or later; this is Node ${version}`);
    }
  });
});

describe('the commands of the package', () => {
  it.each(commands)('%s calls itself so, and its reader may go away', async (name, path) => {
    const program = join(project, path);
    const { code, stdout } = await run(program, ['--help']);
    expect([code, stdout]).toEqual([0, expect.stringMatching(new RegExp(`^Usage: ${name} `))]);
    const { stderr } = await run('/bin/sh', ['-c', '"$0" --help | head -n 0', program]);
    expect(stderr).toBe('');
  });

  it('can still be given to Node.js as crontabs of version 1.0 may do', async () => {
    const program = join(project, 'bin/run-archiver');
    expect(await run(process.execPath, [program, '--version'])).toMatchObject({ code: 0, stderr: '' });
  });
});

describe('--help, --version and wrong usage', () => {
  it('need no archiver.env that can be read', async () => {
    const root = installLaunchers();
    for (const name of ['start.js', 'package.json'])
      copyFileSync(join(project, 'bin', name), join(root, 'bin', name));
    for (const name of ['dist', 'node_modules', 'package.json'])
      symlinkSync(join(project, name), join(root, name));
    writeFileSync(join(root, 'archiver.env'), 'rm -rf /\n');
    const program = join(root, 'bin/run-archiver');
    expect(await run(program, ['--version'])).toMatchObject({ code: 0, stderr: '' });
    expect(await run(program, ['/?'])).toMatchObject({ code: 0, stderr: '' });
    expect(await run(program, ['--nonsense'])).toMatchObject({ code: 2, stdout: '' });
    expect(await run(program, [])).toEqual({
      code: 1,
      signal: null,
      stdout: '',
      stderr: expect.stringMatching(/archiver\.env:1: not a KEY=value line/),
    });
  });
});
