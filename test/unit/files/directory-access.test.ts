import { mkdirSync, readdirSync, statfsSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkWritable, placeOf, spaceLeft } from '../../../src/files/directory-access.ts';
import { useTemporaryDirectories } from '../../helpers/temporary-directory.ts';

const temporaryDirectory = useTemporaryDirectories();

describe('the space of a disk', () => {
  const space = { ...statfsSync(tmpdir()), bsize: 4096, files: 1000, ffree: 500 };
  const left = (bytes: number, more = {}) => spaceLeft({ ...space, bavail: bytes / 4096, ...more }, '/data');

  it('is shown in a unit that people read', () => {
    expect(left(5 * 2 ** 40)).toEqual({ text: ', 5.0 TiB free', warnings: [] });
    expect(left(700 * 2 ** 20)).toEqual({ text: ', 700 MiB free', warnings: [] });
  });

  it('causes a warning while a little is left, and an error when none is', () => {
    expect(left(50 * 2 ** 20).warnings).toEqual([expect.stringContaining('little space')]);
    expect(() => left(4096)).toThrow('The disk of /data is full (4.0 KiB free); make room');
    expect(() => left(2 ** 40, { ffree: 0 })).toThrow('no more files can be made');
    // Some file systems have no fixed number of files, and say 0.
    expect(left(2 ** 40, { files: 0, ffree: 0 }).warnings).toEqual([]);
  });
});

describe('a directory', () => {
  it('is found through links, and the trial leaves nothing in it', async () => {
    const base = await temporaryDirectory();
    mkdirSync(join(base, 'real'));
    symlinkSync(join(base, 'real'), join(base, 'link'));
    expect((await checkWritable(join(base, 'link'), 'app.work_dir')).text).toMatch(/^writable, /);
    expect((await checkWritable(join(base, 'a/b'), 'app.work_dir')).text).toMatch(/^will be made, /);
    expect(readdirSync(base, { recursive: true }).sort()).toEqual(['link', 'real']);
  });

  it('is refused if something is in its way', async () => {
    const base = await temporaryDirectory();
    writeFileSync(join(base, 'file'), '');
    for (const path of ['file', 'file/below', 'file/below/more']) {
      await expect(placeOf(join(base, path), 'app.work_dir')).rejects.toThrow(
        `app.work_dir ${base}/${path} can't be used: ${base}/file is not a directory`,
      );
    }
  });

  it('that the system keeps from being written is reported', async () => {
    await expect(checkWritable('/proc/nothing', 'app.work_dir')).rejects.toThrow(
      /app\.work_dir \/proc\/nothing can't be made in \/proc: .*give the account/,
    );
  });
});
