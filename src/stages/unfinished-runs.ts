import pLimit from 'p-limit';
import type { ArtdaqDb } from '../artdaqdb/artdaqdb.ts';
import { ArchiverError } from '../errors.ts';
import type { FhiclFile } from '../fhicl/fhicl-file.ts';
import type { Logger } from '../log/logger.ts';
import { configName, DEFAULT_CONFIG } from '../records/config-name.ts';
import { HISTORY2_FILE, history2File } from '../records/prepare.ts';
import type { RecordGlance, RunRecord, RunRecordSource } from '../records/run-record-source.ts';
import { completes, isUnfinished, type MissingTimes } from '../records/run-times.ts';
import { LOOKS_APART_MS } from '../records/wholeness.ts';
import type { RunNumber } from '../runs/run-number.ts';
import { RunSet } from '../runs/run-set.ts';
import type { FollowUpRecords } from '../state/follow-up-records.ts';
import type { Listing } from './candidates.ts';

/** What {@link UnfinishedRuns} works with. */
export interface UnfinishedRunsParts {
  readonly records: RunRecordSource;
  readonly artdaqDb: ArtdaqDb;
  readonly files: FollowUpRecords;
  readonly logger: Logger;
  /** Waits so many milliseconds, by a clock that nobody sets. */
  readonly sleep: (milliseconds: number) => Promise<unknown>;
}

/** Selects the archived runs to look at. */
export interface UnfinishedSelection {
  /** All if undefined. */
  readonly runs: RunSet | undefined;
  /** All of them, or only as many as an execution started by cron should look at? */
  readonly all: boolean;
}

/**
 * Each time, this many of the newest runs without stop time are looked at, and as many of the others in turn. A stop time may come
 * at any time, by hand or by a late copy, so no run is given up. But a site can have thousands of runs that crashed.
 */
const EACH_TIME = 100;
/** How many run directories are looked at in parallel. */
export const GLANCES_AT_ONCE = 8;

/** As {@link UnfinishedRuns.storing}, if what the run lacks is known. */
export async function storingUnfinished(
  run: RunNumber,
  { stop, all }: MissingTimes,
  { unfinished, untimed }: FollowUpRecords,
  store: () => Promise<void>,
): Promise<void> {
  if (all) await untimed.add([run]);
  if (stop) await unfinished.add([run]);
  await store();
  if (!all) await untimed.drop([run]);
  if (!stop) await unfinished.drop([run]);
}

/**
 * Follows runs that were archived without stop time. When the stop time appears in the run directory, the run's RunHistory2
 * document in artdaqDB gets it. Nothing else of the run is touched.
 */
export class UnfinishedRuns {
  readonly #parts: UnfinishedRunsParts;
  /** The signature of metadata.txt of the runs that are due, once two looks found the same. */
  readonly #signatures = new Map<RunNumber, string>();

  constructor(parts: UnfinishedRunsParts) {
    this.#parts = parts;
  }

  /**
   * Stores a run. What it lacks is noted before, so that a crash in between does not lose it. What an earlier attempt noted is
   * forgotten after, as that attempt may have stored the run although its answer was lost.
   * @throws ArchiverError if it can't be noted, and what `store` throws
   */
  async storing({ run, files }: RunRecord, store: () => Promise<void>): Promise<void> {
    const metadata = files.find(({ path }) => path === 'metadata.txt')?.bytes;
    const stop = isUnfinished({ metadata });
    const missing = { stop, all: stop && history2File(metadata) === undefined };
    await storingUnfinished(run, missing, this.#parts.files, store);
  }

  /**
   * The archived runs that lack what their run directories have by now. A run whose metadata.txt is just being written is left to
   * the next execution.
   * @param readOnly note nothing
   * @throws PersistenceError if the records can't be read or written
   */
  async due(
    { source, target }: Listing,
    { runs, all }: UnfinishedSelection,
    readOnly: boolean,
  ): Promise<RunNumber[]> {
    const { files, sleep } = this.#parts;
    const [unfinished, untimed] = [await files.unfinished.read(), await files.untimed.read()];
    const present = unfinished?.intersection(target).intersection(source).toNumbers() ?? [];
    const followed = present.filter((run) => runs?.has(run) ?? true);
    const first = await this.#glances(all ? followed : await this.#inTurn(followed, readOnly));
    const due = [...first].filter(
      ([run, glance]) =>
        !isUnfinished(glance) || (untimed?.has(run) && history2File(glance.metadata) !== undefined),
    );
    if (due.length === 0) return [];
    await sleep(LOOKS_APART_MS);
    const second = await this.#glances(due.map(([run]) => run));
    for (const [run, { signature }] of due) {
      if (second.get(run)?.signature === signature) this.#signatures.set(run, signature);
    }
    return due.map(([run]) => run).filter((run) => this.#signatures.has(run));
  }

  /**
   * Brings a run in artdaqDB up to date with its run directory.
   * @throws ArchiverError if that fails
   */
  async amend(run: RunNumber, logger: Logger): Promise<void> {
    const { records, files } = this.#parts;
    const glance = await records.glance(run);
    if (glance.signature !== this.#signatures.get(run)) {
      logger.info(`Run ${run}: metadata.txt is just being changed; the next execution looks once more`);
      return;
    }
    const history = history2File(glance.metadata);
    const config = await this.#configOf(run, glance);
    if (history !== undefined && config !== undefined) {
      for (const warning of history.warnings) logger.warning(`Run ${run}: ${warning}`);
      if (await this.#store(run, config, history.file)) {
        logger.info(`✓ Run ${run}: artdaqDB has its ${isUnfinished(glance) ? 'start' : 'stop'} time now`);
      } else {
        logger.warning(
          `Run ${run} has a stop time by now, but what artdaqDB holds as ${HISTORY2_FILE} is not what an unfinished run has: ` +
            'it is left as it is; compare it with metadata.txt of the run directory',
        );
      }
    } else if (history !== undefined) {
      logger.warning(
        `Run ${run} has a stop time by now, but is in artdaqDB under another configuration name than metadata.txt states: ` +
          'it is left as it is',
      );
    }
    await files.untimed.drop([run]);
    if (!isUnfinished(glance)) await files.unfinished.drop([run]);
  }

  /**
   * Stores the document. The run is noted as amended before, so that an execution killed in between finds the note when artdaqDB
   * has the document already (which can have other reasons, too).
   * @returns whether artdaqDB holds the document now
   */
  async #store(run: RunNumber, config: string, file: FhiclFile): Promise<boolean> {
    const { artdaqDb, files } = this.#parts;
    const isNoted = (await files.amended.read())?.has(run) === true;
    if (!isNoted) await files.amended.add([run]);
    const outcome = await artdaqDb.amend(run, config, file, (stored) => completes(stored, file.text));
    if (outcome === 'absent') await artdaqDb.update(run, config, [file]);
    const isUnchanged = outcome === 'equal' || outcome === 'kept';
    if (isUnchanged && !isNoted) await files.amended.drop([run]);
    return outcome !== 'kept';
  }

  /** A run that was archived before it had a metadata.txt is stored under the default name. */
  async #configOf(run: RunNumber, { metadata }: RecordGlance): Promise<string | undefined> {
    const stated = metadata === undefined ? DEFAULT_CONFIG : configName(metadata).name;
    for (const config of new Set([stated, DEFAULT_CONFIG])) {
      if (await this.#parts.artdaqDb.has(run, config)) return config;
    }
    return undefined;
  }

  /** The newest runs, and those of the others whose turn it is: each gets its turn before any gets another. */
  async #inTurn(runs: readonly RunNumber[], readOnly: boolean): Promise<readonly RunNumber[]> {
    const { turns } = this.#parts.files;
    const older = runs.slice(0, -EACH_TIME);
    if (older.length === 0) return runs;
    const hadTurn = await turns.read();
    const open = older.filter((run) => hadTurn?.has(run) !== true);
    const batch = (open.length > 0 ? open : older).slice(0, EACH_TIME);
    if (!readOnly)
      await turns.change((before) => (open.length > 0 ? before.union(RunSet.of(batch)) : RunSet.of(batch)));
    return [...batch, ...runs.slice(-EACH_TIME)];
  }

  /** What metadata.txt of each run shows. A run whose file can't be read is absent, with a warning. */
  async #glances(runs: readonly RunNumber[]): Promise<Map<RunNumber, RecordGlance>> {
    const glances = new Map<RunNumber, RecordGlance>();
    await pLimit(GLANCES_AT_ONCE).map(runs, async (run) => {
      try {
        glances.set(run, await this.#parts.records.glance(run));
      } catch (error) {
        if (!(error instanceof ArchiverError)) throw error;
        this.#parts.logger
          .child({ run, error, repeats: true })
          .warning(
            `Run ${run} was archived without stop time, and it can't be told if it has one now: ${error.message}`,
          );
      }
    });
    return glances;
  }
}
