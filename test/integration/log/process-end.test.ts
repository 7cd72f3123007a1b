import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';

const writerScript = fileURLToPath(new URL('../../helpers/log-writer.mjs', import.meta.url));

let directory: string;
let logFile: string;
beforeEach(() => {
  directory = fs.mkdtempSync(join(tmpdir(), 'log-end-'));
  logFile = join(directory, 'archiver.log');
});
afterEach(() => {
  fs.rmSync(directory, { recursive: true });
});

it.each([
  ['naturally', 'nothing'],
  ['by process.exit', 'exit'],
  ['by an exception', 'throw'],
  ['by SIGKILL', 'kill'],
])('every line is written when the process ends %s', (_, end) => {
  const { stdout } = spawnSync(process.execPath, [writerScript, logFile, end], { encoding: 'utf8' });
  expect(stdout.split('\n')).toHaveLength(501);
  expect(fs.readFileSync(logFile, 'utf8')).toBe(stdout);
});

it('the program works to the end when the reader of standard output goes away', () => {
  const script = '{ "$0" "$1" "$2" nothing; echo "exit $?" >&2; } | head -n 1';
  const { stdout, stderr } = spawnSync('sh', ['-c', script, process.execPath, writerScript, logFile], {
    encoding: 'utf8',
  });
  expect(stdout).toMatch(/line 1 x+\n$/);
  expect(stderr).toBe('exit 0\n');
  expect(fs.readFileSync(logFile, 'utf8').split('\n')).toHaveLength(501);
});

it('the program works to the end when standard output is a full device', () => {
  const { stderr, status } = spawnSync(
    'sh',
    ['-c', '"$0" "$1" "$2" nothing > /dev/full', process.execPath, writerScript, logFile],
    {
      encoding: 'utf8',
    },
  );
  expect([status, stderr]).toEqual([0, '']);
  expect(fs.readFileSync(logFile, 'utf8').split('\n')).toHaveLength(501);
});

it('the program works to the end when the log file is a full device', () => {
  fs.symlinkSync('/dev/full', logFile);
  const { stdout, status } = spawnSync(process.execPath, [writerScript, logFile, 'nothing'], {
    encoding: 'utf8',
  });
  expect(status).toBe(0);
  expect(stdout.split('\n')).toHaveLength(502);
  expect(stdout).toMatch(/ERROR - Cannot write the log file .*ENOSPC/);
});
