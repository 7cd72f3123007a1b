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
  it('makes what is missing, and may be called again', () => {
    const path = join(directory, 'a', 'b', 'c');
    makeDirectory(path);
    makeDirectory(path);
    expect(statSync(path).isDirectory()).toBe(true);
  });

  it.each(['a', 'a/b'])('refuses what has a file in its way: %s', (name) => {
    writeFileSync(join(directory, 'a'), '');
    expect(() => makeDirectory(join(directory, name))).toThrow(/EEXIST|ENOTDIR/);
  });

  it('takes a link to a directory, and refuses one to nothing', () => {
    symlinkSync(directory, join(directory, 'link'));
    makeDirectory(join(directory, 'link', 'b'));
    symlinkSync('nothing', join(directory, 'dangling'));
    expect(() => makeDirectory(join(directory, 'dangling'))).toThrow();
    expect(() => makeDirectory(join(directory, 'dangling', 'b'))).toThrow();
  });

  it('gives up where the file system makes none', () => {
    expect(() => makeDirectory('/proc/none/below')).toThrow(/ENOENT|EACCES|EROFS|EPERM/);
  });
});
