import { readFile, stat } from 'node:fs/promises';
import { readRegularFile } from '../files/regular-file.ts';
import { undefinedIfMissing } from '../system-error.ts';

/** A file lock that the kernel knows. */
export interface KernelLock {
  readonly pid: number;
  readonly major: number;
  readonly minor: number;
  readonly inode: bigint;
}

/** Waiting requests (`->`) and leases are not locks that anybody holds. */
const HELD =
  /^[0-9]+:\s+(?:FLOCK|POSIX|OFDLCK)\s+\S+\s+\S+\s+(-?[0-9]+)\s+([0-9a-f]+):([0-9a-f]+):([0-9]+)\s/;

/** Reads the table in `/proc/locks`: `<n>: <kind> <mode> <access> <pid> <major>:<minor>:<inode> <start> <end>`. */
export function parseKernelLocks(text: string): KernelLock[] {
  return text.split('\n').flatMap((line) => {
    const [, pid, major, minor, inode] = HELD.exec(line) ?? [];
    if (!pid || !major || !minor || !inode) return [];
    return [
      { pid: Number(pid), major: parseInt(major, 16), minor: parseInt(minor, 16), inode: BigInt(inode) },
    ];
  });
}

/**
 * Finds a lock of the kernel (flock or fcntl) that another program holds on a file, without touching the file. The Python
 * archiver locks its `lock_file` like that.
 * @param table the kernel's table, `/proc/locks`; without one there is no answer, which counts as no lock.
 * @returns the lock, or undefined if there is none.
 */
export async function findKernelLock(path: string, table = '/proc/locks'): Promise<KernelLock | undefined> {
  const [text, stats] = await Promise.all([
    readFile(table, 'utf8').catch(undefinedIfMissing),
    stat(path, { bigint: true }).catch(undefinedIfMissing),
  ]);
  if (text === undefined || stats === undefined || !stats.isFile()) return undefined;
  const locks = parseKernelLocks(text).filter((lock) => lock.inode === stats.ino);
  const [major, minor] = deviceNumbers(stats.dev);
  const exact = locks.find((lock) => lock.major === major && lock.minor === minor);
  if (exact !== undefined || locks.length === 0) return exact;
  // btrfs and overlay file systems show another device to stat than to the lock table: there the PID in the file decides.
  const named = Number(String(await readRegularFile(path)));
  return locks.find((lock) => lock.pid === named);
}

/** Major and minor number in `st_dev` as Linux packs them. */
function deviceNumbers(device: bigint): [number, number] {
  const major = ((device >> 8n) & 0xfffn) | ((device >> 32n) & 0xfffff000n);
  const minor = (device & 0xffn) | ((device >> 12n) & 0xffffff00n);
  return [Number(major), Number(minor)];
}
