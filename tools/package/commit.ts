import { spawnSync } from 'node:child_process';

const DIGITS = 7;

/**
 * The commit that a directory holds, such as `abc1234`, and whether a file that git knows differs from it (`abc1234, changed`).
 * @param directory of a clone; a directory somewhere inside one does not count
 * @returns undefined where git is missing or knows no commit of it
 */
export function commitOf(directory: string): string | undefined {
  const found = git(directory, 'rev-parse', '--show-prefix', 'HEAD');
  const [, commit] = /^\n([0-9a-f]{40,64})\n$/.exec(found ?? '') ?? [];
  if (commit === undefined) return undefined;
  const changes = git(directory, 'status', '--porcelain', '--untracked-files=no');
  return commit.slice(0, DIGITS) + (changes === '' ? '' : ', changed');
}

/** The day of that commit in UTC, such as `2026-12-01`. */
export function commitDateOf(directory: string): string | undefined {
  if (commitOf(directory) === undefined) return undefined;
  const seconds = Number(git(directory, 'log', '-1', '--format=%ct'));
  return new Date(seconds * 1000).toISOString().slice(0, 10);
}

/** What git prints; undefined if it is missing or fails. */
function git(directory: string, ...args: readonly string[]): string | undefined {
  const { status, stdout } = spawnSync('git', args, { cwd: directory, encoding: 'utf8' });
  return status === 0 ? stdout : undefined;
}
