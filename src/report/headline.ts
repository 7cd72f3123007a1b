import { executionState, isOverdue } from './activity.ts';
import { counted, runsText } from './lines.ts';
import {
  isWhole,
  missingAtTarget,
  outdatedBlobs,
  pendingRuns,
  placeNames,
  runsWithoutFiles,
  type Status,
  skippedRuns,
} from './status.ts';
import { minutesBetween, span } from './times.ts';

/** The whole report in one line. */
export interface Headline {
  readonly level: 'good' | 'warning' | 'error';
  readonly text: string;
}

/** What an operator wants to know first. */
export function headlineOf(status: Status): Headline {
  const records = status.stages.flatMap((stage) => ('error' in stage ? [] : [stage]));
  const sum = (numbers: readonly (number | undefined)[]): number =>
    numbers.reduce<number>((total, number) => total + (number ?? 0), 0);
  const failed = sum(records.map(({ failed: runs }) => runs.length));
  const unequal = status.unequal?.length ?? 0;
  const faulty = sum(records.map(({ waiting }) => waiting.byFault.size));
  const warned = sum([
    ...records.map((stage) => skippedRuns(missingAtTarget(status, stage.stage) ?? [], stage).length),
    outdatedBlobs(status)?.length,
    runsWithoutFiles(status)?.length,
  ]);
  const errors = [
    ...(failed > 0 ? [`${runsText(failed)} failed`] : []),
    ...(unequal > 0 ? [`${counted(unequal)} unequal ${unequal === 1 ? 'blob' : 'blobs'}`] : []),
  ];
  const warnings = [
    ...silence(status),
    ...(faulty > 0 ? [`${runsText(faulty)} ${faulty === 1 ? 'waits' : 'wait'} because of a fault`] : []),
    ...(warned > 0 ? [`${runsText(warned)} to look at`] : []),
  ];
  const found = [...errors, ...warnings];
  if (!isWhole(status)) return { level: 'error', text: [noAnswer(status), ...found].join(' · ') };
  if (found.length > 0) return { level: errors.length > 0 ? 'error' : 'warning', text: found.join(' · ') };
  const isPending = records.some((stage) => (pendingRuns(status, stage) ?? []).length > 0);
  return {
    level: 'good',
    text: isPending ? 'In order; some runs are not through yet' : 'All places are in step',
  };
}

function noAnswer({ places, stages, lateTimes }: Status): string {
  const silent = places.filter(({ error }) => error !== undefined).map(({ place }) => placeNames[place]);
  const torn = stages.filter((stage) => 'error' in stage).map(({ stage }) => `the ${stage} state`);
  const late = 'error' in lateTimes ? ['the record of late stop times'] : [];
  return `No answer: ${[...silent, ...torn, ...late].join(', ')}`;
}

/** An archiver that nobody starts, or that was killed. */
function silence({ activity }: Status): string[] {
  if (activity === undefined) return [];
  const execution = executionState(activity);
  if (!isOverdue(activity)) return execution.state === 'killed' ? ['the last execution did not end'] : [];
  const last =
    'ended' in execution ? execution.ended : 'started' in execution ? execution.started : undefined;
  return [
    last === undefined
      ? 'no execution is noted'
      : `last execution ${span(minutesBetween(last, activity.now))} ago`,
  ];
}
