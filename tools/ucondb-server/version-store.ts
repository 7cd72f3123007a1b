/** A version of an object: one upload. */
export interface Version {
  /** Serial number in the folder. */
  readonly id: number;
  readonly object: string;
  /** Null once another version took the key, or if there never was one. */
  readonly key: string | null;
  /** Start of validity, seconds since 1970. */
  readonly tv: number;
  /** Record time, microseconds since 1970. */
  readonly tr: number;
  readonly tags: readonly string[];
  /** Row number of the blob in the folder; equal blobs share it. */
  readonly dataKey: number;
  /** Bytes. */
  readonly size: number;
  readonly adler32: number;
  /** Flagged by an administrator in the database; no longer listed. */
  readonly deleted: boolean;
}

/** What is to become a version. */
export interface NewVersion {
  readonly object: string;
  readonly key: string | null;
  readonly tv: number;
  readonly tags: readonly string[];
  readonly body: Buffer;
  /** Takes the key from the version that has it. */
  readonly override: boolean;
  /** As {@link recordTimeNow} gave when the upload began; that of the put if absent. */
  readonly tr?: number;
}

/** Where folders, versions and blobs are kept. Each change is on disk when its promise is fulfilled. */
export interface VersionStore {
  /** @throws if the store can't be used */
  ping(): Promise<void>;
  folders(): string[];
  /** All versions of a folder, oldest first; undefined if there is no such folder. */
  versions(folder: string): Iterable<Version> | undefined;
  /** The version that has a key now. */
  withKey(folder: string, object: string, key: string): Version | undefined;
  /** @throws Failure if the key is taken and `override` is false */
  put(folder: string, version: NewVersion): Promise<Version>;
  tag(folder: string, id: number, tag: string): Promise<void>;
  blob(folder: string, dataKey: number): Promise<Buffer | undefined>;
  /** Makes a folder; with `drop`, an existing one loses all its versions. */
  createFolder(folder: string, drop: boolean): Promise<void>;
}

let lastRecordTime = 0;

/** Microseconds since 1970, never the same twice. */
export function recordTimeNow(): number {
  const now = Math.round((performance.timeOrigin + performance.now()) * 1000);
  lastRecordTime = Math.max(now, lastRecordTime + 1);
  return lastRecordTime;
}
