import { createHash } from 'node:crypto';
import type { ArtdaqDb } from '../artdaqdb/artdaqdb.ts';
import { ArchiverError, NotYetError } from '../errors.ts';
import type { Logger } from '../log/logger.ts';
import type { RunNumber } from '../runs/run-number.ts';
import type { UconDb } from '../ucondb/ucondb.ts';

/** Section `app_fuzz`: a rehearsal of failures. */
export interface FuzzSettings {
  readonly randomSkipPercent: number;
  readonly randomErrorPercent: number;
  /** Skipped runs fail for good instead of being left for later. */
  readonly randomSkipRetry: boolean;
  /** Failed runs are not tried again. */
  readonly randomErrorRetry: boolean;
}

/**
 * Decides by chance what happens to a run before anything of it is stored. Seed, client, run and attempt determine the
 * outcome, in whatever order the workers come.
 */
export class Fuzz {
  readonly #settings: FuzzSettings;
  readonly #seed: string;
  readonly #logger: Logger;
  readonly #attempts = new Map<RunNumber, number>();

  /** @param seed tells this rehearsal, and this client in it, from others */
  constructor(settings: FuzzSettings, seed: string, logger: Logger) {
    this.#settings = settings;
    this.#seed = seed;
    this.#logger = logger;
  }

  /**
   * Lets the run pass, or throws. Half of the draws for an error pass, as in the Python archiver.
   * @throws NotYetError to leave the run for later, ArchiverError to make it fail
   */
  draw(run: RunNumber): void {
    const { randomSkipPercent, randomErrorPercent, randomSkipRetry, randomErrorRetry } = this.#settings;
    const attempt = (this.#attempts.get(run) ?? 0) + 1;
    this.#attempts.set(run, attempt);
    const happens = (what: string, percent: number): boolean =>
      this.#fraction(`${run} ${attempt} ${what}`) * 100 < percent;
    if (happens('skip', randomSkipPercent)) {
      if (randomSkipRetry) throw this.#failure(run, `Permanent skip for run ${run}`, false);
      this.#logger.child({ run }).warning(`[FUZZ] Randomly skipping run ${run} - will retry later`);
      throw new NotYetError('[FUZZ] skipped', { run });
    }
    if (happens('error', randomErrorPercent) && happens('half', 50)) {
      throw this.#failure(run, `Error for run ${run}`, !randomErrorRetry);
    }
  }

  /** From 0 up to but not including 1. */
  #fraction(what: string): number {
    return createHash('sha256').update(`${this.#seed} ${what}`).digest().readUIntBE(0, 6) / 2 ** 48;
  }

  #failure(run: RunNumber, what: string, retryable: boolean): ArchiverError {
    this.#logger.child({ run }).warning(`[FUZZ] ${what}${retryable ? '' : ' - will NOT retry'}`);
    return new ArchiverError(`[FUZZ] ${what}`, { run, retryable, fault: 'run' });
  }
}

/** An artdaqDB whose inserts fail by chance. */
export function fuzzedArtdaqDb(db: ArtdaqDb, fuzz: Fuzz): ArtdaqDb {
  return {
    location: db.location,
    prepare: () => db.prepare(),
    listRuns: (options) => db.listRuns(options),
    has: (run, config) => db.has(run, config),
    insert: async (run, config, documents, handOver) => {
      fuzz.draw(run);
      await db.insert(run, config, documents, handOver);
    },
    update: (run, config, documents) => db.update(run, config, documents),
    amend: (run, config, document, mayReplace) => db.amend(run, config, document, mayReplace),
    export: (run) => db.export(run),
    close: () => db.close(),
  };
}

/** A UconDB whose uploads fail by chance. */
export function fuzzedUconDb(db: UconDb, fuzz: Fuzz): UconDb {
  return {
    location: db.location,
    listRuns: (stop, options) => db.listRuns(stop, options),
    put: async (run, blob, stop) => {
      fuzz.draw(run);
      return await db.put(run, blob, stop);
    },
    replace: (run, blob, stop) => db.replace(run, blob, stop),
    get: (run, stop, likely) => db.get(run, stop, likely),
    close: () => db.close(),
  };
}
