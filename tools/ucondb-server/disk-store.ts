import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { ArchiverError } from '../../src/errors.ts';
import { findProcess } from '../../src/lock/processes.ts';
import { errorCode } from '../../src/system-error.ts';
import { adler32 } from '../../src/ucondb/adler32.ts';
import { keyExists, keyLost } from './failure.ts';
import { Journal, type JournalEntry } from './journal.ts';
import { type NewVersion, recordTimeNow, type Version, type VersionStore } from './version-store.ts';

/** Folders, versions and blobs in one journal file in a directory, their index in memory. */
export class DiskStore implements VersionStore {
  readonly #folders = new Map<string, FolderIndex>();
  readonly #journal: Journal;
  readonly #release: () => Promise<void>;
  /** Makes one change after the other. */
  readonly #exclusive = pLimit(1);

  private constructor(journal: Journal, folders: Map<string, FolderIndex>, release: () => Promise<void>) {
    this.#journal = journal;
    this.#folders = folders;
    this.#release = release;
  }

  /** @throws ArchiverError if another server uses the directory, or the journal is damaged */
  static async open(directory: string): Promise<DiskStore> {
    await mkdir(directory, { recursive: true });
    const release = await lockDirectory(directory);
    const folders = new Map<string, FolderIndex>();
    const journal = await Journal.open(join(directory, 'ucondb.journal'), (entry, position) =>
      apply(folders, entry, position),
    ).catch(async (error: unknown) => {
      await release();
      throw error;
    });
    return new DiskStore(journal, folders, release);
  }

  async close(): Promise<void> {
    await this.#journal.close();
    await this.#release();
  }

  async ping(): Promise<void> {
    await this.#journal.check();
  }

  folders(): string[] {
    return [...this.#folders.keys()].sort();
  }

  versions(folder: string): Iterable<Version> | undefined {
    return this.#folders.get(folder)?.versions;
  }

  withKey(folder: string, object: string, key: string): Version | undefined {
    return this.#folders.get(folder)?.withKey(object, key);
  }

  async put(folder: string, version: NewVersion): Promise<Version> {
    const { object, key, override, tr = recordTimeNow() } = version;
    const isTaken = (): boolean =>
      key !== null && !override && this.withKey(folder, object, key) !== undefined;
    if (key !== null && isTaken()) throw keyExists(object, key);
    return this.#exclusive(async () => {
      const dataKey = await this.#storeBlob(folder, version.body);
      if (key !== null && isTaken()) throw keyLost(folder, object, key);
      const { tv, tags } = version;
      const id = this.#folder(folder).nextVersionId;
      await this.#commit({
        is: 'version',
        folder,
        id,
        object,
        key,
        tv,
        tr,
        tags: [...new Set(tags)].sort(),
        dataKey,
      });
      return this.#version(folder, id);
    });
  }

  tag(folder: string, id: number, tag: string): Promise<void> {
    return this.#exclusive(() => this.#commit({ is: 'tag', folder, id, tag }));
  }

  async blob(folder: string, dataKey: number): Promise<Buffer | undefined> {
    const place = this.#folders.get(folder)?.blob(dataKey);
    return place === undefined ? undefined : this.#journal.read(place.position, place.size);
  }

  async createFolder(folder: string, drop: boolean): Promise<void> {
    if (this.#folders.has(folder) && !drop) return;
    await this.#exclusive(() => this.#commit({ is: 'folder', folder, drop }));
  }

  async #storeBlob(folder: string, body: Buffer): Promise<number> {
    const sha256 = createHash('sha256').update(body).digest('hex');
    const index = this.#folder(folder);
    const known = index.blobWithHash(sha256);
    if (known !== undefined) return known.dataKey;
    const dataKey = index.nextDataKey;
    await this.#commit(
      { is: 'blob', folder, dataKey, size: body.length, adler32: adler32(body), sha256 },
      body,
    );
    return dataKey;
  }

  /** First on disk, then visible. */
  async #commit(entry: JournalEntry, bytes?: Buffer): Promise<void> {
    const position = await this.#journal.append(entry, bytes);
    apply(this.#folders, entry, position);
  }

  #folder(name: string): FolderIndex {
    const folder = this.#folders.get(name);
    if (folder === undefined) throw new Error(`no folder ${name}`);
    return folder;
  }

  #version(folder: string, id: number): Version {
    const version = this.#folder(folder).version(id);
    if (version === undefined) throw new Error(`no version ${id} in folder ${folder}`);
    return version;
  }
}

function apply(folders: Map<string, FolderIndex>, entry: JournalEntry, position: number): void {
  const folder = folders.get(entry.folder) ?? new FolderIndex();
  folders.set(entry.folder, folder);
  switch (entry.is) {
    case 'folder':
      if (entry.drop) folder.drop();
      return;
    case 'blob': {
      const { dataKey, size, adler32: sum } = entry;
      folder.addBlob({ dataKey, position, size, adler32: sum }, entry.sha256);
      return;
    }
    case 'version': {
      const { is: _, folder: __, ...version } = entry;
      const { size, adler32: sum } = placeOf(folder, entry.dataKey);
      folder.addVersion({ ...version, size, adler32: sum, deleted: false });
      return;
    }
    default: {
      const version = folder.version(entry.id);
      if (version === undefined) return;
      if (entry.is === 'deleted') folder.replace({ ...version, deleted: true });
      else folder.replace({ ...version, tags: [...new Set([...version.tags, entry.tag])].sort() });
    }
  }
}

function placeOf(folder: FolderIndex, dataKey: number): StoredBlob {
  const place = folder.blob(dataKey);
  if (place === undefined)
    throw new ArchiverError(`the journal has a version of blob ${dataKey} but not the blob`);
  return place;
}

/** Where a blob is, and what it is. */
interface StoredBlob {
  readonly dataKey: number;
  /** Of its first byte in the journal. */
  readonly position: number;
  readonly size: number;
  readonly adler32: number;
}

/** What a folder holds, in memory. */
class FolderIndex {
  readonly #versions = new Map<number, Version>();
  readonly #byKey = new Map<string, Version>();
  readonly #blobs = new Map<number, StoredBlob>();
  readonly #blobByHash = new Map<string, StoredBlob>();

  /** Oldest first. */
  get versions(): Iterable<Version> {
    return this.#versions.values();
  }

  get nextVersionId(): number {
    return this.#versions.size + 1;
  }

  get nextDataKey(): number {
    return this.#blobs.size + 1;
  }

  version(id: number): Version | undefined {
    return this.#versions.get(id);
  }

  withKey(object: string, key: string): Version | undefined {
    return this.#byKey.get(keyOf(object, key));
  }

  blob(dataKey: number): StoredBlob | undefined {
    return this.#blobs.get(dataKey);
  }

  blobWithHash(sha256: string): StoredBlob | undefined {
    return this.#blobByHash.get(sha256);
  }

  /** Adds a version; the one that had its key loses it. */
  addVersion(version: Version): void {
    if (version.key !== null) {
      const before = this.withKey(version.object, version.key);
      if (before !== undefined) this.#versions.set(before.id, { ...before, key: null });
    }
    this.replace(version);
  }

  /** Replaces the version with the same id. */
  replace(version: Version): void {
    this.#versions.set(version.id, version);
    if (version.key !== null) this.#byKey.set(keyOf(version.object, version.key), version);
  }

  addBlob(blob: StoredBlob, sha256: string): void {
    this.#blobs.set(blob.dataKey, blob);
    this.#blobByHash.set(sha256, blob);
  }

  /** Forgets the versions; the blobs stay. */
  drop(): void {
    this.#versions.clear();
    this.#byKey.clear();
  }
}

function keyOf(object: string, key: string): string {
  return JSON.stringify([object, key]);
}

/**
 * Keeps a second server out of a data directory. A lock that a killed server left is taken over.
 * @returns releases the lock
 * @throws ArchiverError if the server that made the lock is running
 */
async function lockDirectory(directory: string): Promise<() => Promise<void>> {
  const path = join(directory, 'server.pid');
  for (;;) {
    try {
      const file = await open(path, 'wx');
      await file.writeFile(`${process.pid}\n`);
      await file.close();
      return () => rm(path, { force: true });
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error;
    }
    const pid = Number(readFileSync(path, 'utf8'));
    // This process's own number stands there by chance: a killed server had it.
    if (pid !== process.pid && Number.isInteger(pid) && pid > 0 && findProcess(pid) !== undefined) {
      throw new ArchiverError(
        `${directory} is in use by process ${pid}; if that is no ucondb-server, remove ${path}`,
      );
    }
    await rm(path, { force: true });
  }
}
