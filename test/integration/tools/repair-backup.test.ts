import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { realFiles } from '../../../src/artdaqdb/filesystem/database-files.ts';
import { Backup } from '../../../tools/repair-filesystemdb/backup.ts';
import { useTemporaryDirectories } from '../../helpers/temporary-directory.ts';

const temporaryDirectory = useTemporaryDirectories();
const NOW = new Date(Date.UTC(2026, 10, 24, 10, 30));

describe('the backup of a repair', () => {
  it('the backup keeps every state of a file, and removes files from the database only when they are safe', async () => {
    const directory = await temporaryDirectory();
    const index = join(directory, 'db', 'RunHistory', 'index.json');
    mkdirSync(join(index, '..'), { recursive: true });
    const parent = join(directory, 'kept');
    const backup = new Backup(parent, NOW, realFiles);
    expect([backup.directory, existsSync(parent)]).toEqual([undefined, false]);
    for (const text of ['one', 'two', '']) {
      writeFileSync(index, text);
      await (text === '' ? backup.take(index) : backup.keep(index));
    }
    expect(existsSync(index)).toBe(false);
    const kept = join(backup.directory ?? '', 'RunHistory');
    expect(
      readdirSync(kept)
        .sort()
        .map((name) => [name, readFileSync(join(kept, name), 'utf8')]),
    ).toEqual([
      ['index.json', 'one'],
      ['index.json.2', 'two'],
      ['index.json.3', ''],
    ]);
  });

  it('each backup has a directory of its own, even if two repairs begin at once', async () => {
    const directory = await temporaryDirectory();
    const file = join(directory, 'RunHistory.json');
    writeFileSync(file, 'x');
    const backups = [1, 2].map(() => new Backup(join(directory, 'kept'), NOW, realFiles));
    for (const backup of backups) await backup.keep(file);
    expect(new Set(backups.map((backup) => backup.directory)).size).toBe(2);
  });
});
