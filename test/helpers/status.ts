import type { StageRecord, Status } from '../../src/report/status.ts';
import { noReasons } from '../../src/state/failure-reasons.ts';
import { nobodyWaits } from '../../src/state/waiting-runs.ts';

/** A status to report on, with what matters to a test. */
export interface StatusFacts {
  /** Undefined: the place could not be asked. */
  readonly files: readonly number[] | undefined;
  readonly artdaqDb: readonly number[] | undefined;
  readonly uconDb: readonly number[] | undefined;
  readonly importing?: Partial<StageRecord>;
  readonly migrating?: Partial<StageRecord>;
  readonly unfinished?: readonly number[];
  readonly amended?: readonly number[];
  readonly location?: string;
}

/** Why a place in {@link statusOf} could not be asked. */
export const outage = 'connection refused by <b>&amp;"host"</b>';

/** What the status report works with. */
export function statusOf(facts: StatusFacts): Status {
  const place = (name: Status['places'][number]['place'], runs: readonly number[] | undefined) => ({
    place: name,
    location: [['Location', facts.location ?? `/${name}`]] as const,
    runs,
    error: runs === undefined ? outage : undefined,
  });
  const stage = (name: StageRecord['stage'], given: Partial<StageRecord> = {}): StageRecord => ({
    stage: name,
    state: { lastContiguousRun: 0, lastAttemptedRun: 0 },
    failed: [],
    uncompared: [],
    reasons: noReasons,
    isKnown: () => true,
    waiting: nobodyWaits,
    ...given,
  });
  return {
    places: [
      place('filesystem', facts.files),
      place('artdaqDB', facts.artdaqDb),
      place('UconDB', facts.uconDb),
    ],
    stages: [stage('import', facts.importing), stage('migrate', facts.migrating)],
    lateTimes: {
      isUnfinished: (run) => facts.unfinished?.includes(run) === true,
      isAmended: (run) => facts.amended?.includes(run) === true,
    },
  };
}
