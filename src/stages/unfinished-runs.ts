import type { ArtdaqDb } from '../clients/artdaqdb/artdaqdb.ts';
import { ArchiverError } from '../errors.ts';
import type { FhiclFile } from '../fhicl/fhicl-file.ts';
import { type FollowUpRecords, forget } from '../persistence/follow-up-records.ts';
import { configName, DEFAULT_CONFIG } from '../records/config-name.ts';
import { HISTORY2_FILE, history2File } from '../records/prepare.ts';
import type { RecordGlance, RunRecord, RunRecordSource } from '../records/run-record-source.ts';
import { completes } from '../records/run-times.ts';
import { ageOf, isUnfinished } from '../records/waiting.ts';
import { formatRuns } from '../report/ranges.ts';
import type { RunNumber } from '../run-number.ts';
import type { Logger } from '../services/logger.ts';
import type { Listing } from './candidates.ts';

/** What unfinished runs are followed with. */
export interface UnfinishedRunsParts {
  readonly records: RunRecordSource;
  readonly artdaqDb: ArtdaqDb;
  readonly files: FollowUpRecords;
  readonly now: () => Date;
  readonly logger: Logger;
}

/** A stop time that has not come by then comes no more: the run crashed. */
const GIVEN_UP_DAYS = 30;
const GIVEN_UP_MS = GIVEN_UP_DAYS * 24 * 3_600_000;

/**
 * Runs that are archived without stop time, until it appears in their run directory: then the RunHistory2 document that they have
 * in artdaqDB gets it. Nothing else of them is touched.
 */
export class UnfinishedRuns {
  readonly #parts: UnfinishedRunsParts;

  constructor(parts: UnfinishedRunsParts) {
    this.#parts = parts;
  }

  /**
   * Stores a run. What it lacks is noted before, so that a crash in between does not forget it; what was noted at an earlier
   * attempt is forgotten after, as that attempt may have stored the run though the answer was lost.
   * @throws ArchiverError if it can't be noted, and what `store` throws
   */
  async storing({ run, files }: RunRecord, store: () => Promise<void>): Promise<void> {
    const { records, files: kept, now } = this.#parts;
    const metadata = files.find(({ path }) => path === 'metadata.txt')?.bytes;
    const isFollowed = isUnfinished({ metadata }) && ageOf(await records.glance(run), now()) < GIVEN_UP_MS;
    const isUntimed = isFollowed && history2File(metadata) === undefined;
    if (isUntimed) await kept.untimed.add([run]);
    if (isFollowed) await kept.unfinished.add([run]);
    await store();
    if (!isUntimed) await forget(kept.untimed, [run]);
    if (!isFollowed) await forget(kept.unfinished, [run]);
  }

  /**
   * The archived runs that lack what their run directories have by now.
   * @param isSelected which to look at
   * @param mayForget those that are not going to get a stop time any more
   * @throws PersistenceError if the records can't be read or written
   */
  async due(
    { source, target }: Listing,
    isSelected: (run: RunNumber) => boolean,
    mayForget: boolean,
  ): Promise<RunNumber[]> {
    const { files, now } = this.#parts;
    const [unfinished, untimed] = [await files.unfinished.read(), await files.untimed.read()];
    const present = new Set(source);
    const due: RunNumber[] = [];
    const old: RunNumber[] = [];
    const gone: RunNumber[] = [];
    for (const run of target.filter((each) => unfinished?.has(each) && isSelected(each))) {
      const glance = present.has(run) ? await this.#glance(run) : undefined;
      if (!present.has(run)) gone.push(run);
      else if (glance === undefined) continue;
      else if (!isUnfinished(glance)) due.push(run);
      else if (untimed?.has(run) && history2File(glance.metadata) !== undefined) due.push(run);
      else if (ageOf(glance, now()) > GIVEN_UP_MS) old.push(run);
    }
    if (!mayForget) return due;
    await this.#giveUp(old, `began more than ${GIVEN_UP_DAYS} days ago`);
    // A file system that is away shows an empty directory.
    if (source.length > 0) await this.#giveUp(gone, 'have no run directory any more');
    return due;
  }

  /**
   * Brings a run in artdaqDB up to date with its run directory.
   * @throws ArchiverError if that fails
   */
  async amend(run: RunNumber, logger: Logger): Promise<void> {
    const { records, files } = this.#parts;
    const glance = await records.glance(run);
    const history = history2File(glance.metadata);
    if (history === undefined && isUnfinished(glance)) {
      logger.info(`Run ${run}: the time in metadata.txt is gone again; the next execution looks once more`);
      return;
    }
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
    await forget(files.untimed, [run]);
    if (!isUnfinished(glance)) await forget(files.unfinished, [run]);
  }

  /**
   * Stores the document, with the run noted as amended before: whoever is killed in between finds it noted when the document
   * is there already, which it may also be for other reasons.
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

  /** A run that was archived before it had a metadata.txt has the default name. */
  async #configOf(run: RunNumber, { metadata }: RecordGlance): Promise<string | undefined> {
    const stated = metadata === undefined ? DEFAULT_CONFIG : configName(metadata).name;
    for (const config of new Set([stated, DEFAULT_CONFIG])) {
      if (await this.#parts.artdaqDb.has(run, config)) return config;
    }
    return undefined;
  }

  async #glance(run: RunNumber): Promise<RecordGlance | undefined> {
    try {
      return await this.#parts.records.glance(run);
    } catch (error) {
      if (!(error instanceof ArchiverError)) throw error;
      this.#parts.logger.warning(
        `Run ${run} was archived without stop time, and it can't be told if it has one now: ${error.message}`,
      );
      return undefined;
    }
  }

  async #giveUp(runs: readonly RunNumber[], why: string): Promise<void> {
    if (runs.length === 0) return;
    const { files, logger } = this.#parts;
    await forget(files.untimed, runs);
    await files.unfinished.drop(runs);
    logger.info(
      `${runs.length} runs that were archived without stop time are not looked at any more, as they ${why}: ` +
        formatRuns(runs),
    );
  }
}
