import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FilesystemDb } from '../../../src/artdaqdb/filesystem/filesystem-db.ts';
import { ArtdaqDbError, ArtdaqDbPresenceError } from '../../../src/errors.ts';
import { byName, documentsOfRun } from '../../helpers/artdaqdb-conformance.ts';
import { faultyFiles } from '../../helpers/faulty-files.ts';
import { useTemporaryDirectories } from '../../helpers/temporary-directory.ts';

const temporaryDirectory = useTemporaryDirectories();
const history = { name: 'RunHistory2.fcl', text: '\nstop: "now" \n' };

/** Every document is listed once and every listed document is there. */
async function expectConsistent(database: string): Promise<void> {
  for (const collection of ['RunHistory', 'SystemLayout']) {
    const directory = join(database, collection);
    const index = JSON.parse(await readFile(join(directory, 'index.json'), 'utf8'));
    const files = (await readdir(directory)).filter((name) => name !== 'index.json').sort();
    expect(files).toEqual(index.ouid.map((id: string) => `${id}.json`).sort());
  }
}

/** One of our errors that names a file or directory. */
function expectPlaceIn(error: unknown, database: string): void {
  expect(error).toBeInstanceOf(ArtdaqDbError);
  expect(error).toHaveProperty('message', expect.stringContaining(dirname(database)));
}

/** Attempts that are made at the same time, as most of each is waiting for the disk. */
const AT_ONCE = 8;

/** Does something with the first, the second, … call failing, until it goes through without meeting the fault. */
async function eachFault(attempt: (fault: number) => Promise<boolean>): Promise<void> {
  let first = 1;
  for (let isMet = true; isMet; first += AT_ONCE) {
    const faults = Array.from({ length: AT_ONCE }, (_, place) => first + place);
    isMet = (await Promise.all(faults.map(attempt))).every(Boolean);
  }
  expect(first).toBeGreaterThan(30);
}

describe.each([
  ['fails with ENOSPC', 'ENOSPC', false],
  ['is the last that the process makes', 'EIO', true],
])('a FilesystemDB when a system call %s', (_name, code, lasting) => {
  it('an insert is done or not done, and the next one completes it', async () => {
    await eachFault(async (fault) => {
      const database = join(await temporaryDirectory(), 'db');
      const healthy = new FilesystemDb(database);
      if (fault % 2 === 0) await healthy.insert(4, 'standard', documentsOfRun(4));
      const { files, calls } = faultyFiles(fault, code, lasting);
      const outcome = await new FilesystemDb(database, { files })
        .insert(5, 'standard', documentsOfRun(5))
        .then(
          () => undefined,
          (error: unknown) => error,
        );
      const isMet = calls() >= fault;
      if (!isMet || outcome === undefined)
        expect(byName(await healthy.export(5))).toEqual(byName(documentsOfRun(5)));
      else {
        expectPlaceIn(outcome, database);
        if (code === 'ENOSPC') expect(outcome).toHaveProperty('retryable', true);
        // When only the last sync failed, the run may be visible already.
        const isVisible = await healthy.has(5, 'standard');
        const again = healthy.insert(5, 'standard', documentsOfRun(5));
        if (isVisible) await expect(again).rejects.toThrow(ArtdaqDbPresenceError);
        else await again;
        expect(byName(await healthy.export(5))).toEqual(byName(documentsOfRun(5)));
        if (!lasting) await expectConsistent(database);
      }
      expect(await healthy.listRuns()).toEqual(fault % 2 === 0 ? [4, 5] : [5]);
      return isMet;
    });
  });

  it('an update is done or not done, and the next one completes it', async () => {
    await eachFault(async (fault) => {
      const database = join(await temporaryDirectory(), 'db');
      const healthy = new FilesystemDb(database);
      await healthy.insert(5, 'standard', documentsOfRun(5));
      const { files, calls } = faultyFiles(fault, code, lasting);
      const outcome = await new FilesystemDb(database, { files }).update(5, 'standard', [history]).then(
        () => undefined,
        (error: unknown) => error,
      );
      if (outcome !== undefined) expectPlaceIn(outcome, database);
      const isVisible = (await healthy.export(5)).some(({ name }) => name === history.name);
      if (outcome === undefined) expect(isVisible).toBe(true);
      await healthy.update(5, 'standard', [history]);
      expect(byName(await healthy.export(5))).toEqual(byName(documentsOfRun(5, [history])));
      if (!lasting) await expectConsistent(database);
      return calls() >= fault;
    });
  });

  it('an export gives the whole run or an error', async () => {
    const database = join(await temporaryDirectory(), 'db');
    await new FilesystemDb(database).insert(5, 'standard', documentsOfRun(5));
    let fault = 1;
    for (; ; fault++) {
      const { files, calls } = faultyFiles(fault, code, lasting);
      const db = new FilesystemDb(database, { files });
      const outcome = await db.export(5).then(
        (exported) => exported,
        (error: unknown) => error,
      );
      if (Array.isArray(outcome)) expect(byName(outcome)).toEqual(byName(documentsOfRun(5)));
      else expectPlaceIn(outcome, database);
      if (calls() < fault) break;
    }
    expect(fault).toBeGreaterThan(5);
  });
});
