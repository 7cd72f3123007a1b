import pLimit from 'p-limit';
import type { RunRequest } from '../cli/cli.ts';
import type { Selection } from '../cli/given-flags.ts';
import { ArchiverError } from '../errors.ts';
import { isMatch } from '../records/compare.ts';
import { shellWord } from '../report/recommendations.ts';
import { skippedRuns } from '../report/status.ts';
import {
  allEqual,
  isEqualRun,
  recordDifferences,
  type Verification,
  type VerifiedRun,
  verificationJson,
  verificationLines,
} from '../report/verification.ts';
import { byRunNumber, type RunNumber } from '../runs/run-number.ts';
import { common, formatRuns, type NumberRange, RunSet, rangeText, without } from '../runs/run-set.ts';
import { isSameRecord, type RecordFinding } from '../stages/record-comparison.ts';
import { followUpRecords } from '../state/follow-up-records.ts';
import { VerifiedNotes } from '../state/verification-records.ts';
import { compareRun, recordComparison } from './compare-run.ts';
import type { Execution } from './mode.ts';

/** Which runs are compared, and for how long. */
export interface VerificationRequest extends RunRequest, Selection {
  readonly mode: 'verify';
  readonly json: boolean;
  /** Compare with the run directories, too. */
  readonly withFiles: boolean;
  /** Minutes after which no further run begins. */
  readonly timeLimit: number | undefined;
}

/**
 * Compares runs, and reports.
 * @returns true if everything that was compared is equal
 * @throws ArchiverError if a place can't be listed, or the record of verified runs can't be read or written
 */
export async function reportVerification(
  request: VerificationRequest,
  execution: Execution,
): Promise<boolean> {
  const { nowhere, ...verification } = await verify(request, execution);
  if (nowhere.length > 0) {
    const runs = nowhere.map(rangeText).join(', ');
    execution.logger.error(`No such run: ${runs} (--runs): neither in artdaqDB, nor in UconDB`);
  }
  const well = allEqual(verification) && nowhere.length === 0;
  for (const line of verificationLines(verification, request.runs === undefined)) {
    execution.logger[well ? 'info' : 'warning'](line);
  }
  if (request.json) execution.print(verificationJson(verification));
  return well;
}

/**
 * Compares runs in artdaqDB with their blobs in UconDB: those whose turn it is ({@link takeTurns}), or those that the request
 * names. Each verification names the runs that were found unequal, until a comparison finds them equal.
 */
async function verify(
  request: VerificationRequest,
  execution: Execution,
): Promise<Verification & { readonly nowhere: readonly NumberRange[] }> {
  const { site, logger, shutdown } = execution;
  execution.enter('Verification');
  const plan = await planVerification(request, execution);
  logger.info(`Verification: comparing ${plan.batch.length} runs, ${plan.left} more are left for later`);
  if (plan.leftOut.length > 0) logger.info(`Given up, and not compared: ${formatRuns(plan.leftOut)}`);
  const deadline =
    request.timeLimit === undefined ? Infinity : performance.now() + request.timeLimit * 60_000;
  const found: VerifiedRun[] = [];
  const limit = pLimit(site.config.app.parallelWorkers);
  const notes = new VerifiedNotes(request.dryRun ? undefined : site.verification);
  if (plan.isNewRound) await notes.endRound();
  const { amended } = followUpRecords(site.config.app.workDir);
  const records = request.withFiles ? await recordComparison(site) : undefined;
  let skipped = 0;
  await Promise.all(
    plan.batch.map((run) =>
      limit(async () => {
        if (shutdown.aborted || performance.now() >= deadline) {
          skipped++;
          return;
        }
        const result = await compareRun(run, execution, records);
        found.push(result);
        if (hasLateTimes(result) && !plan.amended?.has(run) && !request.dryRun) await amended.add([run]);
        await notes.add(run, isEqualRun(result));
        logResult(result, execution);
        if (!('error' in result)) logRecord(run, result.record, execution);
      }),
    ),
  );
  await notes.settle();
  const left = plan.left + skipped;
  // Now, because the next verification would find only the runs that came in between.
  if (left === 0 && request.runs === undefined) await notes.endRound();
  found.sort((one, other) => other.run - one.run);
  const compared = found.map(({ run }) => run).sort(byRunNumber);
  return {
    nowhere: plan.nowhere,
    runs: found,
    unequalBefore: without(plan.unequal, compared),
    uncompared: without(plan.uncompared, compared),
    missingInUconDb: plan.missing,
    left,
  };
}

async function planVerification(request: VerificationRequest, { site, shutdown }: Execution) {
  const { runs, limit } = request;
  const isSelected = (run: RunNumber): boolean => runs === undefined || runs.has(run);
  const inArtdaqDb = (await site.artdaqDb.listRuns()).filter(isSelected);
  const inUconDb = (await (await site.uconDb()).listRuns(shutdown)).filter(isSelected);
  const files = site.files('migrate');
  const record = {
    state: await files.state.read(),
    failed: await files.failures.read(),
    uncompared: [],
    isKnown: await files.seen.membership(),
    waiting: await files.waiting.read(),
  };
  const { runs: givenUp } = await site.givenUp.read();
  // A person may ask for one; in a round it would be named each time.
  const isLeftOut = (run: RunNumber): boolean => runs === undefined && givenUp.has(run);
  const absent = without(inArtdaqDb, inUconDb).filter((run) => !givenUp.has(run));
  const missing = runs === undefined ? skippedRuns(absent, record) : without(absent, record.failed);
  const present = common(inArtdaqDb, inUconDb).filter((run) => !isLeftOut(run));
  if (runs !== undefined && present.length + missing.length === 0) {
    throw new ArchiverError(
      'None of the runs asked for is in both artdaqDB and UconDB, so nothing was compared',
    );
  }
  const noted = await site.verification.unequal.read();
  const isUnequal = (run: RunNumber): boolean => noted?.has(run) === true && !isLeftOut(run);
  const uploads = await site.uncompared.read();
  const isUncompared = (run: RunNumber): boolean => uploads.has(run) && !isLeftOut(run);
  const verified = runs === undefined ? await site.verification.verified.read() : undefined;
  const isFirst = (run: RunNumber): boolean => isUnequal(run) || isUncompared(run);
  const turns = takeTurns(present, (run) => verified?.has(run) === true, isFirst, limit);
  const known = RunSet.of(inArtdaqDb).union(RunSet.of(inUconDb));
  return {
    ...turns,
    /** Of the selection. */
    nowhere: runs?.asked.filter((range) => !known.meets(range)) ?? [],
    isNewRound: turns.isNewRound && runs === undefined,
    // A run that has since gone from one place can't be compared, but is unequal all the same.
    unequal: [...new Set([...inArtdaqDb.filter(isUnequal), ...inUconDb.filter(isUnequal)])].sort(byRunNumber),
    uncompared: inUconDb.filter((run) => isUncompared(run) && !isUnequal(run)),
    missing,
    leftOut: common(inArtdaqDb, inUconDb).filter(isLeftOut),
    amended: await followUpRecords(site.config.app.workDir).amended.read(),
  };
}

/** Which runs a verification compares. */
interface Turns {
  /** In this order. */
  readonly batch: readonly RunNumber[];
  /** How many runs get their turn in later verifications of the same round. */
  readonly left: number;
  /** Nothing of the current round is left: its last runs were removed. */
  readonly isNewRound: boolean;
}

/**
 * Gives each run one turn per round, whatever its comparison finds, so that every round ends. Runs that were unequal at their
 * last comparison come first, then the others; in both groups the newest run is first.
 * @param present the runs that can be compared
 * @param hadTurn in the current round
 * @param limit of the batch; none if absent
 */
export function takeTurns(
  present: readonly RunNumber[],
  hadTurn: (run: RunNumber) => boolean,
  isUnequal: (run: RunNumber) => boolean,
  limit: number | undefined,
): Turns {
  const open = present.filter((run) => !hadTurn(run));
  const isNewRound = open.length === 0;
  const newestFirst = (isNewRound ? present : open).toSorted((one, other) => other - one);
  const inOrder = [...newestFirst.filter(isUnequal), ...newestFirst.filter((run) => !isUnequal(run))];
  const batch = inOrder.slice(0, limit);
  return { batch, left: inOrder.length - batch.length, isNewRound };
}

/** Does the blob lack only times? The migrate stage can complete it, whatever the reason (`ucon_db.replace_incomplete`). */
function hasLateTimes(result: VerifiedRun): boolean {
  return !('error' in result) && result.timesCameLater;
}

function logResult(result: VerifiedRun, execution: Execution): void {
  const { run } = result;
  const logger = execution.logger.child({ run });
  if ('error' in result) {
    logger.error(`✗ Run ${run} could not be compared: ${result.error}`);
  } else if (isMatch(result)) {
    logger.debug(`✓ Run ${run}: ${result.matching.length} files are the same in artdaqDB and UconDB`);
  } else {
    const parts = [
      ['different', result.different],
      ['only in artdaqDB', result.onlyInArtdaqDb],
      ['only in UconDB', result.onlyInUconDb],
    ] as const;
    const texts = parts
      .filter(([, names]) => names.length > 0)
      .map(([what, names]) => `${what}: ${names.join(', ')}`);
    const why = result.timesCameLater
      ? ' (its stop time came after its blob was stored; ucon_db.replace_incomplete replaces the blob)'
      : '';
    logger.error(`✗ Run ${run} differs: ${texts.join('; ')}${why}`);
  }
}

/** Says how the run directory differs. Nothing is replaced, so a person has to decide. */
function logRecord(run: RunNumber, record: RecordFinding | undefined, execution: Execution): void {
  const logger = execution.logger.child({ run });
  if (record?.is === 'copying')
    logger.info(`Run ${run}: the run directory is still being copied: ${record.why}`);
  if (record?.is !== 'compared' || isSameRecord(record)) return;
  if (record.timesCameLater) {
    logger.info(
      `Run ${run}: the run directory has a time that artdaqDB lacks; the next execution of the import stage adds it`,
    );
    return;
  }
  logger.error(
    `✗ Run ${run}: artdaqDB does not hold what its run directory holds: ${recordDifferences(record).join('; ')}; was it archived ` +
      `while it was still being copied? If the directory is right: ${reimport(run, execution)}`,
  );
}

function reimport(run: RunNumber, { site }: Execution): string {
  const directory = /^filesystemdb:\/\/(.*)$/.exec(site.artdaqDb.location)?.[1];
  return directory === undefined
    ? 'see "Archived too early" in documentation/OPERATIONS_MANUAL.md'
    : `repair-filesystemdb ${shellWord(directory)} --reimport ${run} --apply, then --import-only --runs ${run}`;
}
