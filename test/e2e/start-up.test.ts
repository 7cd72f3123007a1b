import {
  chmodSync,
  chownSync,
  cpSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { account } from '../helpers/site.ts';
import { useSite } from '../helpers/use-site.ts';

const project = resolve(import.meta.dirname, '../..');
const { site, start } = useSite({}, 'file');
let root: string;
let cache: string;

/** An installation of its own, which has no compiled code yet. */
beforeAll(() => {
  site.addRun(1);
  root = join(site.directory, 'installed here');
  cache = join(root, 'dist/cache');
  for (const name of ['bin', 'dist/programs', 'package.json'])
    cpSync(join(project, name), join(root, name), { recursive: true });
  symlinkSync(join(project, 'node_modules'), join(root, 'node_modules'));
});

const run = (flags: readonly string[], env: Record<string, string> = {}) =>
  start(flags, { program: join(root, 'bin/run-archiver'), env }).ended;

/** An execution that has nothing to do, except for the first. */
async function execute(env?: Record<string, string>): Promise<string> {
  const { code, stdout, stderr } = await run(['--import-only'], env);
  expect([code, stderr]).toEqual([0, '']);
  return stdout;
}

/** The only file of compiled code, and its inode: another one means that it was written again. */
function keptFile(): { readonly path: string; readonly inode: number } {
  const [name = '', ...others] = readdirSync(cache);
  expect(others).toEqual([]);
  const path = join(cache, name);
  return { path, inode: lstatSync(path).ino };
}

/** A preload for the archiver. */
function preload(code: string): Record<string, string> {
  const path = join(root, 'preload.cjs');
  writeFileSync(path, code);
  return { NODE_OPTIONS: `--require "${path}"` };
}

describe('compiled code', () => {
  it('is kept by the first execution that works, and used by the next', async () => {
    await run(['--version']);
    await run(['--no-such-flag']);
    expect(readdirSync(join(root, 'dist'))).toEqual(['programs']);
    await execute();
    const first = keptFile();
    expect(lstatSync(first.path).mode & 0o777).toBe(0o644);
    await execute();
    expect(keptFile()).toEqual(first);
  });

  it.each<[string, (path: string) => void]>([
    ['is cut short', (path) => truncateSync(path, 100_000)],
    ['is damaged', (path) => writeFileSync(path, readFileSync(path).fill(0, 200_000, 200_016))],
    ['others may write', (path) => chmodSync(path, 0o646)],
    [
      'lies elsewhere',
      (path) => {
        renameSync(path, join(root, 'elsewhere'));
        symlinkSync(join(root, 'elsewhere'), path);
      },
    ],
  ])('that %s is not used, and written again', async (_, spoil) => {
    const { path, inode } = keptFile();
    spoil(path);
    await execute();
    const now = keptFile();
    expect([now.path, now.inode === inode, lstatSync(path).isFile()]).toEqual([path, false, true]);
  });

  it.runIf(process.getuid?.() === 0)('of another account is not used', async () => {
    const { path, inode } = keptFile();
    chownSync(path, 65_534, 65_534);
    await execute();
    expect(keptFile().inode).not.toBe(inode);
  });

  it('of another build of the same length is not used, even under the name of this one', async () => {
    const old = keptFile();
    const program = join(root, 'dist/programs/core.cjs');
    const text = readFileSync(program, 'utf8');
    writeFileSync(program, text.replaceAll('Archiver execution complete.', 'Archiver execution finished.'));
    expect(await execute()).toContain('Archiver execution finished.');
    const [name = ''] = readdirSync(cache).filter((each) => join(cache, each) !== old.path);
    renameSync(old.path, join(cache, name));
    expect(await execute()).toContain('Archiver execution finished.');
    expect(keptFile().inode).not.toBe(old.inode);
  });

  it('of earlier versions is removed in the end', async () => {
    rmSync(cache, { recursive: true });
    mkdirSync(cache);
    for (let age = 1; age <= 6; age++) {
      const path = join(cache, `core-${age}`);
      writeFileSync(path, '');
      utimesSync(path, 1e9 - age, 1e9 - age);
    }
    await execute();
    const names = readdirSync(cache).filter((name) => !/^core-[0-9a-f]{64}-v/.test(name));
    expect(names.sort()).toEqual(['core-1', 'core-2', 'core-3']);
  });

  it('is not needed where there is no place for it', async () => {
    rmSync(cache, { recursive: true });
    writeFileSync(cache, '');
    await execute();
    rmSync(cache);
  });
});

it('only what the mode uses is loaded: no package, and for --version nothing that archives', async () => {
  const loaded = join(root, 'loaded');
  const env = preload(`
    const fs = require('node:fs');
    const { readFileSync } = fs;
    const files = [];
    fs.readFileSync = (file, ...rest) => {
      if (/\\.cjs$/.test(file)) files.push(file.split('/').pop());
      return readFileSync(file, ...rest);
    };
    process.on('exit', () => {
      const packages = Object.keys(require.cache).filter((path) => path.includes('/node_modules/'));
      fs.writeFileSync(${JSON.stringify(loaded)}, JSON.stringify([files, packages]));
    });`);
  await run(['--version'], env);
  expect(JSON.parse(readFileSync(loaded, 'utf8'))).toEqual([expect.not.arrayContaining(['core.cjs']), []]);
  await execute(env);
  expect(JSON.parse(readFileSync(loaded, 'utf8'))).toEqual([expect.arrayContaining(['core.cjs']), []]);
});

it('texts are those of the sources, whatever their characters', async () => {
  const page = join(root, 'page.html');
  const { code, stdout } = await run(['--report-status', '--html', page]);
  expect([code, stdout]).toEqual([0, expect.stringContaining('✓ EXECUTION COMPLETED SUCCESSFULLY')]);
  expect(readFileSync(page, 'utf8')).toMatch(/on <b>.*<\/b> · \/.* · version \d/);
});

it('a stack trace names lines of the sources', async () => {
  const broken = preload(`
    const { promises } = require('node:fs');
    const { readdir } = promises;
    promises.readdir = (path, ...rest) =>
      String(path).includes('artdaqdb') ? undefined.length : readdir(path, ...rest);`);
  const { code, stdout } = await run(['--import-only'], broken);
  expect(code).toBe(2);
  const frames = stdout.split('\n').filter((line) => /^ +at /.test(line));
  expect(frames.filter((frame) => frame.includes('.cjs:')).slice(1)).toEqual([]);
  const [, path = '', line = ''] = /\/installed here\/(src\/.+?\.ts):(\d+):\d+/.exec(stdout) ?? [];
  expect(readFileSync(join(project, path), 'utf8').split('\n')[Number(line) - 1]).toContain('readdir(');
});

it('--version names the commit of the build, if it is known', async () => {
  const commit = join(root, 'dist/programs/commit');
  writeFileSync(commit, 'abc1234, changed\n');
  expect(await run(['--version'])).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^run-archiver \d+\.\d+\.\d+ \(abc1234, changed\) \(Node v[\d.]+\)\n$/),
  });
  rmSync(commit);
  expect((await run(['--version'])).stdout).toMatch(/^run-archiver \d+\.\d+\.\d+ \(Node v[\d.]+\)\n$/);
});

it('--check-config warns of an archiver.env with a password that others can read', async () => {
  const envFile = join(root, 'archiver.env');
  const { password } = account;
  writeFileSync(envFile, `UCONDB_PASSWORD=${password}\n`, { mode: 0o644 });
  try {
    const { stdout } = await run(['--check-config']);
    expect(stdout).toMatch(/⚠ archiver_env \S+ \S+archiver\.env: read; it holds a password/);
    expect(stdout).not.toContain(password);
    chmodSync(envFile, 0o600);
    expect((await run(['--check-config'])).stdout).toMatch(/✓ archiver_env \S+ \S+archiver\.env: read \(/);
  } finally {
    rmSync(envFile);
  }
});
