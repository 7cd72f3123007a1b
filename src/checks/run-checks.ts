import { setTimeout as wait } from 'node:timers/promises';
import { ArchiverError, messageOf } from '../errors.ts';
import type { Usability } from '../files/directory-access.ts';

/** Looks at one thing that the archiver depends on, and leaves everything as it was. */
export interface Check {
  /** For programs; never changes its meaning. */
  readonly name: string;
  /** What is looked at, for readers: parameter or kind, and where it is; without secrets. */
  readonly subject: string;
  /**
   * @param signal aborted = nobody waits any longer
   * @throws ArchiverError saying what is wrong and what to do
   */
  look(signal: AbortSignal): Promise<Usability>;
}

/** How a check ended. Only `failed` keeps the archiver from working; a warning may do harm later. */
export type CheckState = 'ok' | 'warning' | 'failed';

/** A check that was made. */
export interface CheckResult {
  readonly name: string;
  readonly subject: string;
  readonly state: CheckState;
  /** What was found, or what is wrong and what to do. */
  readonly text: string;
  readonly milliseconds: number;
}

/** How checks are made. */
export interface CheckRun {
  /** Milliseconds that each may take. */
  readonly limitMs: number;
  /** Aborted = stop. */
  readonly stop: AbortSignal;
  /** Is told each result in the order of the checks, as soon as it and all before it are known. */
  readonly report: (result: CheckResult) => void;
}

/** Makes the checks side by side. */
export async function runChecks(
  checks: readonly Check[],
  { limitMs, stop, report }: CheckRun,
): Promise<void> {
  for (const pending of checks.map((check) => resultOf(check, limitMs, stop))) report(await pending);
}

async function resultOf(check: Check, limitMs: number, stop: AbortSignal): Promise<CheckResult> {
  const { name, subject } = check;
  const started = performance.now();
  const over = new AbortController();
  const outcome = await Promise.race([look(check, over.signal), giveUp(limitMs, stop, over.signal)]);
  over.abort();
  return { name, subject, ...outcome, milliseconds: Math.round(performance.now() - started) };
}

type Outcome = Pick<CheckResult, 'state' | 'text'>;

async function look(check: Check, signal: AbortSignal): Promise<Outcome> {
  try {
    const { text, warnings = [] } = await check.look(signal);
    const state = warnings.length === 0 ? 'ok' : 'warning';
    return { state, text: [text, ...warnings].filter((part) => part !== '').join('; ') };
  } catch (error) {
    if (!(error instanceof ArchiverError)) throw error;
    return { state: 'failed', text: messageOf(error) };
  }
}

/** Waits until the time is up or `stop` is aborted, but never longer than until `over`. */
async function giveUp(milliseconds: number, stop: AbortSignal, over: AbortSignal): Promise<Outcome> {
  const signal = AbortSignal.any([stop, over]);
  const isTimedOut = await wait(milliseconds, true, { signal }).catch(() => false);
  const text = isTimedOut
    ? `no result within ${milliseconds / 1000} s; check that it answers`
    : 'not finished, as the check was stopped';
  return { state: 'failed', text };
}
