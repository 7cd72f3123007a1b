import type { RunRequest } from '../cli/cli.ts';
import { PersistenceError, type StageName } from '../errors.ts';
import type { Logger } from '../log/logger.ts';
import type { RunNumber } from '../runs/run-number.ts';
import { common, formatRanges, formatRuns, without } from '../runs/run-set.ts';
import type { Site } from '../site.ts';
import { followUpRecords } from '../state/follow-up-records.ts';
import { type Recovery, recoverFrom, writeRecovery } from '../state/recover.ts';
import type { RunSetFile } from '../state/run-set-file.ts';
import { nobodyWaits, type WaitingRunsFile, type WaitingState } from '../state/waiting-runs.ts';
import { compareUploads, nothingUploaded } from './compare-uploads.ts';
import type { Execution } from './mode.ts';

/** The stage whose state is rebuilt. */
export interface RecoveryRequest extends RunRequest {
  readonly mode: 'recover-state';
  readonly stage: StageName;
}

const RULE = '='.repeat(70);

/**
 * Rebuilds the state file, the failure log and the record of seen runs of a stage from its source and target, and replaces
 * every other record that the stage could not read. Runs that this archiver uploaded to UconDB count once a comparison finds
 * them equal.
 * @returns false if an uploaded run differs or could not be compared
 * @throws ArchiverError if source or target can't be listed, or an outage interrupts the comparison; state and failure log stay
 *   as they were
 */
export async function recoverState(
  { stage, dryRun }: RecoveryRequest,
  execution: Execution,
): Promise<boolean> {
  const { site, enter, shutdown } = execution;
  const logger = execution.logger.child({ stage });
  const title = stage === 'import' ? 'Import State Recovery' : 'Migration State Recovery';
  enter(title);
  const say = (...lines: string[]) => {
    for (const line of lines) logger.info(line);
  };
  say(RULE, title.toUpperCase(), RULE);
  const [from, to] =
    stage === 'import' ? [site.records, site.artdaqDb] : [site.artdaqDb, await site.uconDb()];
  say(`Querying ${from.location}...`);
  const source = await from.listRuns();
  say(`Found ${source.length} runs`, `Querying ${to.location}...`);
  const listed = await to.listRuns(shutdown);
  say(`Found ${listed.length} runs`);
  if (listed.length === 0) logger.warning(`No runs found in ${to.location} - setting state to 0`);
  if (source.length === 0 && listed.length > 0) {
    logger.warning(
      `No runs found in ${from.location}: if it is only unreachable (such as a file system that is not mounted), repeat the recovery ` +
        'later, because until then the failure log and the record of seen runs are empty',
    );
  }
  const files = site.files(stage);
  // Nobody but people can rebuild it, and without it the runs would count as failed.
  const givenUp = await site.givenUp.read();
  const known = await waitingRuns(files.waiting, logger);
  const { byFault } = known ?? nobodyWaits;
  // Before the comparison of uploads, which adds runs to some of them.
  if (!dryRun) await replaceUnreadableRecords(stage, common(source, listed), site, logger);
  const uploads =
    stage === 'import'
      ? nothingUploaded(byFault)
      : await compareUploads(source, listed, { dryRun, byFault }, execution);
  if (uploads === undefined) {
    logger.warning(
      'The recovery was stopped before all runs were compared: state and failure log stay unchanged',
    );
    return false;
  }
  const { equal, different, uncertain, waiting } = uploads;
  const target = without(listed, [...different, ...uncertain, ...uploads.givenUp]);
  const isLeftAlone = (run: RunNumber): boolean => waiting.has(run) || givenUp.has(run);
  const recovery = recoverFrom(source, target, isLeftAlone, different);
  if (dryRun) {
    say('Dry run: nothing was written. It would be:');
  } else {
    // First, because the position may then pass these runs.
    if (known !== undefined) await files.waiting.write({ ...known, byFault: waiting });
    await writeRecovery(recovery, source, files, logger);
    // Last, because until the failure log names the runs that waited, this file alone knows of them.
    if (known === undefined) {
      logger.info(`✓ Emptied ${files.waiting.path} (before: ${await files.waiting.clear()})`);
      await files.waiting.write({ ...nobodyWaits, byFault: waiting });
    }
    if (stage === 'migrate') await site.uncompared.drop(equal);
    say(RULE, `${title.toUpperCase()} COMPLETE`);
  }
  say(...foundLines(stage, source.length, listed.length, recovery));
  if (givenUp.notes.length > 0) say(`  Given up, and left so: ${formatRanges(givenUp.runs.ranges)}`);
  say(RULE);
  return different.length + uncertain.length === 0;
}

/** Undefined if the file can't be read. The failure log then gets the runs that waited below the position. */
async function waitingRuns(file: WaitingRunsFile, logger: Logger): Promise<WaitingState | undefined> {
  try {
    return await file.read();
  } catch (error) {
    if (!(error instanceof PersistenceError)) throw error;
    logger.warning(`${error.message} Runs that waited count as failed, or as new above the position`);
    return undefined;
  }
}

/**
 * Replaces the records of archived runs that can't be read, and leaves the others as they are.
 * @param archived runs at both the source and the target of the stage
 */
async function replaceUnreadableRecords(
  stage: StageName,
  archived: readonly RunNumber[],
  site: Site,
  logger: Logger,
): Promise<void> {
  const { unfinished, untimed, turns, amended } = followUpRecords(site.config.app.workDir);
  const replace = async (record: RunSetFile, runs: readonly RunNumber[], meaning: string): Promise<void> => {
    const kept = await record.replaceUnreadable(runs);
    if (kept === undefined) return;
    logger.warning(`✓ Written ${record.path} (before: ${kept}), as it could not be understood: ${meaning}`);
  };
  if (stage === 'import') {
    const all =
      `it names all ${archived.length} archived runs that have a run directory. The import stage looks at them, some at a time, and ` +
      'takes out those that lack no time';
    await replace(unfinished, archived, all);
    await replace(untimed, archived, all);
    await replace(turns, [], 'it is empty, so the turns begin anew');
  }
  await replace(amended, [], 'it is empty. --verify finds blobs that lack a stop time, and notes them there');
}

/** The lines that say what a recovery found. */
function foundLines(stage: StageName, source: number, target: number, recovery: Recovery): string[] {
  const [from, to] = stage === 'import' ? ['Filesystem', 'ArtdaqDB'] : ['ArtdaqDB', 'UconDB'];
  const { state, failed } = recovery;
  return [
    `  ${from} runs: ${source}`,
    `  ${to} runs: ${target}`,
    `  Last contiguous: ${state.lastContiguousRun}`,
    `  Last attempted: ${state.lastAttemptedRun}`,
    `  Missing runs: ${failed.length}`,
    ...(failed.length === 0 ? [] : [`  Missing runs (failure log): ${formatRuns(failed)}`]),
  ];
}
