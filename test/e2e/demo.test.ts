import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { useTemporaryDirectories } from '../helpers/temporary-directory.ts';

const demo = resolve(import.meta.dirname, '../../bin/demo');
const temporaryDirectory = useTemporaryDirectories();

function run(cwd: string, command: string): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return new Promise((done) => {
    const child = execFile('/bin/sh', ['-c', command], { cwd }, (_error, stdout, stderr) =>
      done({ code: child.exitCode, stdout, stderr }),
    );
  });
}

it('the demo keeps what is there, adds more runs, and says how to start its server again', async () => {
  const directory = await temporaryDirectory();
  expect((await run(directory, demo)).code).toBe(0);
  const config = join(directory, 'demo/config.yaml');
  writeFileSync(join(directory, 'demo/mine.txt'), 'mine');
  writeFileSync(join(directory, 'demo/run_records/notes'), 'mine too');
  appendFileSync(config, '# my remark\n');

  const { code, stdout } = await run(directory, demo);
  expect(code).toBe(0);
  expect(stdout.match(/Total Runs: *12$/gm)).toHaveLength(3);
  for (const path of ['mine.txt', 'run_records/notes', 'run_records/5001', 'run_records/5012'])
    expect(existsSync(join(directory, 'demo', path))).toBe(true);
  expect(readFileSync(config, 'utf8')).toContain('# my remark');

  const [serverCommand = '', report = ''] = stdout.split('\n').filter((line) => line.startsWith('  /'));
  const server = spawn('/bin/sh', ['-c', `exec ${serverCommand}`], {
    cwd: directory,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(server, 'exit');
  onTestFinished(async () => {
    server.kill();
    await ended;
  });
  await once(server.stdout, 'data');
  expect(await run(directory, report)).toMatchObject({ code: 0 });
});

it('the demo does nothing with --help, and leaves a directory alone that it did not make', async () => {
  const directory = await temporaryDirectory();
  expect(await run(directory, `${demo} --help`)).toMatchObject({ code: 0, stderr: '' });
  expect(existsSync(join(directory, 'demo'))).toBe(false);
  mkdirSync(join(directory, 'demo'));
  expect(await run(directory, demo)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('was not made by this demo'),
  });
});
