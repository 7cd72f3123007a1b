import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { create, Parser, type ReadEntry } from 'tar';
import { ArtdaqDbError } from '../../../errors.ts';

/** A regular file of an archive. */
export interface ArchivedFile {
  /** Relative, with `/` between directories. */
  readonly path: string;
  readonly bytes: Buffer;
}

/** Modification time of everything in an archive; in the past for any clock. */
const STAMP = new Date(1_000_000_000_000);

/**
 * Packs all directories and files below a directory into an archive that tells nothing of owners, modes and times here.
 * @throws ArtdaqDbError if something there is neither file nor directory
 */
export async function packDirectory(directory: string): Promise<Buffer> {
  const odd: string[] = [];
  const archive = create(
    {
      cwd: directory,
      portable: true,
      mtime: STAMP,
      filter: (path, found) => {
        const isFit = 'isFile' in found && (found.isFile() || found.isDirectory());
        if (!isFit) odd.push(path);
        return isFit;
      },
      onWriteEntry: (entry) => {
        // `portable` leaves directories without a time, about which some versions of tar complain.
        entry.noMtime = false;
        if (entry.stat !== undefined) entry.stat.mode = entry.type === 'Directory' ? 0o700 : 0o600;
      },
    },
    ['.'],
  );
  const bytes = await archive.concat();
  const [first] = odd;
  if (first === undefined) return bytes;
  throw new ArtdaqDbError(`'${join(directory, first)}' is not a regular file, so it can't be sent`);
}

/**
 * The regular files of a tar archive, as GNU or POSIX (pax) tar writes them. Directories are passed over.
 * @throws ArtdaqDbError if the archive is cut or damaged, or holds links, devices, one name twice, or a name that leads
 * outside of the directory it is unpacked in
 */
export function unpackTar(archive: Buffer): ArchivedFile[] {
  const files = new Map<string, ArchivedFile>();
  const faults: string[] = [];
  let place = 'its beginning';
  let isWhole = false;
  const take = (entry: ReadEntry): void => {
    const { path, type } = entry;
    place = `'${path}'`;
    const inside = pathInside(path);
    const isFile = type === 'File' || type === 'OldFile';
    const chunks: Buffer[] = [];
    entry.on('data', (chunk) => chunks.push(chunk));
    if (type === 'Directory') return;
    if (!isFile) faults.push(`holds '${path}', which is not a regular file`);
    else if (inside === undefined) faults.push(`holds '${path}', which is outside of its directory`);
    else if (files.has(inside)) faults.push(`holds '${path}' twice`);
    else entry.on('end', () => files.set(inside, { path: inside, bytes: Buffer.concat(chunks) }));
  };
  const parser = new Parser({
    onReadEntry: take,
    onwarn: (code, message) =>
      faults.push(
        code === 'TAR_BAD_ARCHIVE'
          ? `is cut off near ${place}`
          : `has a damaged header near ${place}: ${message}`,
      ),
  });
  // Of an unknown kind, or a name of more than a megabyte, after which the library would take the next file by its short name.
  parser.on('ignoredEntry', ({ path }: ReadEntry) =>
    faults.push(`holds '${path}', which is not a regular file`),
  );
  parser.on('eof', () => {
    isWhole = true;
  });
  parser.end(archive);
  if (!isWhole) faults.push('is cut off');
  if (faults[0] !== undefined) throw new ArtdaqDbError(`The tar archive ${faults[0]}`);
  return [...files.values()];
}

/** The path without detours; undefined if it leads outside. */
function pathInside(path: string): string | undefined {
  const parts = path.split('/').filter((part) => part !== '.' && part !== '');
  if (path.startsWith('/') || parts.length === 0 || parts.includes('..')) return undefined;
  return parts.join('/');
}

/** Writes files below an empty directory that nobody else writes to; their paths lead to nowhere else. */
export async function writeFiles(directory: string, files: readonly ArchivedFile[]): Promise<void> {
  for (const { path, bytes } of files) {
    const target = join(directory, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, bytes, { flag: 'wx' });
  }
}
