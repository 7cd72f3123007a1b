import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeFilesTogether } from '../../../src/files/files-together.ts';
import { useTemporaryDirectories } from '../../helpers/temporary-directory.ts';

const makeDirectory = useTemporaryDirectories();
const go = { stop: new AbortController().signal, replace: false };
const over = { ...go, replace: true };
const files = [
  { name: 'a.fcl', bytes: Buffer.from('a: 1\n') },
  { name: 'b.fcl', bytes: Buffer.from('b: 2\n') },
];
/** No file can have that name. */
const impossible = { name: 'x'.repeat(300), bytes: Buffer.of() };

it('writing files together makes the directory, with all above it, and nothing else', async () => {
  const top = await makeDirectory();
  expect(await writeFilesTogether(join(top, 'runs', '7'), files, go)).toBe(true);
  expect(await readdir(join(top, 'runs'))).toEqual(['7']);
  expect((await readdir(join(top, 'runs', '7'))).sort()).toEqual(['a.fcl', 'b.fcl']);
  expect(await readFile(join(top, 'runs', '7', 'b.fcl'), 'utf8')).toBe('b: 2\n');
});

it('an existing directory keeps its other files, and files of the same name are replaced', async () => {
  const top = await makeDirectory();
  await writeFile(join(top, 'mine'), 'mine');
  await writeFile(join(top, 'a.fcl'), 'old');
  await chmod(join(top, 'a.fcl'), 0o640);
  expect(await writeFilesTogether(top, files, over)).toBe(true);
  expect((await readdir(top)).sort()).toEqual(['a.fcl', 'b.fcl', 'mine']);
  expect((await stat(join(top, 'a.fcl'))).mode & 0o777).toBe(0o640);
  expect(await readFile(join(top, 'a.fcl'), 'utf8')).toBe('a: 1\n');
});

it('nothing is left behind when one of the files cannot be written', async () => {
  const top = await makeDirectory();
  const target = join(top, '7');
  const failing = () => writeFilesTogether(target, [...files, impossible], over);
  await expect(failing()).rejects.toThrow(/^nothing was written: .*ENAMETOOLONG/);
  expect(await readdir(top)).toEqual([]);
  await mkdir(target);
  await writeFile(join(target, 'a.fcl'), 'old');
  await expect(failing()).rejects.toThrow('nothing was written');
  expect(await readdir(target)).toEqual(['a.fcl']);
  expect(await readFile(join(target, 'a.fcl'), 'utf8')).toBe('old');
});

it('the error says what is in place when a file of a directory cannot be replaced', async () => {
  const top = await makeDirectory();
  await mkdir(join(top, 'b.fcl'));
  await expect(writeFilesTogether(top, files, over)).rejects.toThrow('only 1 of 2 files are in place: ');
  expect((await readdir(top)).sort()).toEqual(['a.fcl', 'b.fcl']);
});

it('without leave to replace, a file that somebody else put there stays, and the files added before are removed', async () => {
  const top = await makeDirectory();
  await writeFile(join(top, 'b.fcl'), 'of somebody else');
  await expect(writeFilesTogether(top, files, go)).rejects.toThrow(/^nothing was written: EEXIST/);
  expect(await readdir(top)).toEqual(['b.fcl']);
  expect(await readFile(join(top, 'b.fcl'), 'utf8')).toBe('of somebody else');
});

it('nothing is written after a stop, and nothing remains to be done at the end of the process', async () => {
  const top = await makeDirectory();
  const before = process.listenerCount('exit');
  expect(await writeFilesTogether(join(top, '7'), files, { ...go, stop: AbortSignal.abort() })).toBe(false);
  expect(await readdir(top)).toEqual([]);
  expect(process.listenerCount('exit')).toBe(before);
});

describe('files in subdirectories', () => {
  const deep = [
    ...files,
    { name: 'sub/x/c.fcl', bytes: Buffer.of(0xff) },
    { name: 'sub/d.fcl', bytes: Buffer.of() },
  ];

  it('are put into a new directory and into an existing one', async () => {
    const top = await makeDirectory();
    for (const options of [go, over]) {
      const target = join(top, String(options.replace));
      expect(await writeFilesTogether(target, deep, options)).toBe(true);
      expect(await writeFilesTogether(target, deep, over)).toBe(true);
      await mkdir(join(top, `there-${options.replace}`));
      expect(await writeFilesTogether(join(top, `there-${options.replace}`), deep, options)).toBe(true);
      for (const directory of [target, join(top, `there-${options.replace}`)]) {
        expect(await readdir(join(directory, 'sub', 'x'))).toEqual(['c.fcl']);
        expect(await readFile(join(directory, 'sub', 'x', 'c.fcl'))).toEqual(Buffer.of(0xff));
      }
    }
  });

  it('leave no directory behind when one of them exists already', async () => {
    const top = await makeDirectory();
    await writeFile(join(top, 'b.fcl'), 'of somebody else');
    await expect(writeFilesTogether(top, deep, go)).rejects.toThrow(/^nothing was written: EEXIST/);
    expect(await readdir(top)).toEqual(['b.fcl']);
  });
});
