import { hostname } from 'node:os';
import type { RunRequest } from '../cli/cli.ts';
import { NotYetError, type StageName } from '../errors.ts';
import { accountName } from '../files/ownership.ts';
import { makeRedactor } from '../log/log-line.ts';
import type { RunNumber } from '../runs/run-number.ts';
import { formatRanges, RunSet } from '../runs/run-set.ts';
import type { Site } from '../site.ts';
import { shortReason } from '../state/failure-reasons.ts';
import { giveUp, runsThatWere, takeUp } from '../state/give-up.ts';
import {
  type GivenUp,
  type GivenUpNote,
  joinedBy,
  type Standing,
  stageNames,
} from '../state/given-up-runs.ts';
import type { Execution } from './mode.ts';
import {
  type ArchivedRuns,
  archivedRuns,
  type RunStanding,
  type RunStandings,
  runStandings,
} from './run-standings.ts';

/** Which runs are given up or taken up. `skipped`: those that incremental executions pass over. */
export type GivingUpRequest = RunRequest & { readonly runs: RunSet | 'skipped' } & (
    | { readonly mode: 'give-up'; readonly reason: string }
    | { readonly mode: 'take-up' }
  );

/** Runs that are explained line by line. */
const SHOWN_LINES = 20;

type GiveUpRequest = Extract<GivingUpRequest, { mode: 'give-up' }>;
type TakeUpRequest = Extract<GivingUpRequest, { mode: 'take-up' }>;

/**
 * Gives runs up, or takes them up: all that the request names, or none.
 * @returns false if one of them can't be given up or taken up; nothing is written then
 * @throws ArchiverError if a place or a file can't be read or written
 */
export async function changeGivenUp(request: GivingUpRequest, execution: Execution): Promise<boolean> {
  return request.mode === 'give-up'
    ? await giveUpRuns(request, execution)
    : await takeUpRuns(request, execution);
}

async function giveUpRuns(
  { runs: asked, reason, dryRun }: GiveUpRequest,
  execution: Execution,
): Promise<boolean> {
  const { site, logger, enter } = execution;
  enter('Give up runs');
  const standings = await runStandings(execution);
  const runs = asked === 'skipped' ? standings.skipped : asked;
  if (runs.size === 0) {
    logger.info('No run is skipped: nothing to give up');
    return true;
  }
  const refusal = refusalOf(runs, standings);
  if (refusal !== undefined) {
    logger.error(refusal);
    return false;
  }
  const notes = notesOf(runs, standings, {
    by: personOf(site),
    time: site.now().toISOString(),
    reason: shortReason(reason, makeRedactor(site.config.secrets)),
  });
  for (const line of standingLines(notes)) logger.info(`  ${line}`);
  const undo = `--take-up ${asked === 'skipped' ? asked : runs.toTexts().join(',')}`;
  if (dryRun) {
    logger.info(`Dry run: nothing was written. ${runs.size} run(s) would be given up; ${undo} would undo it`);
    return true;
  }
  refuseIfStopped(execution);
  await giveUp(notes, recordsOf(site));
  logger.info(
    `✓ ${runs.size} run(s) are given up: ${notes[0]?.reason}. Nobody archives them; ${undo} undoes it`,
  );
  return true;
}

/** Why not all of these runs can be given up; undefined if they can. */
function refusalOf(runs: RunSet, { known, well }: RunStandings): string | undefined {
  const unknown = runs.without(known.intersection(runs).numbers());
  const archived = runs.intersection(well);
  if (unknown.size + archived.size === 0) return undefined;
  const possible = known.intersection(runs).without(archived.numbers());
  return [
    'Nothing was given up: ',
    ...(unknown.size === 0
      ? []
      : [
          `no run ${formatRanges(unknown.ranges)} is known (neither in the run records, nor in artdaqDB, nor in a failure log, nor ` +
            'among the runs that wait)',
        ]),
    ...(unknown.size > 0 && archived.size > 0 ? ['; '] : []),
    ...(archived.size === 0 ? [] : [`${formatRanges(archived.ranges)}: archived, and in order`]),
    possible.size === 0 ? '' : `. The others could be given up: --give-up ${possible.toTexts().join(',')}`,
  ].join('');
}

/** One note for all runs that are alike. */
function notesOf(
  runs: RunSet,
  standings: RunStandings,
  given: Pick<GivenUpNote, 'by' | 'time' | 'reason'>,
): GivenUpNote[] {
  const groups = new Map<string, { readonly standing: RunStanding; readonly runs: RunNumber[] }>();
  for (const run of runs.numbers()) {
    const { import: imported, migrate, unequal } = standings.of(run);
    const standing = { import: imported, migrate, unequal };
    const key = JSON.stringify(standing);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { standing, runs: [run] });
    else group.runs.push(run);
  }
  return [...groups.values()].map((group) => ({
    runs: RunSet.of(group.runs),
    ...given,
    ...group.standing,
  }));
}

async function takeUpRuns({ runs: asked, dryRun }: TakeUpRequest, execution: Execution): Promise<boolean> {
  const { site, logger, enter } = execution;
  enter('Take up runs');
  const givenUp = await site.givenUp.read();
  const runs = asked === 'skipped' ? skippedOf(givenUp) : asked;
  const others = runs.without(givenUp.runs.intersection(runs).numbers());
  if (others.size > 0) {
    logger.error(
      `Nothing was taken up: ${formatRanges(others.ranges)} ${others.size === 1 ? 'is' : 'are'} not given up. ` +
        `Given up: ${formatRanges(givenUp.runs.ranges)}`,
    );
    return false;
  }
  const taken = givenUp.of(runs);
  if (taken.notes.length === 0) {
    logger.info('No skipped run is given up: nothing to take up');
    return true;
  }
  const archived = await archivedRuns(execution);
  for (const line of returnLines(taken, archived)) logger.info(`  ${line}`);
  if (dryRun) {
    logger.info(`Dry run: nothing was written. ${runs.size} run(s) would be taken up`);
    return true;
  }
  refuseIfStopped(execution);
  await takeUp(taken, archived, recordsOf(site));
  logger.info(`✓ ${runs.size} run(s) are taken up`);
  return true;
}

/** The runs that were skipped, and nothing worse, when they were given up. */
function skippedOf({ notes }: GivenUp): RunSet {
  const isSkipped = (note: GivenUpNote): boolean => {
    const was = stageNames.map((stage) => note[stage].was);
    return was.includes('skipped') && !was.includes('failed') && !was.includes('waiting') && !note.unequal;
  };
  return RunSet.ofRanges(notes.filter(isSkipped).flatMap(({ runs }) => runs.ranges));
}

/** What becomes of runs that are taken up. */
function returnLines(taken: GivenUp, archived: ArchivedRuns): string[] {
  const lines = stageNames.flatMap((stage) => {
    const open = taken.without(archived[stage]);
    const told = (was: Standing['was'], text: string): string[] => {
      const { ranges } = runsThatWere(was, open, stage);
      return ranges.length === 0 ? [] : [`${formatRanges(ranges)}: ${text}`];
    };
    return [
      ...told('failed', `back in the ${stage} failure log; --retry-failed-${stage} processes them`),
      ...told('waiting', `waiting for the ${stage} stage again; each execution tries them`),
      ...told(
        'skipped',
        `skipped by the ${stage} stage, as before; an execution without --incremental takes them`,
      ),
    ];
  });
  const arrived = taken.runs.intersection(archived.migrate);
  const done = arrived.size === 0 ? [] : [`${formatRanges(arrived.ranges)}: in UconDB by now`];
  const told = [...lines, ...done];
  return told.length > 0 ? told : [`${formatRanges(taken.runs.ranges)}: for the next executions`];
}

/** What the runs were; those that are alike in one line. */
function standingLines(notes: readonly GivenUpNote[]): string[] {
  const lines = joinedBy(notes, standingText).map(
    ([text, { runs }]) => `${formatRanges(runs.ranges)}: ${text}`,
  );
  const more = lines.length - SHOWN_LINES;
  return more > 0 ? [...lines.slice(0, SHOWN_LINES), `and ${more} more such lines`] : lines;
}

function standingText({ unequal, ...stages }: RunStanding): string {
  const texts = stageNames.flatMap((stage) => textOf(stages[stage], stage));
  if (unequal) texts.push('its blob in UconDB differs');
  return texts.length === 0 ? 'not archived yet' : texts.join('; ');
}

function textOf(standing: Standing, stage: StageName): string[] {
  switch (standing.was) {
    case 'failed':
      return [`failed in the ${stage} stage${standing.reason ? ` (${standing.reason.message})` : ''}`];
    case 'waiting':
      return [`waiting for the ${stage} stage (${standing.place}: ${standing.cause})`];
    case 'skipped':
      return [`skipped by the ${stage} stage`];
    default:
      return [];
  }
}

/** Once somebody removed the lock file, another archiver may be at work. */
function refuseIfStopped({ shutdown }: Execution): void {
  if (shutdown.aborted) throw new NotYetError('Stopped before anything was written: repeat the command');
}

/** Who asks: behind sudo the person, else the account of this process. */
function personOf({ env }: Site): string {
  return `${env.SUDO_USER || accountName(process.geteuid?.() ?? 0)}@${hostname()}`;
}

function recordsOf(site: Site) {
  const { givenUp, verification } = site;
  return { givenUp, unequal: verification.unequal, files: (stage: StageName) => site.files(stage) };
}
