import type { Logger } from '../log/logger.ts';
import type { RunNumber } from '../runs/run-number.ts';
import { RunSet } from '../runs/run-set.ts';
import type { UconDbAddress } from './address.ts';
import { saysNotFound } from './answers.ts';
import type { Conversation } from './conversation.ts';
import { readListing } from './listing.ts';

/** The runs that listings of an object have found. */
export interface KnownKeys {
  readonly runs: RunSet;
  /** The day of the last listing in full. */
  readonly day: string;
  /** Versions recorded after this time are listed again; seconds since 1970 by the server's clock. */
  readonly since: number;
  /** The versions recorded after it: the record time of each by its run; one at least. */
  readonly recent: ReadonlyMap<RunNumber, number>;
}

/** Remembers keys from one execution to the next, and may lose them at any time. */
export interface KeyCache {
  /** The day that it is now. */
  today(): string;
  /** @param place server, folder and object */
  read(place: string): Promise<KnownKeys | undefined>;
  write(place: string, known: KnownKeys): Promise<void>;
}

/** How keys are listed. */
export interface KeyListingOptions {
  /** May the server be asked for new versions alone? No note is dropped on the word of what is remembered. */
  readonly mayBeRemembered?: boolean;
}

/** What a {@link KeyListing} works with. */
export interface KeyListingParts {
  /** Absent: nothing is remembered. */
  readonly cache: KeyCache | undefined;
  /** Largest listing, in megabytes. */
  readonly maxMb: number;
  readonly logger: Logger;
}

/**
 * A version's record time is the time when its upload began, so a slow upload shows later than others that began after it. Each
 * listing of new versions begins this long before the newest one known. What takes longer is found by the next listing in full.
 */
const OVERLAP_SECONDS = 3600;

/** Lists the runs that have a key in one object. */
export class KeyListing {
  readonly #address: UconDbAddress;
  readonly #parts: KeyListingParts;

  constructor(address: UconDbAddress, parts: KeyListingParts) {
    this.#address = address;
    this.#parts = parts;
  }

  /**
   * All runs that have a key, ascending, as the server says.
   * @param day on which they are to be remembered; they are not if it is absent
   * @throws UconDbError if the listing is incomplete
   */
  async inFull(conversation: Conversation, day?: string): Promise<RunNumber[]> {
    const { runs, versions } = await this.#ask(conversation, this.#address.versions());
    const latest = latestOf(versions);
    if (day !== undefined && latest !== undefined) {
      await this.#parts.cache?.write(this.#address.location, { runs: RunSet.of(runs), day, ...latest });
    }
    return runs;
  }

  /**
   * The same from what is remembered and from new versions. In full at first, on another day, and if one of the latest versions is
   * gone: blobs can be removed, and servers restored from back-ups.
   * @throws UconDbError if the listing is incomplete
   */
  async remembered(conversation: Conversation): Promise<RunNumber[]> {
    const { cache, logger } = this.#parts;
    const known = await cache?.read(this.#address.location);
    const day = cache?.today();
    if (cache === undefined || known === undefined || known.day !== day) {
      return await this.inFull(conversation, day);
    }
    const target = this.#address.versionsSince(known.since);
    const found = await this.#ask(conversation, target, known.since);
    const latest = latestOf(found.versions);
    const isGone = [...known.recent].some(([run, recorded]) => found.versions?.get(run) !== recorded);
    if (isGone || latest === undefined) {
      logger.debug('UconDB: a version that was among the latest is gone, so all keys are listed');
      return await this.inFull(conversation, day);
    }
    const runs = known.runs.union(RunSet.of(found.runs));
    const isNew = found.runs.length > known.recent.size;
    if (isNew) await cache.write(this.#address.location, { runs, day: known.day, ...latest });
    return runs.toNumbers();
  }

  /**
   * Lists runs, ascending, with their versions: those recorded after a time, and the latest. An object that doesn't exist yet has
   * none.
   */
  #ask(conversation: Conversation, target: string, after = Infinity): Promise<Listed> {
    const { maxMb, logger } = this.#parts;
    const { object } = this.#address;
    return conversation.get<Listed>(
      { target, isListing: true },
      async ({ chunks }, what) => {
        const latest = new LatestVersions(after);
        const onVersion = (run: RunNumber, recorded: number | undefined) => latest.add(run, recorded);
        const runs = await readListing(chunks, { object, what, maxMb, onVersion }, logger);
        return { runs, versions: latest.versions };
      },
      (answer) => (saysNotFound(answer, 'object') ? { runs: [], versions: undefined } : undefined),
    );
  }
}

interface Listed {
  readonly runs: RunNumber[];
  /** Record times by run; undefined if the server did not tell one. */
  readonly versions: ReadonlyMap<RunNumber, number> | undefined;
}

/** Keeps the versions of a listing that were recorded after a time, and those that overlap with the newest. */
class LatestVersions {
  readonly #after: number;
  readonly #versions = new Map<RunNumber, number>();
  #newest = -Infinity;
  #isTimeless = false;

  constructor(after: number) {
    this.#after = after;
  }

  get versions(): ReadonlyMap<RunNumber, number> | undefined {
    return this.#isTimeless ? undefined : this.#versions;
  }

  add(run: RunNumber, recorded: number | undefined): void {
    if (recorded === undefined) this.#isTimeless = true;
    else {
      this.#newest = Math.max(this.#newest, recorded);
      if (recorded > Math.min(this.#after, this.#newest - OVERLAP_SECONDS)) this.#versions.set(run, recorded);
    }
  }
}

/** Where the next listing of new versions begins, and the versions that it must hold; undefined if there is none. */
function latestOf(
  versions: ReadonlyMap<RunNumber, number> = new Map(),
): Pick<KnownKeys, 'since' | 'recent'> | undefined {
  let newest = -Infinity;
  for (const recorded of versions.values()) newest = Math.max(newest, recorded);
  if (newest === -Infinity) return undefined;
  const since = Math.floor(newest - OVERLAP_SECONDS);
  return { since, recent: new Map([...versions].filter(([, recorded]) => recorded > since)) };
}
