import { open, rename } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { expect, it } from 'vitest';
import { type DatabaseFiles, realFiles } from '../../../src/artdaqdb/filesystem/database-files.ts';
import { FilesystemDb } from '../../../src/artdaqdb/filesystem/filesystem-db.ts';
import { documentsOfRun } from '../../helpers/artdaqdb-conformance.ts';
import { useTemporaryDirectories } from '../../helpers/temporary-directory.ts';

const temporaryDirectory = useTemporaryDirectories();

/** Files that tell what a power cut could take: contents and names that no fsync has made durable. */
function watchedFiles(database: string) {
  const unsynced = { contents: new Set<string>(), names: new Set<string>() };
  const renamed: string[] = [];
  const atRisk: string[] = [];
  const files: DatabaseFiles = {
    ...realFiles,
    open: async (path, flags, mode) => {
      const handle = await open(path, flags, mode);
      const name = String(path);
      if (flags === 'wx') unsynced.contents.add(name);
      const sync = handle.sync.bind(handle);
      handle.sync = async () => {
        await sync();
        unsynced.contents.delete(name);
        for (const each of unsynced.names) if (dirname(each) === name) unsynced.names.delete(each);
      };
      return handle;
    },
    rename: async (from, to) => {
      const [temporary, target] = [String(from), String(to)];
      if (unsynced.contents.has(temporary)) atRisk.push(`content of ${relative(database, target)}`);
      if (basename(target) === 'index.json') {
        for (const name of unsynced.names) atRisk.push(`${relative(database, name)} when ${target} lists it`);
      }
      await rename(temporary, target);
      unsynced.names.add(target);
      renamed.push(relative(database, target));
    },
  };
  return { files, unsynced, renamed, atRisk };
}

it('the index lists documents only when a power cut can take neither their contents nor their names', async () => {
  const database = join(await temporaryDirectory(), 'db');
  await new FilesystemDb(database).insert(4, 'standard', documentsOfRun(4));
  const { files, unsynced, renamed, atRisk } = watchedFiles(database);
  const db = new FilesystemDb(database, { files });
  await db.insert(5, 'standard', documentsOfRun(5));
  await db.update(5, 'standard', [{ name: 'RunHistory2.fcl', text: 'stop: "now"\n' }]);
  expect(atRisk).toEqual([]);
  expect([...unsynced.names]).toEqual([]);
  const indexes = renamed.filter((path) => basename(path) === 'index.json').map((path) => dirname(path));
  expect(indexes).toEqual(['RunHistory', 'SystemLayout', 'RunHistory']);
  expect(renamed).toHaveLength(documentsOfRun(5).length + 1 + indexes.length);
});
