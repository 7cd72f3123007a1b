import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { commitDateOf, commitOf } from '../../../../tools/package/commit.ts';

let clone: string;

beforeEach(() => {
  clone = mkdtempSync(join(tmpdir(), 'commit-'));
});

afterEach(() => rmSync(clone, { recursive: true }));

function git(...args: readonly string[]): string {
  const known = ['-c', 'user.name=Tester', '-c', 'user.email=tester@example.org'];
  const { status, stdout, stderr } = spawnSync('git', [...known, ...args], { cwd: clone, encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
  return stdout;
}

it('a directory that is no clone has no commit', () => {
  expect(commitOf(clone)).toBeUndefined();
  expect(commitDateOf(clone)).toBeUndefined();
});

it('a clone has its commit, with a word on changed files, but not on new ones', () => {
  const file = join(clone, 'a.ts');
  writeFileSync(file, '');
  git('init', '--quiet');
  expect(commitOf(clone)).toBeUndefined();
  git('add', '.');
  git('commit', '--quiet', '--message', 'Begin');
  const commit = git('rev-parse', 'HEAD').slice(0, 7);
  writeFileSync(join(clone, 'new.ts'), '');
  expect(commitOf(clone)).toBe(commit);
  expect(commitDateOf(clone)).toMatch(/^20\d\d-\d\d-\d\d$/);
  appendFileSync(file, '//\n');
  expect(commitOf(clone)).toBe(`${commit}, changed`);
});

it('a directory inside a clone of something else has no commit', () => {
  writeFileSync(join(clone, 'a.ts'), '');
  git('init', '--quiet');
  git('add', '.');
  git('commit', '--quiet', '--message', 'Begin');
  const inside = join(clone, 'unpacked');
  mkdirSync(inside);
  expect(commitOf(inside)).toBeUndefined();
});
