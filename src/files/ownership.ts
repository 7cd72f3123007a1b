import { readFileSync, type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { errorCode } from '../system-error.ts';

/**
 * What to add to the message of a system error that refused access to a file or directory of ours: who owns it and who we are,
 * as after an execution by root. Empty for other errors, and where we own it.
 * @param account id of the user that we are
 */
export function ownershipHint(error: unknown, account = process.geteuid?.()): string {
  const code = errorCode(error);
  if (account === undefined || (code !== 'EACCES' && code !== 'EPERM')) return '';
  if (!(error instanceof Error && 'path' in error && typeof error.path === 'string')) return '';
  const { path, stats } = nearestVisible(error.path);
  if (stats.uid === account) return '';
  const mode = (stats.mode & 0o7777).toString(8).padStart(4, '0');
  const [owner, user] = [accountName(stats.uid), accountName(account)];
  const remedy = stats.isDirectory()
    ? `give ${user} the right to use it, by chown or chmod`
    : `as root, chown ${user} ${path}`;
  const subject = path === error.path ? 'it' : path;
  return `; ${subject} belongs to ${owner} (mode ${mode}), and the archiver runs as ${user}: ${remedy}`;
}

/** The file, or the nearest directory above it that we can look at: that one refused. */
function nearestVisible(path: string): { readonly path: string; readonly stats: Stats } {
  try {
    return { path, stats: statSync(path) };
  } catch (error) {
    if (errorCode(error) === undefined || path === dirname(path)) throw error;
    return nearestVisible(dirname(path));
  }
}

/** A user's name, or the number where `/etc/passwd` has none for it. */
export function accountName(id: number): string {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.split(':')[2] === String(id));
  return line?.split(':')[0] ?? `user ${id}`;
}
