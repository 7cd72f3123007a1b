import { ArtdaqDbError } from '../../errors.ts';
import type { RunNumber } from '../../runs/run-number.ts';
import { ownObjectId } from '../object-id.ts';
import type { ExportedDocument } from '../run-export.ts';
import { assignedTo, latest } from '../stored-document.ts';
import type { CollectionStore } from './collection-store.ts';
import { asDatabaseError } from './database-files.ts';
import { type FoundRun, findRun } from './run-lookup.ts';
import type { Reconciler } from './sharing/reconciler.ts';
import type { SharedDatabase } from './sharing/shared-database.ts';

/** What a run finder works with. */
export interface RunFinderParts {
  readonly runHistory: CollectionStore;
  readonly systemLayout: CollectionStore;
  readonly reconciler: Reconciler;
  readonly shared: SharedDatabase;
  readonly now: () => Date;
  readonly sleep: (milliseconds: number) => Promise<unknown>;
}

/** A run as it was listed in a state of the indexes that is known. */
interface VerifiedRun extends FoundRun {
  /** Are documents of other programs on disk under its configuration that no index listed? */
  readonly isHalfListed: boolean;
}

/** How long a run that another program is storing is waited for. */
const LONGEST_WAIT_MS = 120_000;
/** How often it is tried to read a run while nobody writes. */
const ATTEMPTS = 40;
const PAUSE_MS = 50;

/** Finds the documents of a run for an export, which must never miss one: a wrong blob can't be made again. */
export class RunFinder {
  readonly #parts: RunFinderParts;
  /** Configurations that a loader stored on our behalf. */
  readonly #ownLoads = new Set<string>();

  constructor(parts: RunFinderParts) {
    this.#parts = parts;
  }

  /** Nobody but us is storing this run, whatever its documents look like. */
  expectOwnLoad(configuration: string): void {
    this.#ownLoads.add(configuration);
  }

  /**
   * A run's documents when no more are to be expected; undefined if it is not stored.
   * @throws ArtdaqDbError if one is unreadable; retryable if another program is storing the run or took documents of it out
   *   of the index
   */
  async find(run: RunNumber): Promise<FoundRun | undefined> {
    try {
      return await this.#findComplete(run);
    } catch (error) {
      throw asDatabaseError(error, `Run ${run} could not be read from artdaqDB`, { run });
    }
  }

  async #findComplete(run: RunNumber): Promise<FoundRun | undefined> {
    const { now, sleep, shared, runHistory } = this.#parts;
    const load = new ForeignLoad(now);
    for (let waited = 0; ; ) {
      let found = await this.#findVerified(run);
      if (found === undefined) return undefined;
      const { configuration } = found;
      const pause = this.#ownLoads.has(configuration)
        ? 0
        : await load.pauseFor(found, () => runHistory.index.extent());
      if (pause > 0) {
        if (waited > LONGEST_WAIT_MS) {
          throw new ArtdaqDbError(`Run ${run} is still being stored by another program`, {
            run,
            retryable: true,
          });
        }
        await sleep(pause);
        waited += pause;
        continue;
      }
      if (!found.isHalfListed) return found;
      // What lay there may have been taken away, which leaves no trace in an index.
      await shared.compare();
      found = await this.#findVerified(run);
      if (!found?.isHalfListed) return found;
      throw new ArtdaqDbError(
        `Run ${run} has documents under '${configuration}' that are listed in no index, so that an export would miss them; ` +
          'if no other program is just storing it, see what bin/repair-filesystemdb says',
        { run, retryable: true },
      );
    }
  }

  /** A run as it is listed in a state of the indexes that lists all it should; undefined if it is not stored. */
  async #findVerified(run: RunNumber): Promise<VerifiedRun | undefined> {
    const { shared, reconciler, runHistory, systemLayout, sleep } = this.#parts;
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const before = await reconciler.signatures();
      const found = await findRun(run, [runHistory, systemLayout]);
      const state = await reconciler.verifiedState(before);
      // What is half listed belongs to this state: a moment later, who compares anew for another run knows none.
      if (state !== undefined) {
        return found && { ...found, isHalfListed: state.halfListed.includes(found.configuration) };
      }
      await shared.mend();
      if (attempt > 1) await sleep(PAUSE_MS);
    }
    throw new ArtdaqDbError(`Run ${run} can't be read while other programs keep writing to artdaqDB`, {
      run,
      retryable: true,
    });
  }
}

/** A C++ loader takes some milliseconds from one document of a run to the next, and a second for each 10 MB of index. */
const QUIET_MS = 3000;
const QUIET_MS_PER_MEGABYTE = 200;

/**
 * Tells whether a run that another program stored may still get documents: nothing marks its end, so it has to be quiet
 * for a while.
 */
class ForeignLoad {
  readonly #now: () => Date;
  #content = '';
  /** For how long the content has been the same once the pause that was told is over, in milliseconds. */
  #quietMs = 0;

  constructor(now: () => Date) {
    this.#now = now;
  }

  /**
   * How long to wait before the run is looked at again, in milliseconds; 0 if it is complete.
   * @param index looks at RunHistory's index: the speed of the C++ tools depends on its size, and when it was written last tells besides
   *   our clock, which may be wrong, that time has passed since the run was stored
   */
  async pauseFor(
    run: FoundRun,
    index: () => Promise<{ readonly size: number; readonly written: number }>,
  ): Promise<number> {
    const foreign = run.documents.filter((document) => !isOwn(document, run.configuration));
    if (foreign.length === 0) return 0;
    const { size, written } = await index();
    const period = QUIET_MS + (size / 1e6) * QUIET_MS_PER_MEGABYTE;
    const content = foreign.map(({ place }) => place).join();
    if (content !== this.#content) this.#quietMs = 0;
    this.#content = content;
    const time = Math.min(this.#now().getTime(), written);
    const age = time - latest(foreign.map((each) => assignedTo(each, run.configuration)));
    // A stamp in the future comes from another clock and tells nothing.
    const quietMs = Math.max(this.#quietMs, age);
    if (quietMs >= period) return 0;
    const pause = Math.ceil(period - quietMs);
    this.#quietMs = quietMs + pause;
    return pause;
  }
}

function isOwn({ entry }: ExportedDocument, configuration: string): boolean {
  const { id, entity } = entry;
  return (
    id === ownObjectId('RunHistory', configuration, entity) ||
    id === ownObjectId('SystemLayout', configuration, entity)
  );
}
