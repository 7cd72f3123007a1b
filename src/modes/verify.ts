import pLimit from 'p-limit';
import type { RunRequest } from '../cli/request.ts';
import { storedRecord } from '../clients/ucondb/stored-record.ts';
import { ArchiverError, messageOf } from '../errors.ts';
import { followUpRecords } from '../persistence/follow-up-records.ts';
import { VerifiedNotes } from '../persistence/verified-notes.ts';
import { compareFiles, isMatch, lacksTimesOnly } from '../report/compare.ts';
import { skippedRuns } from '../report/status.ts';
import {
  allEqual,
  isEqualRun,
  type Verification,
  type VerifiedRun,
  verificationJson,
  verificationLines,
} from '../report/verification.ts';
import { type RunNumber, without } from '../run-number.ts';
import type { RunSet } from '../run-set.ts';
import type { Site } from '../site.ts';
import type { Execution } from './execution.ts';

type VerifyRequest = Extract<RunRequest, { mode: 'verify' }>;

/**
 * Compares the runs, and reports.
 * @returns true if everything that was looked at agrees
 * @throws ArchiverError if a place can't be listed, or the record of verified runs can't be read or written
 */
export async function reportVerification(request: VerifyRequest, execution: Execution): Promise<boolean> {
  const verification = await verify(request, execution);
  const well = allEqual(verification);
  for (const line of verificationLines(verification)) execution.logger[well ? 'info' : 'warning'](line);
  if (request.json) execution.print(verificationJson(verification));
  return well;
}

/**
 * Compares runs in artdaqDB with their blobs in UconDB, newest first, and those after all others that were found unequal since
 * all were compared. A run that was found equal is not compared again until all others were, unless it is asked for by number.
 */
async function verify(request: VerifyRequest, execution: Execution): Promise<Verification> {
  const { site, logger, shutdown } = execution;
  execution.enter('Verification');
  const plan = await planVerification(request, site);
  logger.info(`Verification: comparing ${plan.batch.length} runs, ${plan.left} more are left for later`);
  const deadline = request.timeLimit === undefined ? Infinity : Date.now() + request.timeLimit * 60_000;
  const found: VerifiedRun[] = [];
  const limit = pLimit(site.config.app.parallelWorkers);
  const notes = new VerifiedNotes(request.dryRun ? undefined : site.verified);
  let skipped = 0;
  await Promise.all(
    plan.batch.map((run) =>
      limit(async () => {
        if (shutdown.aborted || Date.now() >= deadline) {
          skipped++;
          return;
        }
        const result = await verifyRun(run, site, plan.amended);
        found.push(result);
        await notes.add(run, isEqualRun(result));
        logResult(result, execution);
      }),
    ),
  );
  const left = plan.left + skipped;
  await notes.end(left === 0 && request.runs === undefined);
  found.sort((one, other) => other.run - one.run);
  return { runs: found, missingInUconDb: plan.missing, left };
}

async function planVerification(request: VerifyRequest, site: Site) {
  const { runs } = request;
  const isSelected = (run: RunNumber): boolean => runs === undefined || runs.has(run);
  const inArtdaqDb = (await site.artdaqDb.listRuns()).filter(isSelected);
  const inUconDb = (await site.uconDb.listRuns()).filter(isSelected);
  const files = site.files('migrate');
  const record = {
    stage: 'migrate',
    state: await files.state.read(),
    failed: await files.failures.read(),
    isKnown: await files.seen.membership(),
  } as const;
  const absent = without(inArtdaqDb, inUconDb);
  const missing = runs === undefined ? skippedRuns(absent, record) : without(absent, record.failed);
  const done = runs === undefined ? await site.verified.equal.read() : undefined;
  const unequal = runs === undefined ? await site.verified.unequal.read() : undefined;
  const amended = await followUpRecords(site.config.app.workDir).amended.read();
  const present = without(inArtdaqDb, without(inArtdaqDb, inUconDb));
  const isDone = (run: RunNumber): boolean => done?.has(run) === true;
  const notDone = present.filter((run) => !isDone(run)).reverse();
  // What was found equal may have been amended since.
  const amendedSince = present.filter((run) => isDone(run) && amended?.has(run) === true).reverse();
  const isUnequal = (run: RunNumber): boolean => unequal?.has(run) === true;
  const fresh = notDone.filter((run) => !isUnequal(run));
  const open = [...fresh, ...amendedSince, ...notDone.filter(isUnequal)];
  const batch = open.slice(0, request.limit);
  return { batch, left: open.length - batch.length, missing, amended };
}

/** Exports and unpacks one run, and compares its files. */
async function verifyRun(run: RunNumber, site: Site, amended: RunSet | undefined): Promise<VerifiedRun> {
  try {
    const [exported, record] = await Promise.all([site.artdaqDb.export(run), storedRecord(site.uconDb, run)]);
    const comparison = compareFiles(exported, record.files);
    return { run, ...comparison, timesCameLater: amended?.has(run) === true && lacksTimesOnly(comparison) };
  } catch (error) {
    if (!(error instanceof ArchiverError)) throw error;
    return { run, error: messageOf(error) };
  }
}

function logResult(result: VerifiedRun, { logger }: Execution): void {
  const { run } = result;
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
