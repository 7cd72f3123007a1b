import { existsSync } from 'node:fs';
import type * as files from 'node:fs/promises';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { FilesystemDb } from '../../../src/artdaqdb/filesystem/filesystem-db.ts';
import {
  acquireDirectoryLock,
  type DirectoryLock,
  type DirectoryLockOptions,
} from '../../../src/lock/directory-lock.ts';
import { currentOwner } from '../../../src/lock/owner.ts';
import { documentsOfRun } from '../../helpers/artdaqdb-conformance.ts';
import { recordingLogger } from '../../helpers/recording-logger.ts';
import { useTemporaryDirectories } from '../../helpers/temporary-directory.ts';

/** So many calls fail that take a lock's record away. */
const failing = vi.hoisted(() => ({ unlinks: 0 }));

vi.mock('node:fs/promises', async (importOriginal) => {
  const real = await importOriginal<typeof files>();
  const unlink: typeof real.unlink = async (path) => {
    if (failing.unlinks === 0 || !String(path).includes('owner-')) return real.unlink(path);
    failing.unlinks--;
    throw Object.assign(new Error(`EIO: injected, unlink '${path}'`), { code: 'EIO', path });
  };
  return { ...real, unlink };
});

const temporaryDirectory = useTemporaryDirectories();
let path: string;
const takeovers: unknown[] = [];
const options: DirectoryLockOptions = {
  owner: currentOwner(),
  onCompromised: () => undefined,
  onTakeover: (holder) => takeovers.push(holder),
};

beforeEach(async () => {
  failing.unlinks = 0;
  takeovers.length = 0;
  path = join(await temporaryDirectory(), 'x');
});

async function taken(): Promise<DirectoryLock> {
  const answer = await acquireDirectoryLock(path, options);
  if (!('release' in answer)) throw new Error('the lock is held');
  return answer;
}

describe('a lock that could not be released', () => {
  it('is gone after one failure', async () => {
    const lock = await taken();
    failing.unlinks = 1;
    await lock.release();
    expect(existsSync(`${path}.lock`)).toBe(false);
  });

  it('is taken again by the process that left it, which is no takeover', async () => {
    const lock = await taken();
    failing.unlinks = 2;
    await expect(lock.release()).rejects.toThrow('EIO');
    expect(existsSync(`${path}.lock`)).toBe(true);
    await (await taken()).release();
    expect(takeovers).toEqual([]);
    expect(existsSync(`${path}.lock`)).toBe(false);
  });

  it('keeps others of the process out as long as it is held', async () => {
    const lock = await taken();
    expect(await acquireDirectoryLock(path, options)).toHaveProperty('record');
    failing.unlinks = 2;
    const released = lock.release();
    const next = taken();
    await expect(released).rejects.toThrow('EIO');
    const other = await next;
    // Released once: the second time must not take away what is another one's now.
    await expect(lock.release()).rejects.toThrow('EIO');
    expect(await acquireDirectoryLock(path, options)).toHaveProperty('record');
    await other.release();
  });

  it('fails at once, with the reason, if it can not be cleared away later on either', async () => {
    const lock = await taken();
    failing.unlinks = 100;
    await expect(lock.release()).rejects.toThrow('EIO');
    await expect(taken()).rejects.toThrow('EIO');
  });

  it.each([1, 2, 3])('of a FilesystemDB lets the next run be stored (%i failures)', async (failures) => {
    const logger = recordingLogger();
    await mkdir(path);
    const sleep = () => Promise.reject(new Error('it waits for its own lock'));
    const db = new FilesystemDb(path, { logger, sleep });
    await db.insert(4, 'standard', documentsOfRun(4));
    failing.unlinks = failures;
    await db.insert(5, 'standard', documentsOfRun(5));
    failing.unlinks = 0;
    await db.insert(6, 'standard', documentsOfRun(6));
    expect(await db.listRuns()).toEqual([4, 5, 6]);
    const warnings = logger.lines.filter((line) => /WARNING .*could not be removed: EIO/.test(line));
    expect(warnings).toHaveLength(failures === 1 ? 0 : 1);
    await db.close();
  });
});
