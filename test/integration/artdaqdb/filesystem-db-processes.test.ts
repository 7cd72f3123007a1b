import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { FilesystemDb } from '../../../src/artdaqdb/filesystem/filesystem-db.ts';
import { byName, documentsOfRun } from '../../helpers/artdaqdb-conformance.ts';
import { CppIndexWriter } from '../../helpers/cpp-index-writer.ts';
import { runWriter } from '../../helpers/kill-points/killed-writer.ts';
import { useTemporaryDirectories } from '../../helpers/temporary-directory.ts';

const temporaryDirectory = useTemporaryDirectories();
const documents = documentsOfRun(0);
/** The C++ tools start a program before each file that they write. */
const MKDIR_MS = 5;

/** Lets another process insert runs, one after the other; gives those that it says are stored. */
async function insertElsewhere(database: string, first: number, last: number): Promise<readonly number[]> {
  const batches = Array.from({ length: last - first + 1 }, (_, index) => [
    { kind: 'insert', run: first + index, documents } as const,
  ]);
  return (await runWriter(database, batches)).stored;
}

/** Every document is listed once, and every listed one is there. */
async function expectConsistent(database: string): Promise<void> {
  for (const collection of ['RunHistory', 'SystemLayout']) {
    const directory = join(database, collection);
    const { ouid } = JSON.parse(await readFile(join(directory, 'index.json'), 'utf8'));
    expect([...ouid, 'index'].map((id) => `${id}.json`).sort()).toEqual((await readdir(directory)).sort());
  }
}

describe('a FilesystemDB that several processes write to', () => {
  it('several archivers that write at the same time lose nothing', async () => {
    const database = join(await temporaryDirectory(), 'db');
    const ours = new FilesystemDb(database);
    const runs = (first: number) => Array.from({ length: 12 }, (_, index) => first + index);
    await Promise.all([
      insertElsewhere(database, 100, 111),
      insertElsewhere(database, 200, 211),
      ...runs(300).map((run) => ours.insert(run, 'standard', documents)),
    ]);
    const all = [...runs(100), ...runs(200), ...runs(300)];
    expect(await ours.listRuns()).toEqual(all);
    for (const run of all) expect(byName(await ours.export(run))).toEqual(byName(documents));
    await expectConsistent(database);
  });

  it('archivers and a C++ loader that write at the same time lose nothing of either', async () => {
    const database = join(await temporaryDirectory(), 'db');
    await new FilesystemDb(database).insert(1, 'standard', documents);
    let isOver = false;
    const loaded: number[] = [];
    const load = async (): Promise<void> => {
      for (let run = 900; !isOver; run++) {
        for (const entity of ['boot', 'settings', 'schema']) {
          const collection = entity === 'schema' ? 'SystemLayout' : 'RunHistory';
          const writer = new CppIndexWriter({ database, collection, run, entity });
          await writer.readIndex();
          await wait(MKDIR_MS);
          await writer.cutIndexOff();
          await writer.writeIndex();
          await wait(MKDIR_MS);
        }
        loaded.push(run);
      }
    };
    const loading = load();
    const archivers = [insertElsewhere(database, 100, 119), insertElsewhere(database, 200, 219)];
    const stored = (await Promise.all(archivers)).flat();
    isOver = true;
    await loading;
    const next = new FilesystemDb(database);
    await next.prepare();
    expect(stored).toHaveLength(40);
    expect(loaded.length).toBeGreaterThan(1);
    expect(await next.listRuns()).toEqual([1, ...stored, ...loaded].sort((one, other) => one - other));
    for (const run of stored) expect(byName(await next.export(run))).toEqual(byName(documents));
    for (const run of loaded) expect(await next.export(run)).toHaveLength(3);
    await expectConsistent(database);
  });
});
