import type { RunRequest } from '../cli/request.ts';
import { PersistenceError } from '../errors.ts';
import type { WaitingRunsFile, WaitingState } from '../persistence/waiting-runs.ts';
import { recoverFrom, recoveryLines, writeRecovery } from '../report/recover.ts';
import type { Logger } from '../services/logger.ts';
import type { Execution } from './execution.ts';

type RecoverRequest = Extract<RunRequest, { mode: 'recover-state' }>;

const rule = '='.repeat(70);

/**
 * Rebuilds the state file, the failure log and the record of seen runs of a stage from its source and target.
 * @throws ArchiverError if one of them can't be listed; nothing is written then
 */
export async function recoverState(
  { stage, dryRun }: RecoverRequest,
  { site, logger, enter }: Execution,
): Promise<boolean> {
  const title = stage === 'import' ? 'Import State Recovery' : 'Migration State Recovery';
  enter(title);
  const say = (...lines: string[]) => {
    for (const line of lines) logger.info(line);
  };
  say(rule, title.toUpperCase(), rule);
  const [from, to] =
    stage === 'import' ? [site.records, site.artdaqDb] : [site.artdaqDb, await site.uconDb()];
  say(`Querying ${from.location}...`);
  const source = await from.listRuns();
  say(`Found ${source.length} runs`, `Querying ${to.location}...`);
  const target = await to.listRuns();
  say(`Found ${target.length} runs`);
  if (target.length === 0) logger.warning(`No runs found in ${to.location} - setting state to 0`);
  if (source.length === 0 && target.length > 0) {
    logger.warning(
      `No runs found in ${from.location}: if they are only away (a file system that is not mounted), repeat the recovery when they ` +
        'are back, as no run is in the failure log or known as seen until then',
    );
  }
  const { waiting } = site.files(stage);
  const waits = await waitingRuns(waiting, logger);
  const recovery = recoverFrom(source, target, (run) => waits?.byFault.has(run) === true);
  if (dryRun) {
    say('Dry run: nothing was written. It would be:');
  } else {
    await writeRecovery(recovery, source, site.files(stage), logger);
    // Not before: until the failure log has them, nothing else would tell of runs that waited.
    if (waits === undefined) logger.info(`✓ Emptied ${waiting.path} (before: ${await waiting.clear()})`);
    say(rule, `${title.toUpperCase()} COMPLETE`);
  }
  say(...recoveryLines(stage, source.length, target.length, recovery), rule);
  return true;
}

/** Undefined if it can't be told who waits: then the failure log takes those below the position. */
async function waitingRuns(file: WaitingRunsFile, logger: Logger): Promise<WaitingState | undefined> {
  try {
    return await file.read();
  } catch (error) {
    if (!(error instanceof PersistenceError)) throw error;
    logger.warning(`${error.message} Runs that waited count as failed, or as new above the position`);
    return undefined;
  }
}
