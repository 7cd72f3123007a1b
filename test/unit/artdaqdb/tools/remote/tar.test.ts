import { execFileSync } from 'node:child_process';
import { link, mkdir, readdir, readFile, symlink, truncate, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import fc from 'fast-check';
import { Header, Pax } from 'tar';
import { describe, expect, it } from 'vitest';
import {
  type ArchivedFile,
  packDirectory,
  unpackTar,
  writeFiles,
} from '../../../../../src/artdaqdb/tools/remote/tar.ts';
import { ArtdaqDbError } from '../../../../../src/errors.ts';
import { useTemporaryDirectories } from '../../../../helpers/temporary-directory.ts';

const temporaryDirectory = useTemporaryDirectories();

const names = fc
  .string({ unit: fc.constantFrom(...'aZ09 ._-\'"`$*?\\:!#~'), minLength: 1, maxLength: 250 })
  .filter((name) => name !== '.' && name !== '..');
const contents = fc.uint8Array({ maxLength: 3000 }).map((bytes) => Buffer.from(bytes));
const runs = fc
  .uniqueArray(fc.tuple(names, contents), { selector: ([name]) => name, maxLength: 8 })
  .map((files) => files.map(([path, bytes]): ArchivedFile => ({ path, bytes })));

function file(path: string, text = 'text'): ArchivedFile {
  return { path, bytes: Buffer.from(text) };
}

/** An archive of a directory with files of any names, be they outside of it. */
function packTar(files: readonly ArchivedFile[]): Buffer {
  const root = new Header({ path: './', type: 'Directory' });
  root.encode();
  const blocks = files.flatMap(({ path, bytes }) => {
    const header = new Header({ path, type: 'File', size: bytes.length });
    const pax = header.encode() ? [new Pax({ path }).encode()] : [];
    return [...pax, blockOf(header), bytes, Buffer.alloc(-bytes.length & 511)];
  });
  return Buffer.concat([blockOf(root), ...blocks, Buffer.alloc(1024)]);
}

function blockOf({ block }: Header): Buffer {
  if (block === undefined) throw new Error('the header was not encoded');
  return block;
}

/** An archive of a directory that holds these files. */
async function packFiles(files: readonly ArchivedFile[]): Promise<Buffer> {
  const directory = await temporaryDirectory();
  await writeFiles(directory, files);
  return packDirectory(directory);
}

async function readTree(directory: string): Promise<{ directories: string[]; files: ArchivedFile[] }> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const pathOf = (entry: (typeof entries)[number]) => relative(directory, join(entry.parentPath, entry.name));
  const directories = entries
    .filter((entry) => entry.isDirectory())
    .map(pathOf)
    .sort();
  const paths = entries
    .filter((entry) => entry.isFile())
    .map(pathOf)
    .sort();
  const files = paths.map(async (path) => ({ path, bytes: await readFile(join(directory, path)) }));
  return { directories, files: await Promise.all(files) };
}

async function filesOf(directory: string): Promise<readonly ArchivedFile[]> {
  return (await readTree(directory)).files;
}

function tar(args: readonly string[], input?: Buffer): Buffer {
  return execFileSync('tar', args, {
    input,
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, LC_ALL: 'C' },
  });
}

describe('a tar archive', () => {
  it('yields the files that were packed', () => {
    const unchanged = fc.property(runs, (files) => {
      expect(unpackTar(packTar(files))).toEqual(files);
    });
    fc.assert(unchanged);
  });

  it('can be exchanged with the program tar', async () => {
    await fc.assert(
      fc.asyncProperty(runs, fc.constantFrom('gnu', 'pax', 'ustar'), async (files, format) => {
        const sent = await temporaryDirectory();
        const received = await temporaryDirectory();
        tar(['-xf', '-', '-C', sent], await packFiles(files));
        const found = await filesOf(sent);
        expect(found).toEqual([...files].sort((one, other) => (one.path < other.path ? -1 : 1)));
        const fits = format !== 'ustar' || files.every(({ path }) => path.length < 98);
        const packed = tar([`--format=${fits ? format : 'gnu'}`, '-cf', '-', '-C', sent, '.']);
        await writeFiles(received, unpackTar(packed));
        expect(await filesOf(received)).toEqual(found);
      }),
      { numRuns: 12 },
    );
  });

  it('keeps empty directories', async () => {
    const sent = await temporaryDirectory();
    const received = await temporaryDirectory();
    const directories = ['a b', 'a b/c', `long ${'x'.repeat(150)}`];
    for (const path of directories) await mkdir(join(sent, path));
    tar(['-xf', '-', '-C', received], await packDirectory(sent));
    expect(await readTree(received)).toEqual({ directories, files: [] });
  });

  it('keeps the directories of files', async () => {
    const files = [file('cfg/boot.fcl', ''), file('cfg/deeper/settings.fcl'), file('schema.fcl')];
    const directory = await temporaryDirectory();
    await writeFiles(directory, unpackTar(packTar(files)));
    expect(await filesOf(directory)).toEqual(files);
    expect(unpackTar(tar(['-cf', '-', '-C', directory, '.']))).toHaveLength(3);
  });

  it('tells nothing of who packed it', async () => {
    const packed = await packFiles([file('boot.fcl')]);
    expect(tar(['-tvf', '-', './boot.fcl'], packed).toString()).toMatch(/^-rw------- 0\/0 +4 /);
  });

  it('is refused if it is cut anywhere', () => {
    const archive = packTar([file('boot.fcl', 'x'.repeat(600)), file('schema.fcl')]);
    for (let length = 0; length <= archive.length - 1024; length += 128) {
      expect(() => unpackTar(archive.subarray(0, length))).toThrow('cut off');
    }
  });

  it('is refused if a header is damaged', () => {
    const archive = packTar([file('boot.fcl')]);
    archive[3] = 0x41;
    expect(() => unpackTar(archive)).toThrow('damaged');
  });

  it.each(['/etc/passwd', '../boot.fcl', 'cfg/../../boot.fcl', '.', './/'])(
    'is refused if a file is called %s',
    (path) => {
      expect(() => unpackTar(packTar([file(path)]))).toThrow(ArtdaqDbError);
      expect(() => unpackTar(packTar([file(path)]))).toThrow(`'${path}'`);
    },
  );

  it('is refused if it holds one file twice', () => {
    expect(() => unpackTar(packTar([file('cfg/a'), file('./cfg//a')]))).toThrow('twice');
  });

  it.each([
    ['a symbolic link', (at: string) => symlink('/etc/passwd', join(at, 'one'))],
    ['a link to a directory', (at: string) => symlink('..', join(at, 'one'))],
    ['a hard link', (at: string) => link(join(at, 'a'), join(at, 'one'))],
    ['a pipe', async (at: string) => void execFileSync('mkfifo', [join(at, 'one')])],
  ])('is refused with %s', async (_what, make) => {
    const directory = await temporaryDirectory();
    await writeFile(join(directory, 'a'), 'a');
    await make(directory);
    const packed = tar(['-cf', '-', '-C', directory, 'a', 'one']);
    expect(() => unpackTar(packed)).toThrow("'one', which is not a regular file");
  });

  it('is refused with a kind of entry that the library passes over', async () => {
    const directory = await temporaryDirectory();
    await writeFile(join(directory, 'one'), 'a');
    await truncate(join(directory, 'one'), 1_000_000);
    const packed = tar(['--format=gnu', '--sparse', '-cf', '-', '-C', directory, 'one']);
    expect(() => unpackTar(packed)).toThrow("'one', which is not a regular file");
  });

  it('is not made of a directory with anything but files', async () => {
    const directory = await temporaryDirectory();
    await mkdir(join(directory, 'cfg'));
    await symlink('/etc/passwd', join(directory, 'cfg', 'one'));
    await expect(packDirectory(directory)).rejects.toThrow('not a regular file');
  });
});
