import { configurationName } from '../artdaqdb/configuration-name.ts';
import type { RunRequest } from '../cli/cli.ts';
import type { Logger } from '../log/logger.ts';
import type { RunNumber } from '../runs/run-number.ts';
import { common, formatRuns, type NumberRange, RunSet, rangeText, without } from '../runs/run-set.ts';
import { givenUpLines } from '../stages/given-up-texts.ts';
import { Visit } from '../stages/visit.ts';
import type { GivenUp } from '../state/given-up-runs.ts';
import { allUncertain, uncertainRuns } from '../state/uncompared-runs.ts';
import type { Execution } from './mode.ts';

/** Which runs are stored in artdaqDB from their blobs, and how. */
export interface RebuildRequest extends RunRequest {
  readonly mode: 'rebuild';
  readonly runs: RunSet;
  /** At most so many. */
  readonly limit: number | undefined;
  /** The configuration name of all of them, in place of the one that each blob tells. */
  readonly configuration: string | undefined;
}

/** The log lines of a rebuild begin with it. */
export const LABEL = 'Rebuild';

/** Which runs a rebuild stores, and which not; all ascending. */
export interface RebuildPlan {
  /** To be stored now. */
  readonly missing: readonly RunNumber[];
  /** How many more are missing than the limit lets through. */
  readonly later: number;
  /** Selected, and in artdaqDB. */
  readonly present: readonly RunNumber[];
  /** Stored by an earlier execution, and not compared since. */
  readonly toCompare: readonly RunNumber[];
  /** The same, but UconDB has no blob of them any more. */
  readonly incomparable: readonly RunNumber[];
  /** Their blob may not be what artdaqDB had. */
  readonly refused: readonly RunNumber[];
  /** Missing, but somebody gave them up. */
  readonly givenUp: GivenUp;
  /** To be stored, although they differed or could not be compared when they were compared last. */
  readonly doubtful: readonly RunNumber[];
  /** Of the selection: UconDB has no such run. */
  readonly nowhere: readonly NumberRange[];
}

/**
 * Finds out what artdaqDB lacks of the selected runs.
 * @throws ArchiverError if a place can't be listed, or a record in the work directory can't be read
 */
export async function planRebuild(
  { runs, limit, configuration, dryRun }: RebuildRequest,
  { site, logger, shutdown }: Execution,
): Promise<RebuildPlan> {
  // Not to find out with each run.
  if (configuration !== undefined) configurationName(0, configuration);
  const visit = new Visit(shutdown);
  const stored = await visit.at('artdaqDB read', async () => {
    if (!dryRun) await site.artdaqDb.prepare();
    return await site.artdaqDb.listRuns();
  });
  logger.info(`Found ${stored.length} runs in ArtdaqDB`);
  const uconDb = await site.uconDb();
  const keys = await visit.at('UconDB read', (stop) => uconDb.listRuns(stop));
  logger.info(`Found ${keys.length} runs in UconDB`);
  const { uncompared, verification, givenUp } = site;
  const { failures } = site.files('migrate');
  const records = { uncompared, unequal: verification.unequal, failures, givenUp };
  const uncertain = allUncertain(await uncertainRuns(keys, records));
  const selected = keys.filter((run) => runs.has(run));
  const allAbsent = without(selected, stored);
  const leftAlone = (await givenUp.read()).of(RunSet.of(allAbsent));
  const absent = allAbsent.filter((run) => !leftAlone.has(run));
  const missing = without(absent, uncertain);
  const [noted, known] = [await site.rebuilt.read(), RunSet.of(keys)];
  const inDoubt = stored.filter((run) => noted.has(run));
  const unequal = await verification.unequal.read();
  const chosen = missing.slice(0, limit);
  return {
    missing: chosen,
    doubtful: chosen.filter((run) => unequal?.has(run)),
    later: Math.max(0, missing.length - (limit ?? Infinity)),
    present: common(selected, stored),
    toCompare: common(inDoubt, keys),
    incomparable: without(inDoubt, keys),
    refused: common(absent, uncertain),
    givenUp: leftAlone,
    nowhere: runs.asked.filter((range) => !known.meets(range)),
  };
}

/** Logs a plan, and what keeps runs out of it. */
export function tellPlan(plan: RebuildPlan, logger: Logger): void {
  const { missing, later, present, toCompare, incomparable, refused, givenUp, doubtful, nowhere } = plan;
  if (present.length > 0) {
    logger.info(
      `${LABEL}: ${present.length} runs are in artdaqDB already and stay as they are: ${formatRuns(present)}`,
    );
  }
  if (toCompare.length > 0) {
    logger.info(
      `${LABEL}: ${toCompare.length} runs were stored from their blobs, but not compared since; they are compared first: ` +
        formatRuns(toCompare),
    );
  }
  if (incomparable.length > 0) {
    logger.error(
      `${LABEL}: ${incomparable.length} runs were stored from their blobs and not compared since, and UconDB does not have them ` +
        `any more: ${formatRuns(incomparable)}; take them out of rebuild_uncompared.json if that is right`,
    );
  }
  if (refused.length > 0) {
    logger.error(
      `${LABEL}: the blobs of ${refused.length} runs were not found equal to artdaqDB since this archiver uploaded them, so they ` +
        `don't count: ${formatRuns(refused)}; import these runs again from their run directories, or take them out of ` +
        'uncompared_runs.json or the migrate failure log, where they are noted',
    );
  }
  for (const line of givenUpLines(givenUp)) logger.warning(`${LABEL}: ${line}`);
  if (doubtful.length > 0) {
    logger.warning(
      `${LABEL}: ${doubtful.length} runs differed between artdaqDB and UconDB, or could not be compared, when they were compared ` +
        `last: ${formatRuns(doubtful)}; what artdaqDB gets now is what UconDB holds`,
    );
  }
  if (nowhere.length > 0) {
    logger.error(`${LABEL}: not in UconDB: ${nowhere.map(rangeText).join(', ')} (--restore)`);
  }
  const more = later === 0 ? '' : ` (${later} more than --limit allows are left)`;
  logger.info(
    `${LABEL}: ${missing.length} runs are to be stored in artdaqDB from their blobs: ${formatRuns(missing)}${more}`,
  );
}
