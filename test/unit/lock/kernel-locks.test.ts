import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findKernelLock, parseKernelLocks } from '../../../src/lock/kernel-locks.ts';
import { kernelDeviceOf } from '../../helpers/kernel-device.ts';

let directory: string;
let file: string;
let table: string;
beforeEach(() => {
  directory = fs.mkdtempSync(join(tmpdir(), 'kernel-locks-'));
  file = join(directory, '.archiver.lock');
  table = join(directory, 'locks');
});
afterEach(() => {
  fs.rmSync(directory, { recursive: true });
});

/** The lock table's line for a file, its device as the kernel writes it. */
function line(inode: number | bigint, device: string, kind = 'FLOCK  ADVISORY  WRITE', pid = 77): string {
  return `1: ${kind} ${pid} ${device}:${inode} 0 EOF\n`;
}

describe('parseKernelLocks', () => {
  it('reads locks that somebody holds, and leaves out waiting ones and leases', () => {
    const text = [
      '1: POSIX  ADVISORY  READ  123 08:01:1234 128 128',
      '1: -> POSIX  ADVISORY  WRITE 124 08:01:1234 0 EOF',
      '2: FLOCK  ADVISORY  WRITE 125 fd:0a:18446744073709551615 0 EOF',
      '3: LEASE  ACTIVE    READ  126 08:01:1234 0 EOF',
      '4: OFDLCK ADVISORY  WRITE -1 00:2f:7 0 EOF',
      '',
    ].join('\n');
    expect(parseKernelLocks(text)).toEqual([
      { pid: 123, major: 8, minor: 1, inode: 1234n },
      { pid: 125, major: 0xfd, minor: 0x0a, inode: 18446744073709551615n },
      { pid: -1, major: 0, minor: 0x2f, inode: 7n },
    ]);
  });
});

describe('findKernelLock', () => {
  it.each(['FLOCK  ADVISORY  WRITE', 'POSIX  ADVISORY  WRITE'])(
    'finds a %s lock on the file',
    async (kind) => {
      fs.writeFileSync(file, '77\n');
      fs.writeFileSync(
        table,
        line(1, kernelDeviceOf(file)) + line(fs.statSync(file).ino, kernelDeviceOf(file), kind),
      );
      expect((await findKernelLock(file, table))?.pid).toBe(77);
    },
  );

  it('takes a lock on the same inode of another device for the lock of another file, unless the file names its PID', async () => {
    fs.writeFileSync(table, '');
    fs.writeFileSync(file, '5\n');
    fs.writeFileSync(table, line(fs.statSync(file).ino, '1ff:01'));
    expect(await findKernelLock(file, table)).toBeUndefined();
    fs.writeFileSync(file, '77\n');
    expect((await findKernelLock(file, table))?.pid).toBe(77);
  });

  it('finds no lock on a missing file or a directory, nor without a table', async () => {
    fs.writeFileSync(table, line(fs.statSync(directory).ino, kernelDeviceOf(directory)));
    expect(await findKernelLock(file, table)).toBeUndefined();
    expect(await findKernelLock(directory, table)).toBeUndefined();
    fs.writeFileSync(file, '');
    expect(await findKernelLock(file, join(directory, 'none'))).toBeUndefined();
  });
});
