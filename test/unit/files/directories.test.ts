import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeDirectory } from '../../../src/files/directories.ts';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'make-directory-'));
});

afterEach(() => rmSync(directory, { recursive: true }));

describe('makeDirectory', () => {
  it('makes the directories that are missing, and may be called again', () => {
    const path = join(directory, 'a', 'b', 'c');
    makeDirectory(path);
    makeDirectory(path);
    expect(statSync(path).isDirectory()).toBe(true);
  });

  it.each(['a', 'a/b'])('refuses a path with a file in its way: %s', (name) => {
    writeFileSync(join(directory, 'a'), '');
    expect(() => makeDirectory(join(directory, name))).toThrow(/EEXIST|ENOTDIR/);
  });

  it('accepts a link to a directory, and refuses a link to nothing', () => {
    symlinkSync(directory, join(directory, 'link'));
    makeDirectory(join(directory, 'link', 'b'));
    symlinkSync('nothing', join(directory, 'dangling'));
    expect(() => makeDirectory(join(directory, 'dangling'))).toThrow();
    expect(() => makeDirectory(join(directory, 'dangling', 'b'))).toThrow();
  });

  it('gives up where the file system makes no directories', () => {
    expect(() => makeDirectory('/proc/none/below')).toThrow(/ENOENT|EACCES|EROFS|EPERM/);
  });
});
