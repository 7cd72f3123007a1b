import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { FilesystemDb } from '../../../src/artdaqdb/filesystem/filesystem-db.ts';
import { byName, documentsOfRun } from '../../helpers/artdaqdb-conformance.ts';
import {
  copyDocument,
  documentOf,
  forget,
  listAs,
  removeDocument,
  repair,
} from '../../helpers/database-damage.ts';
import { useTemporaryDirectories } from '../../helpers/temporary-directory.ts';

const temporaryDirectory = useTemporaryDirectories();
const repairer = fileURLToPath(new URL('../../helpers/filesystem-db-repairer.mjs', import.meta.url));
const preload = new URL('../../helpers/kill-points/preload.mjs', import.meta.url).href;
const RUNS = [1, 2, 3, 4];

/** A document forgotten, one lost, one twice, a schema forgotten. */
async function damagedDatabase(directory: string): Promise<string> {
  const database = join(directory, 'template');
  const db = new FilesystemDb(database);
  for (const run of RUNS) await db.insert(run, 'standard', documentsOfRun(run));
  await db.close();
  forget(database, 'RunHistory', documentOf(database, '1/standard', 'boot').id);
  removeDocument(database, 'RunHistory', documentOf(database, '2/standard', 'boot').id);
  const { id } = documentOf(database, '3/standard', 'boot');
  copyDocument(database, 'RunHistory', id, 'f'.repeat(24));
  listAs(database, 'RunHistory', id, 'f'.repeat(24));
  forget(database, 'SystemLayout', documentOf(database, '4/standard', 'schema').id);
  return database;
}

async function mendElsewhere(database: string, fatalCall: number): Promise<boolean> {
  const child = spawn(process.execPath, ['--import', preload, repairer, database], {
    env: { ...process.env, KILL_AT: String(fatalCall) },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [code, signal] = await once(child, 'exit');
  if (signal === null && code !== 0) throw new Error(`exit code ${code}`);
  return signal === 'SIGKILL';
}

async function expectWhole(database: string, runs: readonly number[]): Promise<void> {
  const db = new FilesystemDb(database);
  expect(await db.listRuns()).toEqual(runs);
  for (const run of runs) expect(byName(await db.export(run))).toEqual(byName(documentsOfRun(run)));
  await db.close();
}

describe('a repair that is killed', () => {
  it('no run counts as stored that is not whole, and a second repair does the rest', async () => {
    const directory = await temporaryDirectory();
    const template = await damagedDatabase(directory);
    let kills = 0;
    for (let fatalCall = 1; ; fatalCall += 4) {
      const database = join(directory, String(fatalCall));
      await cp(template, database, { recursive: true });
      const isKilled = await mendElsewhere(database, fatalCall);
      const { findings } = await repair(database, { apply: true });
      if (isKilled) kills++;
      else expect(findings).toMatchObject([{ kind: 'half-stored run', run: 2 }]);
      await expectWhole(database, [1, 3, 4]);
      expect((await repair(database, { deep: true })).findings).toMatchObject([
        { kind: 'half-stored run', run: 2 },
      ]);
      if (!isKilled) break;
    }
    expect(kills).toBeGreaterThan(8);
  });
});
