import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LogFile, type LogFileOptions } from '../../../src/log/log-file.ts';

let directory: string;
let path: string;
let problems: string[];
let now: Date;
beforeEach(() => {
  directory = fs.mkdtempSync(join(tmpdir(), 'log-file-'));
  path = join(directory, 'archiver.log');
  problems = [];
  now = new Date(2026, 0, 15);
});
afterEach(() => {
  fs.rmSync(directory, { recursive: true });
});

const DAY_MS = 24 * 60 * 60 * 1000;

function open(options: Partial<LogFileOptions> = {}): LogFile {
  return new LogFile(path, {
    rotation: { maxBytes: 10, maxAgeMs: 14 * DAY_MS, backups: 5 },
    now: () => now,
    onProblem: (level, message) => problems.push(`${level} ${message}`),
    ...options,
  });
}

const contents = (): Record<string, string> =>
  Object.fromEntries(
    fs
      .readdirSync(directory)
      .sort()
      .map((name) => [name, fs.readFileSync(join(directory, name), 'utf8')]),
  );

describe('a log file', () => {
  it('is rotated before it grows beyond its size, and five old ones are kept', () => {
    const file = open();
    for (let line = 1; line <= 8; line++) file.write(`line-${line}\n`);
    expect(contents()).toEqual({
      'archiver.log': 'line-8\n',
      'archiver.log.1': 'line-7\n',
      'archiver.log.2': 'line-6\n',
      'archiver.log.3': 'line-5\n',
      'archiver.log.4': 'line-4\n',
      'archiver.log.5': 'line-3\n',
    });
    expect(problems).toEqual([]);
  });

  it('is not rotated while it is empty, even for a line that is longer than the limit', () => {
    open().write('a line of more than ten bytes\n');
    expect(contents()).toEqual({ 'archiver.log': 'a line of more than ten bytes\n' });
  });

  it.each([
    '2026-01-01 00:00:01,000 - m - INFO - x\n',
    `{"time":"${new Date(2026, 0, 1, 0, 0, 1).toISOString()}","level":"INFO"}\n`,
  ])('is as old as its first line, when it is opened and while it is open: %s', (first) => {
    fs.writeFileSync(path, first);
    const file = open({ rotation: { maxBytes: 1000, maxAgeMs: 14 * DAY_MS, backups: 5 } });
    file.write('kept\n');
    expect(Object.keys(contents())).toEqual(['archiver.log']);
    now = new Date(2026, 0, 15, 0, 0, 1);
    file.write('new\n');
    expect(contents()).toEqual({ 'archiver.log': 'new\n', 'archiver.log.1': `${first}kept\n` });
  });

  it('is opened again when another program moved or removed it', () => {
    const file = open();
    file.write('one\n');
    fs.renameSync(path, join(directory, 'moved'));
    file.write('two\n');
    fs.rmSync(path);
    file.write('three\n');
    expect(contents()).toEqual({ 'archiver.log': 'three\n', moved: 'one\n' });
  });

  it('behind a link is rotated, and the link stays', () => {
    const target = join(directory, 'real.log');
    fs.writeFileSync(target, '0123456789\n');
    fs.symlinkSync(target, path);
    open().write('new\n');
    expect(fs.lstatSync(path).isSymbolicLink()).toBe(true);
    expect(fs.readFileSync(target, 'utf8')).toBe('new\n');
    expect(fs.readFileSync(`${target}.1`, 'utf8')).toBe('0123456789\n');
  });

  it('that can not be rotated is still written, which is reported once', () => {
    fs.mkdirSync(join(directory, 'archiver.log.1'));
    const file = open({ rotation: { maxBytes: 10, maxAgeMs: DAY_MS, backups: 1 } });
    for (let line = 1; line <= 4; line++) file.write(`line-${line}\n`);
    expect(fs.readFileSync(path, 'utf8')).toBe('line-1\nline-2\nline-3\nline-4\n');
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/^WARNING Cannot rotate the log file .*; it keeps growing$/);
  });

  it('on a full disk reports once, counts the lost lines, and keeps later lines whole', () => {
    let room = 4;
    const writeSync = (fd: number, bytes: Uint8Array): number => {
      if (room === 0) throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
      const written = fs.writeSync(fd, bytes.subarray(0, room));
      room -= written;
      return written;
    };
    const file = open({ writeSync, rotation: { maxBytes: 1000, maxAgeMs: DAY_MS, backups: 5 } });
    file.write('line-1\n');
    file.write('line-2\n');
    room = 1000;
    file.write('line-3\n');
    expect(fs.readFileSync(path, 'utf8')).toBe('line\nline-3\n');
    expect(problems).toEqual([
      `ERROR Cannot write the log file ${path}: ENOSPC: no space left on device; the archiver continues without it`,
      `WARNING The log file ${path} works again; 2 entries are missing`,
    ]);
  });

  it('must be a file', () => {
    fs.mkdirSync(path);
    expect(() => open()).toThrow('is not a file');
  });
});
