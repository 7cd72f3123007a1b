import { execFile } from 'node:child_process';
import { chmod, copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const project = fileURLToPath(new URL('../..', import.meta.url));

let root: string;
let outside: string;

/** An installation in `root` whose program is this module text, and a link to its starter as npm makes one. */
beforeEach(async () => {
  outside = await mkdtemp(join(tmpdir(), 'starter-'));
  root = join(outside, 'node_modules', 'run-record-archiver');
  await mkdir(join(root, 'bin'), { recursive: true });
  await mkdir(join(root, 'dist', 'programs'), { recursive: true });
  for (const file of ['run-archiver', 'with-node', 'start.js', 'package.json'].map((name) =>
    join('bin', name),
  ))
    await copyFile(join(project, file), join(root, file));
  for (const file of ['loader.cjs', 'rolldown-runtime.cjs'].map((name) => join('dist/programs', name)))
    await copyFile(join(project, file), join(root, file));
  await chmod(join(root, 'bin/run-archiver'), 0o755);
  await writeFile(join(root, 'package.json'), '{"type":"module","version":"1.2.3"}');
  await symlink(join(root, 'bin', 'run-archiver'), join(outside, 'run-archiver'));
  await install('env-file.cjs', 'exports.loadEnvFile = (file) => ({ LOADED: file });');
});

afterEach(async () => {
  await rm(outside, { recursive: true });
});

async function install(path: string, text: string): Promise<void> {
  await writeFile(join(root, 'dist/programs', path), text);
}

function start(args: string[], env: Record<string, string> = {}) {
  return new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) => {
    const command = join(outside, 'run-archiver');
    const child = execFile(
      command,
      args,
      { env: { PATH: process.env.PATH, ...env } },
      (_error, stdout, stderr) => {
        resolve({ code: child.exitCode, stdout, stderr });
      },
    );
  });
}

describe('bin/run-archiver', () => {
  it('starts the program with its arguments and archiver.env, through a link, and ends with its exit code', async () => {
    await install(
      'run-archiver.cjs',
      'exports.main = async (argv, environment) => (console.log(argv.join(), environment().LOADED), 130);',
    );
    expect(await start(['a b', '--x'])).toEqual({
      code: 130,
      stdout: `a b,--x ${join(root, 'archiver.env')}\n`,
      stderr: '',
    });
  });

  it('says that it must be built', async () => {
    expect(await start([])).toMatchObject({ code: 2, stderr: expect.stringContaining('npm run build') });
  });

  it('shows where an unexpected error comes from', async () => {
    await install('run-archiver.cjs', 'exports.main = async () => { throw new TypeError("bug"); };');
    const { code, stderr } = await start([]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/TypeError: bug\s+at .*run-archiver\.cjs/);
  });

  it('never reports success for a program that does not end', async () => {
    await install('run-archiver.cjs', 'exports.main = () => new Promise(() => undefined);');
    expect(await start([])).toMatchObject({ code: 2 });
  });
});
