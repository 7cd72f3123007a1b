import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';

const KIB = 1024;

/** A file system of its own, in memory. */
export interface SmallDisk {
  readonly directory: string;
  /** Leaves so many KiB of room. */
  fill(left: number): void;
  makeRoom(): void;
}

const FILLING = '.filling';

/** May this account mount a file system? In most containers it may not: then what needs one is not tested. */
export function canMount(): boolean {
  if (process.getuid?.() !== 0) return false;
  const directory = mkdtempSync(join(tmpdir(), 'archiver-mount-'));
  try {
    mount(directory, 64);
    execFileSync('umount', [directory]);
    return true;
  } catch {
    return false; // The reason doesn't matter.
  } finally {
    rmdirSync(directory);
  }
}

/** Gives empty file systems of some KiB that are unmounted after each test of the file. */
export function useSmallDisks(): (kib: number) => SmallDisk {
  const mounted: string[] = [];
  afterEach(() => {
    for (const directory of mounted.splice(0)) {
      execFileSync('umount', [directory]);
      rmdirSync(directory);
    }
  });
  return (kib) => {
    const directory = mkdtempSync(join(tmpdir(), 'archiver-disk-'));
    mount(directory, kib);
    mounted.push(directory);
    return {
      directory,
      fill: (left) => {
        rmSync(join(directory, FILLING), { force: true });
        const { bavail, bsize } = statfsSync(directory);
        writeFileSync(join(directory, FILLING), Buffer.alloc(bavail * bsize - left * KIB));
      },
      makeRoom: () => rmSync(join(directory, FILLING), { force: true }),
    };
  };
}

function mount(directory: string, kib: number): void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${kib}k`, 'tmpfs', directory], { stdio: 'ignore' });
}
