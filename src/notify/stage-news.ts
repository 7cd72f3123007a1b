import { byRunNumber, type RunNumber, without } from '../runs/run-number.ts';
import type { Told } from '../state/notified.ts';

/** Why a stage failed itself, or runs of it wait. */
export interface StageProblem {
  readonly text: string;
  /** Under which it is known when it comes again: it is noted by the first, and was told if any was. */
  readonly names: readonly string[];
}

/** How a stage stands at the end of an execution. */
export interface StageSituation {
  /** Runs that failed now or are in the failure log, ascending. */
  readonly failing: readonly RunNumber[];
  readonly problems: readonly StageProblem[];
  /** False if runs that are not among the failing ones may fail all the same, as nobody could tell. */
  readonly isComplete: boolean;
}

/** What there is to tell. */
export interface StageNews {
  /** `over`: a failure that was told has gone, and there is no new one. */
  readonly kind: 'failure' | 'reminder' | 'over';
  /** Not told yet. */
  readonly newRuns: readonly RunNumber[];
  /** Told earlier, and failing still. */
  readonly knownRuns: readonly RunNumber[];
  /** Told earlier, and no longer failing. */
  readonly goneRuns: readonly RunNumber[];
  /** Why the stage failed itself, or runs wait. */
  readonly error: string | undefined;
  /** The stage itself failed earlier, and does so no more. */
  readonly errorIsOver: boolean;
}

const mostErrors = 20;
const millisecondsPerHour = 3_600_000;

/**
 * What a channel is to tell of a stage, given what it has told.
 * A failure is told once; the same runs and the same error of the stage are told again after `repeatHours` at the earliest.
 * @returns undefined if there is nothing
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

/** What a channel has told once it has told its news; undefined if nothing is left to be remembered. */
export function afterTelling(situation: StageSituation, told: Told | undefined, now: Date): Told | undefined {
  const { problems } = situation;
  const failing = allFailing(situation, told?.runs ?? []);
  if (failing.length === 0 && problems.length === 0) return undefined;
  const before = problems.length === 0 ? [] : (told?.errors ?? []);
  const errors = [...new Set([...before, ...problems.flatMap(({ names }) => names.slice(0, 1))])];
  return { runs: failing, gone: [], errors: errors.slice(-mostErrors), at: now.toISOString() };
}

/** What a channel has told if it tells nothing now, or did not get through: runs that have gone are to be named later. */
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

/** A clock that was set back must not put reminders off. */
function isDue(last: Date, now: Date, repeatHours: number): boolean {
  const hours = (now.getTime() - last.getTime()) / millisecondsPerHour;
  return hours < 0 || hours >= repeatHours;
}

const names =
  /\b(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\b|\b(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b/gi;

/** An error's text without what changes from time to time though the error is the same: numbers, times, identifiers. */
export function comparableError(text: string): string {
  return text
    .replace(/\b(?=[0-9a-f-]*[0-9])[0-9a-f]{8}[0-9a-f-]*\b/gi, '#')
    .replace(names, '#')
    .replace(/\d+/g, '#')
    .replace(/#(?:[\s.,:+TZ-]*#)+Z?/g, '#');
}
