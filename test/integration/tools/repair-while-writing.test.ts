import { copyFileSync, existsSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { realFiles } from '../../../src/artdaqdb/filesystem/database-files.ts';
import { FilesystemDb } from '../../../src/artdaqdb/filesystem/filesystem-db.ts';
import { byName, documentsOfRun } from '../../helpers/artdaqdb-conformance.ts';
import { documentOf, forget, readIndex, repair } from '../../helpers/database-damage.ts';
import { useTemporaryDirectories } from '../../helpers/temporary-directory.ts';

const temporaryDirectory = useTemporaryDirectories();
const SETTLE = 10_000;

/** A database with one run, whose index has lost a document; gives the path of both. */
async function database(): Promise<{ directory: string; index: string; document: string; whole: Buffer }> {
  const directory = join(await temporaryDirectory(), 'db');
  const db = new FilesystemDb(directory);
  await db.insert(1, 'standard', documentsOfRun(1));
  await db.close();
  const index = join(directory, 'RunHistory', 'index.json');
  const whole = readFileSync(index);
  const { id } = documentOf(directory, '1/standard', 'boot');
  forget(directory, 'RunHistory', id);
  return { directory, index, document: join(directory, 'RunHistory', `${id}.json`), whole };
}

/** A clock that waiting moves on. */
function clock(whileWaiting: () => void) {
  let time = Date.now();
  const waits: number[] = [];
  return {
    waits,
    settleMilliseconds: SETTLE,
    now: () => time,
    sleep: async (milliseconds: number) => {
      waits.push(milliseconds);
      time += milliseconds;
      whileWaiting();
    },
  };
}

describe('a repair beside other writers', () => {
  it('the repair waits for a document on its way into the index', async () => {
    const { directory, index, whole } = await database();
    const context = clock(() => writeFileSync(index, whole));
    expect((await repair(directory, { apply: true }, context)).findings).toEqual([]);
    expect(context.waits).toHaveLength(1);
    expect(context.waits[0]).toBeLessThanOrEqual(SETTLE);
  });

  it('the repair lists what is still unlisted then, and leaves alone what came meanwhile', async () => {
    const { directory, document } = await database();
    const late = document.replace(/[^/]*$/, `${'f'.repeat(24)}.json`);
    const context = clock(() => {
      copyFileSync(document, late);
      utimesSync(late, context.now() / 1000, context.now() / 1000);
    });
    const { findings, notes } = await repair(directory, { apply: true }, context);
    expect(findings).toMatchObject([{ kind: 'unlisted document', entity: 'boot' }]);
    expect(notes).toEqual([`${late} is too young to judge: it is probably being stored`]);
    expect(readIndex(directory, 'RunHistory').ouid).toHaveLength(2);
    expect(existsSync(late)).toBe(true);
  });

  it('the repair starts over if an index changes meanwhile, and keeps what the other program wrote', async () => {
    const { directory } = await database();
    let disturbances = 0;
    const disturbOnce = (): void => {
      if (disturbances++ === 0)
        forget(directory, 'RunHistory', documentOf(directory, '1/standard', 'settings').id);
    };
    const files: typeof realFiles = {
      ...realFiles,
      mkdir: Object.assign(async (path: string) => {
        disturbOnce(); // Between the check and the writing: the backup is made then.
        return realFiles.mkdir(path);
      }),
    };
    const { done } = await repair(directory, { apply: true }, { files });
    expect(disturbances).toBeGreaterThan(1);
    expect(done).toHaveLength(1);
    const db = new FilesystemDb(directory);
    expect(byName(await db.export(1))).toEqual(byName(documentsOfRun(1)));
    await db.close();
  });

  it('the report says so when the database is written all the time', async () => {
    const { directory, index } = await database();
    const files: typeof realFiles = {
      ...realFiles,
      readFile: async (path: string) => {
        writeFileSync(index, `${readFileSync(index, 'utf8')} `);
        return realFiles.readFile(path);
      },
    };
    const { notes } = await repair(directory, {}, { files });
    expect(notes).toEqual([expect.stringContaining('was being written during the check')]);
    await expect(repair(directory, { apply: true }, { files })).rejects.toThrow('written all the time');
  });
});
