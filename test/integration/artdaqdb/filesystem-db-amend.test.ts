import { cpSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FilesystemDb } from '../../../src/artdaqdb/filesystem/filesystem-db.ts';
import { ArtdaqDbError } from '../../../src/errors.ts';
import { byName, documentsOfRun } from '../../helpers/artdaqdb-conformance.ts';
import { faultyFiles } from '../../helpers/faulty-files.ts';
import { useTemporaryDirectories } from '../../helpers/temporary-directory.ts';

const temporaryDirectory = useTemporaryDirectories();
const before = { name: 'RunHistory2.fcl', text: '\nDAQInterface_start_time: "a" \n' };
const after = { name: 'RunHistory2.fcl', text: `${before.text}\nDAQInterface_stop_time: "b" \n` };

function stored(database: string): Map<string, string> {
  const directory = join(database, 'RunHistory');
  return new Map(readdirSync(directory).map((name) => [name, readFileSync(join(directory, name), 'utf8')]));
}

describe('an amendment of a FilesystemDB', () => {
  it('an amendment changes one file and no index', async () => {
    const database = join(await temporaryDirectory(), 'db');
    const db = new FilesystemDb(database);
    await db.insert(5, 'standard', documentsOfRun(5, [before]));
    const was = stored(database);
    expect(await db.amend(5, 'standard', after, () => true)).toBe('replaced');
    await db.close();
    const is = stored(database);
    expect([...is.keys()]).toEqual([...was.keys()]);
    const changed = [...is].filter(([name, text]) => was.get(name) !== text);
    expect(changed).toHaveLength(1);
    expect(changed[0]?.[1]).toContain('DAQInterface_stop_time');
    expect(is.get('index.json')).toBe(was.get('index.json'));
  });

  it('an amendment is stored whole or not at all, whichever system call it dies in', async () => {
    const directory = await temporaryDirectory();
    const original = join(directory, 'original');
    const db = new FilesystemDb(original);
    await db.insert(5, 'standard', documentsOfRun(5, [before]));
    await db.close();
    const outcomes = new Set<string>();
    for (let fault = 1; ; fault++) {
      const database = join(directory, `db${fault}`);
      cpSync(original, database, { recursive: true });
      const { files, calls } = faultyFiles(fault, 'EIO', true);
      const failure = await new FilesystemDb(database, { files, sleep: async () => undefined })
        .amend(5, 'standard', after, () => true)
        .then(
          () => undefined,
          (error: unknown) => error,
        );
      const [history] = (await new FilesystemDb(database).export(5)).filter(
        ({ name }) => name === before.name,
      );
      expect([before.text, after.text]).toContain(history?.text);
      outcomes.add(history?.text ?? '');
      const repeated = new FilesystemDb(database);
      await repeated.amend(5, 'standard', after, (text) => text === before.text);
      expect(byName(await repeated.export(5))).toEqual(byName(documentsOfRun(5, [after])));
      await repeated.close();
      if (failure === undefined && calls() < fault) break;
      if (failure !== undefined) expect(failure).toBeInstanceOf(ArtdaqDbError);
    }
    expect(outcomes.size).toBe(2);
  });
});
