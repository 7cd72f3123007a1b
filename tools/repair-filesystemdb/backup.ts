import { type FileHandle, realpath } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import type { DatabaseFiles } from '../../src/artdaqdb/filesystem/database-files.ts';
import { ConfigurationError } from '../../src/errors.ts';
import { syncDirectory, writeFileAtomic } from '../../src/files/atomic-file.ts';
import { errorCode, namingFile, undefinedIfMissing } from '../../src/system-error.ts';

const CHUNK_BYTES = 1 << 20;

/**
 * A directory outside the database that keeps whatever a repair replaces or removes, as `<collection>/<file>`. The first file
 * makes it.
 */
export class Backup {
  readonly #parent: string;
  readonly #name: string;
  readonly #files: DatabaseFiles;
  #directory: string | undefined;

  /**
   * @param parent holds one directory for each repair
   * @param now names this one
   */
  constructor(parent: string, now: Date, files: DatabaseFiles) {
    this.#parent = parent;
    this.#files = files;
    this.#name = now.toISOString().replaceAll(/[-:]/g, '');
  }

  /** Where the files are; undefined if there are none. */
  get directory(): string | undefined {
    return this.#directory;
  }

  /** Copies a file durably, never over an earlier copy: a repair that starts over may meet the same file twice. */
  async keep(path: string): Promise<void> {
    const directory = join(await this.#made(), basename(dirname(path)));
    const files = this.#files;
    await makeDirectory(directory, files);
    const handle = await files.open(path, 'r');
    try {
      const copy = await this.#free(join(directory, basename(path)));
      await writeFileAtomic(copy, contentOf(handle, path), { files });
    } finally {
      await handle.close();
    }
  }

  /** Moves a file here; it leaves the database only when it is safe here. */
  async take(path: string): Promise<void> {
    await this.keep(path);
    await this.#files.rm(path);
    await syncDirectory(dirname(path), this.#files);
  }

  async #free(path: string): Promise<string> {
    for (let number = 1; ; number++) {
      const name = number === 1 ? path : `${path}.${number}`;
      if ((await this.#files.stat(name).catch(undefinedIfMissing)) === undefined) return name;
    }
  }

  async #made(): Promise<string> {
    if (this.#directory !== undefined) return this.#directory;
    await makeDirectory(this.#parent, this.#files);
    for (let number = 1; ; number++) {
      const directory = join(this.#parent, number === 1 ? this.#name : `${this.#name}-${number}`);
      if (!(await makeDirectory(directory, this.#files))) continue;
      this.#directory = directory;
      return directory;
    }
  }
}

/** The default place of backups: beside the database, since the C++ tools take each directory in it for a collection. */
export function defaultBackupParent(database: string): string {
  return `${database}.repairs`;
}

/** @throws ConfigurationError if a backup there would be part of the database */
export async function refuseInside(database: string, parent: string): Promise<void> {
  const inside = relative(await realpath(database), await realPathOfMissing(resolve(parent)));
  if (inside === '' || !(inside === '..' || inside.startsWith('../'))) {
    throw new ConfigurationError(
      `The backup can't go into the database (${parent}): name a directory beside it`,
    );
  }
}

async function* contentOf(handle: FileHandle, path: string): AsyncGenerator<Buffer> {
  for (let place = 0; ; ) {
    const chunk = Buffer.alloc(CHUNK_BYTES);
    const { buffer, bytesRead } = await handle.read(chunk, 0, CHUNK_BYTES, place).catch(namingFile(path));
    if (bytesRead === 0) return;
    place += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

async function realPathOfMissing(path: string): Promise<string> {
  const real = await realpath(path).catch(undefinedIfMissing);
  if (real !== undefined || dirname(path) === path) return real ?? path;
  return join(await realPathOfMissing(dirname(path)), basename(path));
}

/** @returns whether it was made; false if it existed */
async function makeDirectory(path: string, files: DatabaseFiles): Promise<boolean> {
  try {
    await files.mkdir(path);
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  }
  await syncDirectory(dirname(path), files);
  return true;
}
