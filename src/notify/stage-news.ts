import { byRunNumber, type RunNumber } from '../runs/run-number.ts';
import { type RunSet, without } from '../runs/run-set.ts';
import type { Told } from '../state/notified.ts';

/** Why a stage itself failed, or why runs of it wait. */
export interface StageProblem {
  readonly text: string;
  /** Names that recognize the problem in a later execution: the first one is noted, and it was told if any of them was. */
  readonly names: readonly string[];
}

/** How a stage stands at the end of an execution. */
export interface StageSituation {
  /** Runs that failed now or are in the failure log, ascending. */
  readonly failing: readonly RunNumber[];
  /** The last error of failing runs, of this execution or an earlier one, as far as it is known. */
  readonly causes: ReadonlyMap<RunNumber, string>;
  readonly problems: readonly StageProblem[];
  /** False if other runs may be failing, too, because the failure log or the candidates could not be read. */
  readonly isComplete: boolean;
}

/** What a channel has to tell. */
export interface StageNews {
  /** `over`: a failure that was told is over, and no new one has come. */
  readonly kind: 'failure' | 'reminder' | 'over';
  /** Not told yet. */
  readonly newRuns: readonly RunNumber[];
  /** Told earlier, and still failing. */
  readonly knownRuns: readonly RunNumber[];
  /** Told earlier, and no longer failing. */
  readonly goneRuns: readonly RunNumber[];
  /** Why the stage itself failed, or why runs wait. */
  readonly error: string | undefined;
  /** The stage itself failed earlier, and no longer does. */
  readonly errorIsOver: boolean;
}

const MOST_ERRORS = 20;
const MILLISECONDS_PER_HOUR = 3_600_000;

/**
 * What a channel has to tell about a stage, given what it has told. A failure is told once. The same runs and the same error
 * of the stage are told again after `repeatHours` at the earliest.
 * @returns undefined if nothing is to be told
 */
export function newsOf(
  situation: StageSituation,
  told: Told | undefined,
  { now, repeatHours }: { readonly now: Date; readonly repeatHours: number },
): StageNews | undefined {
  const { problems } = situation;
  const error = problems.length === 0 ? undefined : problems.map(({ text }) => text).join('; ');
  const { runs = [], gone = [], errors = [] } = told ?? {};
  const failing = allFailing(situation, runs);
  const newRuns = without(failing, runs);
  const details = {
    newRuns,
    knownRuns: without(failing, newRuns),
    goneRuns: allGone(failing, runs, gone),
    error,
    errorIsOver: errors.length > 0 && error === undefined,
  };
  const isNewError = problems.some(({ names }) => !names.some((name) => errors.includes(name)));
  if (newRuns.length > 0 || isNewError) return { kind: 'failure', ...details };
  if (told === undefined) return undefined;
  const isOver = failing.length === 0 && error === undefined;
  if (isOver || details.errorIsOver) return { kind: 'over', ...details };
  return isDue(new Date(told.at), now, repeatHours) ? { kind: 'reminder', ...details } : undefined;
}

/** What a channel has told after it has told its news; undefined if nothing has to be remembered. */
export function afterTelling(situation: StageSituation, told: Told | undefined, now: Date): Told | undefined {
  const { problems } = situation;
  const failing = allFailing(situation, told?.runs ?? []);
  if (failing.length === 0 && problems.length === 0) return undefined;
  const before = problems.length === 0 ? [] : (told?.errors ?? []);
  const errors = [...new Set([...before, ...problems.flatMap(({ names }) => names.slice(0, 1))])];
  return { runs: failing, gone: [], errors: errors.slice(-MOST_ERRORS), at: now.toISOString() };
}

/** What a channel has told if it tells nothing now, or could not: runs that no longer fail are named later. */
export function withoutTelling(situation: StageSituation, told: Told | undefined): Told | undefined {
  if (told === undefined) return undefined;
  const failing = allFailing(situation, told.runs);
  const known = new Set(told.runs);
  return {
    ...told,
    runs: failing.filter((run) => known.has(run)),
    gone: allGone(failing, told.runs, told.gone),
  };
}

/** What a channel has told, apart from runs that were given up since: that they no longer fail is no news. */
export function withoutGivenUpRuns(told: Told | undefined, givenUp: RunSet): Told | undefined {
  if (told === undefined) return undefined;
  const left = (runs: readonly RunNumber[]) => runs.filter((run) => !givenUp.has(run));
  const [runs, gone] = [left(told.runs), left(told.gone)];
  return runs.length + gone.length + told.errors.length === 0 ? undefined : { ...told, runs, gone };
}

function allFailing({ failing, isComplete }: StageSituation, told: readonly RunNumber[]): RunNumber[] {
  return [...new Set([...failing, ...(isComplete ? [] : told)])].sort(byRunNumber);
}

function allGone(
  failing: readonly RunNumber[],
  told: readonly RunNumber[],
  gone: readonly RunNumber[],
): RunNumber[] {
  return without([...new Set([...told, ...gone])].sort(byRunNumber), failing);
}

/** A clock that was set back must not delay reminders. */
function isDue(last: Date, now: Date, repeatHours: number): boolean {
  const hours = (now.getTime() - last.getTime()) / MILLISECONDS_PER_HOUR;
  return hours < 0 || hours >= repeatHours;
}

const NAMES =
  /\b(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\b|\b(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b/gi;

/** An error's text without what differs each time the same error occurs: numbers, times, identifiers. */
export function comparableError(text: string): string {
  return text
    .replace(/\b(?=[0-9a-f-]*[0-9])[0-9a-f]{8}[0-9a-f-]*\b/gi, '#')
    .replace(NAMES, '#')
    .replace(/\d+/g, '#')
    .replace(/#(?:[\s.,:+TZ-]*#)+Z?/g, '#');
}
