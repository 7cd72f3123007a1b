import { formatTime } from '../log/log-line.ts';
import { formatRanges } from '../runs/run-set.ts';
import { type GivenUp, type GivenUpNote, joinedBy } from '../state/given-up-runs.ts';

/** Runs that somebody gave up at one time, for one reason. */
export type GivenUpTogether = Pick<GivenUpNote, 'runs' | 'by' | 'time' | 'reason'>;

/** Who gave which runs up, when and why; what the runs were does not matter here. The latest comes first. */
export function givenUpTogether({ notes }: GivenUp): GivenUpTogether[] {
  return joinedBy(notes, ({ by, time, reason }) => JSON.stringify([by, time, reason]))
    .map(([, note]) => note)
    .sort((one, other) => other.time.localeCompare(one.time));
}

/** Says for each group of given-up runs that nobody archives them, and how to change that. */
export function givenUpLines(givenUp: GivenUp): string[] {
  return givenUpTogether(givenUp).map(
    (each) =>
      `${each.runs.size} run(s) are given up, and left alone: ${groupText(each)}; --take-up takes them up again`,
  );
}

/** Groups that are explained. */
const SHOWN_GROUPS = 5;

/** All of it in one line; undefined if nobody gave a run up. */
export function givenUpText(givenUp: GivenUp): string | undefined {
  const groups = givenUpTogether(givenUp);
  if (groups.length === 0) return undefined;
  const rest = groups.slice(SHOWN_GROUPS);
  const others = rest.reduce((sum, { runs }) => sum + runs.size, 0);
  const shown = groups.slice(0, SHOWN_GROUPS).map(groupText);
  const more = rest.length === 0 ? [] : [`and ${others} more; --json tells of all`];
  return `${givenUp.runs.size} run(s) are given up, and left alone until --take-up: ${[...shown, ...more].join('; ')}`;
}

function groupText({ runs, by, time, reason }: GivenUpTogether): string {
  const day = formatTime(new Date(time)).slice(0, 'YYYY-MM-DD'.length);
  return `${formatRanges(runs.ranges)} (${reason}; ${by}, ${day})`;
}
