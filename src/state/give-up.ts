import type { StageName } from '../errors.ts';
import type { RunNumber } from '../runs/run-number.ts';
import { RunSet } from '../runs/run-set.ts';
import type { FailureLog } from './failure-log.ts';
import {
  type GivenUp,
  type GivenUpNote,
  type GivenUpRuns,
  type Standing,
  stageNames,
} from './given-up-runs.ts';
import type { RunSetFile } from './run-set-file.ts';
import type { SeenRuns } from './seen-runs.ts';
import type { WaitingRunsFile } from './waiting-runs.ts';

/** What giving runs up and taking them up changes. */
export interface GivenUpRecords {
  readonly givenUp: GivenUpRuns;
  readonly unequal: RunSetFile;
  readonly files: (stage: StageName) => {
    readonly failures: FailureLog;
    readonly waiting: WaitingRunsFile;
    readonly seen: SeenRuns;
  };
}

/**
 * Gives runs up. Their notes come first: as long as one is there, it holds, so a kill in between leaves nothing undecided.
 * @throws PersistenceError if a file can't be read, locked or written
 */
export async function giveUp(notes: readonly GivenUpNote[], records: GivenUpRecords): Promise<void> {
  await records.givenUp.change((before) => before.with(notes));
  for (const stage of stageNames) {
    const { failures, waiting } = records.files(stage);
    await failures.settle();
    await waiting.write(await waiting.read());
  }
  await records.unequal.drop([...(await records.givenUp.read()).unequal.numbers()]);
}

/**
 * Takes runs up: each is again what it was in each stage, unless that has archived it since. Their notes go last.
 * @param taken the notes about these runs, and no others
 * @param archived the runs at the target of each stage
 * @throws PersistenceError as giveUp does
 */
export async function takeUp(
  taken: GivenUp,
  archived: Readonly<Record<StageName, RunSet>>,
  records: GivenUpRecords,
): Promise<void> {
  for (const stage of stageNames) {
    const open = taken.without(archived[stage]);
    const { failures, waiting, seen } = records.files(stage);
    await failures.change({ add: failedOf(open, stage) });
    await waiting.restore(waitingOf(open, stage));
    await seen.correct({
      seen: runsThatWere('skipped', open, stage),
      unseen: runsThatWere('new', open, stage),
    });
  }
  if (taken.unequal.size > 0) await records.unequal.add([...taken.unequal.numbers()]);
  await records.givenUp.change((before) => before.without(taken.runs));
}

/** The given-up runs that were this in a stage. */
export function runsThatWere(was: Standing['was'], { notes }: GivenUp, stage: StageName): RunSet {
  return RunSet.ofRanges(notes.filter((note) => note[stage].was === was).flatMap(({ runs }) => runs.ranges));
}

type Failed = Extract<Standing, { was: 'failed' }>;
type Waiting = Extract<Standing, { was: 'waiting' }>;

function failedOf({ notes }: GivenUp, stage: StageName): Map<RunNumber, Failed['reason']> {
  return new Map(
    notes.flatMap(({ runs, [stage]: standing }) =>
      standing.was === 'failed' ? [...runs.numbers()].map((run) => [run, standing.reason] as const) : [],
    ),
  );
}

function waitingOf({ notes }: GivenUp, stage: StageName): Map<RunNumber, Omit<Waiting, 'was'>> {
  return new Map(
    notes.flatMap(({ runs, [stage]: standing }) => {
      if (standing.was !== 'waiting') return [];
      const { was, ...waiting } = standing;
      return [...runs.numbers()].map((run) => [run, waiting] as const);
    }),
  );
}
