import type { Version } from './version-store.ts';

/** Where a blob is and what is known of it. */
export interface BlobPlace {
  readonly dataKey: number;
  /** Of its first byte in the journal. */
  readonly position: number;
  readonly size: number;
  readonly adler32: number;
}

/** What a folder holds, in memory. */
export class FolderIndex {
  readonly #versions = new Map<number, Version>();
  readonly #byKey = new Map<string, Version>();
  readonly #blobs = new Map<number, BlobPlace>();
  readonly #blobByHash = new Map<string, BlobPlace>();

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

  blob(dataKey: number): BlobPlace | undefined {
    return this.#blobs.get(dataKey);
  }

  blobWithHash(sha256: string): BlobPlace | undefined {
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

  /** Puts a changed version in the place of the one with its id. */
  replace(version: Version): void {
    this.#versions.set(version.id, version);
    if (version.key !== null) this.#byKey.set(keyOf(version.object, version.key), version);
  }

  addBlob(blob: BlobPlace, sha256: string): void {
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
