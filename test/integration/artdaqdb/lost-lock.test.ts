import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { thisOrigin } from '../../../src/artdaqdb/database-description.ts';
import { realFiles } from '../../../src/artdaqdb/filesystem/database-files.ts';
import { DatabaseLock, type HeldLock } from '../../../src/artdaqdb/filesystem/database-lock.ts';
import { FilesystemDb } from '../../../src/artdaqdb/filesystem/filesystem-db.ts';
import { SharedDatabase } from '../../../src/artdaqdb/filesystem/sharing/shared-database.ts';
import { storeRuns } from '../../../src/artdaqdb/filesystem/store-runs.ts';
import { submission } from '../../../src/artdaqdb/submission.ts';
import { ArtdaqDbError } from '../../../src/errors.ts';
import { currentOwner } from '../../../src/lock/owner.ts';
import { silentLogger } from '../../../src/log/logger.ts';
import { documentsOfRun } from '../../helpers/artdaqdb-conformance.ts';
import { useTemporaryDirectories } from '../../helpers/temporary-directory.ts';

const temporaryDirectory = useTemporaryDirectories();
const now = () => new Date(1e12);

async function contentOf(database: string) {
  const collections = ['RunHistory', 'SystemLayout'].map(async (name) => ({
    files: (await readdir(join(database, name))).sort(),
    index: await readFile(join(database, name, 'index.json'), 'utf8'),
  }));
  return Promise.all(collections);
}

it.each([1, 2])('no index is replaced after the lock was lost, noticed at index %i', async (lostAt) => {
  const database = join(await temporaryDirectory(), 'db');
  const db = new FilesystemDb(database);
  await db.insert(4, 'standard', documentsOfRun(4));
  const before = await contentOf(database);
  const lost = new ArtdaqDbError('the lock is lost', { retryable: true });
  let asked = 0;
  const confirm = () => {
    if (++asked >= lostAt) throw lost;
  };
  const shared = new SharedDatabase({
    directory: database,
    location: db.location,
    origin: thisOrigin(''),
    lock: {
      hold: <Result>(work: (lock: HeldLock) => Promise<Result>) => work({ takenOver: false, confirm }),
    },
    files: realFiles,
    sleep: async () => undefined,
    now,
    logger: silentLogger,
  });
  const insert = await submission('insert', 5, 'standard', documentsOfRun(5), now);
  expect(await storeRuns([insert], shared, now, silentLogger.warning)).toEqual([lost]);
  expect(asked).toBe(lostAt);
  expect((await contentOf(database)).slice(lostAt - 1)).toEqual(before.slice(lostAt - 1));
  expect(await db.listRuns()).toEqual([4]);
});

it('the holder notices when somebody removes the lock', async () => {
  const database = await temporaryDirectory();
  const metadata = join(database, 'SystemMetadata');
  await mkdir(metadata);
  const owner = currentOwner();
  const lock = new DatabaseLock(database, { owner, sleep: async () => undefined, logger: silentLogger });
  await lock.hold(async (held) => {
    held.confirm();
    for (const name of await readdir(metadata)) await rm(join(metadata, name), { recursive: true });
    await vi.waitFor(() => expect(() => held.confirm()).toThrow(ArtdaqDbError), { timeout: 60_000 });
  });
});
