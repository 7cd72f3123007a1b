import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { ArtdaqDbError } from '../../../errors.ts';

/** A regular file of an archive. */
export interface ArchivedFile {
  /** Relative, with `/` between directories. */
  readonly path: string;
  readonly bytes: Buffer;
}

/** What an archive is made of. */
export interface ArchivedTree {
  readonly directories: readonly string[];
  readonly files: readonly ArchivedFile[];
}

const BLOCK = 512;
/** Modification time given to all files; in the past for any clock. */
const STAMP = 1_000_000_000;
const NAME_BYTES = 100;

/**
 * A tar archive (POSIX.1-1988 headers, GNU extension for long names) that tells nothing of owners, modes and times here.
 */
export function packTar({ directories, files }: ArchivedTree): Buffer {
  return Buffer.concat([
    ...directories.flatMap((path) => member(path, '5', Buffer.alloc(0))),
    ...files.flatMap(({ path, bytes }) => member(path, '0', bytes)),
    Buffer.alloc(2 * BLOCK),
  ]);
}

/**
 * The regular files of a tar archive, as GNU or POSIX (pax) tar writes them. Directories are passed over.
 * @throws ArtdaqDbError if the archive is cut or damaged, or holds links, devices, one name twice, or a name that leads
 * outside of the directory it is unpacked in
 */
export function unpackTar(archive: Buffer): ArchivedFile[] {
  const files = new Map<string, ArchivedFile>();
  let longName: string | undefined;
  for (let offset = 0; ; ) {
    const header = archive.subarray(offset, offset + BLOCK);
    if (header.length < BLOCK) throw new ArtdaqDbError('The tar archive is cut off');
    if (header.every((byte) => byte === 0)) break;
    const { name, type, size } = readHeader(header);
    const start = offset + BLOCK;
    const bytes = archive.subarray(start, start + size);
    if (bytes.length < size) throw new ArtdaqDbError(`The tar archive is cut off in '${longName ?? name}'`);
    offset = start + Math.ceil(size / BLOCK) * BLOCK;
    if (type === 'L') longName = textOf(bytes);
    else if (type === 'x') longName = paxPath(bytes) ?? longName;
    else if (type !== 'g') {
      const path = longName ?? name;
      longName = undefined;
      if (type === '5') continue;
      if (type !== '0')
        throw new ArtdaqDbError(`The tar archive holds '${path}', which is not a regular file`);
      const inside = pathInside(path);
      if (files.has(inside)) throw new ArtdaqDbError(`The tar archive holds '${path}' twice`);
      files.set(inside, { path: inside, bytes });
    }
  }
  return [...files.values()];
}

function member(path: string, type: '0' | '5', bytes: Buffer): Buffer[] {
  const name = Buffer.from(path);
  if (name.length < NAME_BYTES) return blocks(name, type, bytes);
  const long = Buffer.concat([name, Buffer.alloc(1)]);
  return [
    ...blocks(Buffer.from('./@LongLink'), 'L', long),
    ...blocks(name.subarray(0, NAME_BYTES), type, bytes),
  ];
}

function blocks(name: Buffer, type: string, bytes: Buffer): Buffer[] {
  const header = Buffer.alloc(BLOCK);
  name.copy(header);
  const octal = (value: number, at: number, digits: number) =>
    header.write(value.toString(8).padStart(digits, '0'), at, 'latin1');
  octal(type === '5' ? 0o700 : 0o600, 100, 7);
  octal(0, 108, 7);
  octal(0, 116, 7);
  octal(bytes.length, 124, 11);
  octal(STAMP, 136, 11);
  header.write(type, 156, 'latin1');
  header.write('ustar  \0', 257, 'latin1');
  octal(checksum(header), 148, 6);
  header.write('\0 ', 154, 'latin1');
  return [header, bytes, Buffer.alloc(-bytes.length & (BLOCK - 1))];
}

function readHeader(header: Buffer): { name: string; type: string; size: number } {
  const octal = (from: number, to: number) => {
    const digits = /^ *([0-7]+)[ \0]*$/.exec(header.toString('latin1', from, to))?.[1];
    if (digits === undefined) throw new ArtdaqDbError('The tar archive has a damaged header');
    return Number.parseInt(digits, 8);
  };
  if (octal(148, 156) !== checksum(header)) throw new ArtdaqDbError('The tar archive has a damaged header');
  const hasPrefix = header.toString('latin1', 257, 263) === 'ustar\0';
  const prefix = hasPrefix ? textOf(header.subarray(345, 500)) : '';
  const name = textOf(header.subarray(0, NAME_BYTES));
  const type = String.fromCharCode(header[156] ?? 0);
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    type: type === '\0' ? '0' : type,
    size: octal(124, 136),
  };
}

/** Sum of the header's bytes, those of the checksum itself taken as blanks. */
function checksum(header: Buffer): number {
  return header.reduce((sum, byte, index) => sum + (index >= 148 && index < 156 ? 0x20 : byte), 0);
}

function paxPath(records: Buffer): string | undefined {
  for (let rest = records; rest.length > 0; ) {
    const length = Number(/^(\d+) /.exec(rest.toString('latin1', 0, 20))?.[1] ?? 0);
    const [, key, value] = /^\d+ ([^=]*)=(.*)\n$/s.exec(textOf(rest.subarray(0, length))) ?? [];
    if (key === undefined) throw new ArtdaqDbError('The tar archive has a damaged extended header');
    if (key === 'path') return value;
    rest = rest.subarray(length);
  }
  return undefined;
}

/** Text up to the first NUL. */
function textOf(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end === -1 ? bytes.length : end);
}

function pathInside(path: string): string {
  const parts = path.split('/').filter((part) => part !== '.' && part !== '');
  if (path.startsWith('/') || parts.length === 0 || parts.includes('..')) {
    throw new ArtdaqDbError(`The tar archive holds '${path}', which is outside of its directory`);
  }
  return parts.join('/');
}

/**
 * All directories and files below a directory, in order of path.
 * @throws ArtdaqDbError if something there is neither file nor directory
 */
export async function readTree(directory: string): Promise<ArchivedTree> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const directories: string[] = [];
  const files: ArchivedFile[] = [];
  for (const entry of entries) {
    const place = join(entry.parentPath, entry.name);
    const path = relative(directory, place).split(sep).join('/');
    if (entry.isDirectory()) directories.push(path);
    else if (entry.isFile()) files.push({ path, bytes: await readFile(place) });
    else throw new ArtdaqDbError(`'${place}' is not a regular file, so it can't be sent`);
  }
  files.sort((one, other) => (one.path < other.path ? -1 : 1));
  return { directories: directories.sort(), files };
}

/** Writes files below an empty directory that nobody else writes to; their paths lead to nowhere else. */
export async function writeFiles(directory: string, files: readonly ArchivedFile[]): Promise<void> {
  for (const { path, bytes } of files) {
    const target = join(directory, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, bytes, { flag: 'wx' });
  }
}
