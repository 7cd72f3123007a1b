import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { realFiles } from '../../../src/artdaqdb/filesystem/database-files.ts';
import { FilesystemDb } from '../../../src/artdaqdb/filesystem/filesystem-db.ts';
import { silentLogger } from '../../../src/log/logger.ts';
import { RunListFile } from '../../../src/state/run-list-file.ts';
import { documentsOfRun } from '../../helpers/artdaqdb-conformance.ts';
import { CppIndexWriter } from '../../helpers/cpp-index-writer.ts';
import { useTemporaryDirectories } from '../../helpers/temporary-directory.ts';

const temporaryDirectory = useTemporaryDirectories();

let top: string;
let database: string;
let ahead: number;

beforeEach(async () => {
  top = await temporaryDirectory();
  database = join(top, 'db');
  ahead = 10_000;
  await store([3, 4, 7]);
});

async function store(runs: readonly number[]): Promise<void> {
  const db = new FilesystemDb(database);
  for (const run of runs) await db.insert(run, 'standard', documentsOfRun(run));
  await db.close();
}

/** One execution that only lists: the runs, and how often it read an index. */
async function execution(options = { mayBeRemembered: true }, location = database) {
  const files = { ...realFiles };
  const reading = vi.spyOn(files, 'readSync');
  // Files age faster than tests run.
  const now = (): Date => new Date(Date.now() + ahead);
  const runLists = new RunListFile(join(top, 'runs.json'), { now, logger: silentLogger });
  const db = new FilesystemDb(location, { files, now, runLists });
  await db.prepare();
  const runs = await db.listRuns(options);
  expect(await db.listRuns(options)).toEqual(runs);
  await db.close();
  return { runs, reads: reading.mock.calls.length };
}

describe('an execution with nothing to do', () => {
  it('reads no index when none has changed since the one before', async () => {
    expect(await execution()).toMatchObject({ runs: [3, 4, 7], reads: 1 });
    expect(await execution()).toEqual({ runs: [3, 4, 7], reads: 0 });
    expect(JSON.parse(await readFile(join(top, 'runs.json'), 'utf8'))).toMatchObject({
      content: { runs: ['3-4', '7'] },
    });
  });

  it('reads the index again after this project or another program has written it', async () => {
    await execution();
    await store([5]);
    expect(await execution()).toMatchObject({ runs: [3, 4, 5, 7], reads: 1 });
    await new CppIndexWriter({ database, collection: 'SystemLayout', run: 9, entity: 'schema' }).store();
    const { runs, reads } = await execution();
    expect(runs).toEqual([3, 4, 5, 7, 9]);
    expect(reads).toBeGreaterThan(0);
  });

  it('remembers nothing of an index that has changed within the last three seconds', async () => {
    ahead = 0;
    for (let turn = 0; turn < 2; turn++)
      expect(await execution()).toMatchObject({ runs: [3, 4, 7], reads: 1 });
  });

  it('reads the index if it must not rely on a list that is remembered', async () => {
    await execution();
    expect(await execution({ mayBeRemembered: false })).toMatchObject({ runs: [3, 4, 7], reads: 1 });
  });

  it('finds the runs of its own database although what is remembered is damaged, foreign or lost', async () => {
    await execution();
    const path = join(top, 'runs.json');
    const text = await readFile(path, 'utf8');
    for (const damaged of [text.replace('"7"', '"8"'), text.slice(0, 50), '{}', '']) {
      await writeFile(path, damaged);
      expect((await execution()).runs).toEqual([3, 4, 7]);
    }
    expect((await execution({ mayBeRemembered: true }, join(top, 'other'))).runs).toEqual([]);
    expect((await execution()).runs).toEqual([3, 4, 7]);
  });
});
