import { ArtdaqDbError } from '../../errors.ts';
import type { RunNumber } from '../../runs/run-number.ts';
import { assignedLast } from '../configuration-name.ts';
import { assignedTo, type ExportedDocument, latest, ownObjectId } from '../stored-document.ts';
import { asDatabaseError } from './database-files.ts';
import type { SharedDatabase } from './sharing/shared-database.ts';

/** The documents of a run, found under one of its configuration names. */
export interface FoundRun {
  readonly configuration: string;
  readonly documents: readonly ExportedDocument[];
}

/** How long to wait for a run that another program is storing. */
const LONGEST_WAIT_MS = 120_000;

/** Finds the documents of a run for an export, which must never miss one: a wrong blob can't be made again. */
export class RunFinder {
  readonly #shared: SharedDatabase;
  readonly #now: () => Date;
  readonly #sleep: (milliseconds: number) => Promise<unknown>;
  /** Configurations that a loader stored on our behalf. */
  readonly #ownLoads = new Set<string>();

  constructor(shared: SharedDatabase, now: () => Date, sleep: (milliseconds: number) => Promise<unknown>) {
    this.#shared = shared;
    this.#now = now;
    this.#sleep = sleep;
  }

  /** Tells that nobody but us is storing this run, whatever its documents look like. */
  expectOwnLoad(configuration: string): void {
    this.#ownLoads.add(configuration);
  }

  /**
   * A run's documents once no more are to be expected; undefined if it is not stored.
   * @throws ArtdaqDbError if one is unreadable; retryable if another program is storing the run or has dropped documents of it
   *   from an index
   */
  async find(run: RunNumber): Promise<FoundRun | undefined> {
    try {
      return await this.#findComplete(run);
    } catch (error) {
      throw asDatabaseError(error, `Run ${run} could not be read from artdaqDB`, { run });
    }
  }

  /**
   * The documents of some entities as the indexes list them at this moment; undefined if the run is not stored.
   * @throws ArtdaqDbError if one is unreadable
   */
  async glance(run: RunNumber, entities: RegExp): Promise<FoundRun | undefined> {
    const { runHistory, systemLayout } = this.#shared;
    try {
      const layout = await systemLayout.reader.idsOfRun(run, entities);
      const configuration = await this.#assignedLast([...layout.keys()]);
      if (configuration === undefined) return undefined;
      const ids = await runHistory.reader.ids(configuration, entities);
      const documents = await runHistory.exported(ids);
      return {
        configuration,
        documents: [...documents, ...(await systemLayout.exported(layout.get(configuration) ?? []))],
      };
    } catch (error) {
      throw asDatabaseError(error, `Run ${run} could not be read from artdaqDB`, { run });
    }
  }

  async #findComplete(run: RunNumber): Promise<FoundRun | undefined> {
    const load = new ForeignLoad(this.#now);
    for (let waited = 0; ; ) {
      let { found, isHalfListed } = await this.#read(run);
      if (found === undefined) return undefined;
      const { configuration } = found;
      const pause = this.#ownLoads.has(configuration)
        ? 0
        : await load.pauseFor(found, () => this.#shared.runHistory.index.extent());
      if (pause > 0) {
        if (waited > LONGEST_WAIT_MS) {
          throw new ArtdaqDbError(`Run ${run} is still being stored by another program`, {
            run,
            retryable: true,
          });
        }
        await this.#sleep(pause);
        waited += pause;
        continue;
      }
      if (!isHalfListed) return found;
      // The unlisted documents may have been removed, which leaves no trace in an index.
      await this.#shared.compare();
      ({ found, isHalfListed } = await this.#read(run));
      if (!isHalfListed) return found;
      throw new ArtdaqDbError(
        `Run ${run} has documents under '${configuration}' that are listed in no index, so that an export would miss them; ` +
          'if no other program is just storing it, see what bin/repair-filesystemdb says',
        { run, retryable: true },
      );
    }
  }

  /** Reads a run as the indexes list it, and whether other programs stored documents of it that no index lists. */
  async #read(run: RunNumber): Promise<{ found: FoundRun | undefined; isHalfListed: boolean }> {
    const read = await this.#shared.read(() => this.#lookUp(run));
    if (read === undefined) {
      throw new ArtdaqDbError(`Run ${run} can't be read while other programs keep writing to artdaqDB`, {
        run,
        retryable: true,
      });
    }
    const { result: found, halfListed } = read;
    return { found, isHalfListed: found !== undefined && halfListed.includes(found.configuration) };
  }

  /** @throws ArtdaqDbError if a document is missing or unreadable */
  async #lookUp(run: RunNumber): Promise<FoundRun | undefined> {
    const configurations = await this.#shared.systemLayout.reader.configurationsOf(run);
    const configuration = await this.#assignedLast(configurations);
    if (configuration === undefined) return undefined;
    return { configuration, documents: await documentsUnder(configuration, this.#shared) };
  }

  /** Of several configuration names the one assigned last; undefined if there is none. */
  async #assignedLast(configurations: readonly string[]): Promise<string | undefined> {
    if (configurations.length < 2) return configurations[0];
    const { runHistory, systemLayout } = this.#shared;
    const stamps = new Map<string, readonly string[]>();
    for (const configuration of configurations) {
      const history = await runHistory.reader.stamps(configuration);
      stamps.set(configuration, [...history, ...(await systemLayout.reader.stamps(configuration))]);
    }
    return assignedLast(stamps);
  }
}

/**
 * All documents that the indexes list under a configuration name.
 * @throws ArtdaqDbError if one is missing or unreadable
 */
export async function documentsUnder(
  configuration: string,
  { runHistory, systemLayout }: Pick<SharedDatabase, 'runHistory' | 'systemLayout'>,
): Promise<ExportedDocument[]> {
  const documents: ExportedDocument[] = [];
  for (const store of [runHistory, systemLayout]) {
    const ids = await store.reader.ids(configuration);
    documents.push(...(await store.exported(ids)));
  }
  return documents;
}

/** From one document of a run to the next a C++ loader takes some milliseconds, and a second for each 10 MB of index. */
const QUIET_MS = 3000;
const QUIET_MS_PER_MEGABYTE = 200;

/**
 * Tells whether a run that another program stored may still get documents. Nothing marks the last one, so the run must stay
 * unchanged for a while.
 */
class ForeignLoad {
  readonly #now: () => Date;
  #content = '';
  /** How long the content will have been the same after the last pause, in milliseconds. */
  #quietMs = 0;

  constructor(now: () => Date) {
    this.#now = now;
  }

  /**
   * How long to wait before looking at the run again, in milliseconds; 0 if it is complete.
   * @param index looks at RunHistory's index. The C++ tools get slower with its size; and since our clock may be wrong, the time
   *   of its last write must show as well that the run was stored a while ago
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
