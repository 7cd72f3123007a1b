import { setTimeout as wait } from 'node:timers/promises';
import { ArchiverError, messageOf } from '../errors.ts';

/** How checks are made. */
export interface CheckRun {
  /** Milliseconds that each may take. */
  readonly limitMs: number;
  /** Aborted = stop. */
  readonly stop: AbortSignal;
  /** Is told each result, in the order of the checks, as soon as it and all before it are known. */
  readonly report: (result: CheckResult) => void;
}

/** Makes the checks side by side. */
export async function runChecks(
  checks: readonly Check[],
  { limitMs, stop, report }: CheckRun,
): Promise<void> {
  for (const pending of checks.map((check) => made(check, limitMs, stop))) report(await pending);
}

async function made(
  { name, subject, look }: Check,
  limitMs: number,
  stop: AbortSignal,
): Promise<CheckResult> {
  const started = performance.now();
  const over = new AbortController();
  const finding = await Promise.race([
    found(look, over.signal),
    limit(limitMs, stop, over.signal).then((text) => ({ state: 'failed' as const, text })),
  ]);
  over.abort();
  return { name, subject, ...finding, milliseconds: Math.round(performance.now() - started) };
}

async function found(look: Check['look'], signal: AbortSignal): Promise<Pick<CheckResult, 'state' | 'text'>> {
  try {
    return judged(await look(signal));
  } catch (error) {
    if (!(error instanceof ArchiverError)) throw error;
    return { state: 'failed', text: messageOf(error) };
  }
}

function judged({ text, warnings = [] }: Finding): Pick<CheckResult, 'state' | 'text'> {
  return {
    state: warnings.length === 0 ? 'ok' : 'warning',
    text: [text, ...warnings].filter((part) => part !== '').join('; '),
  };
}

/** Waits until the time is over or everything shall stop; never longer than until `over`. */
async function limit(milliseconds: number, stop: AbortSignal, over: AbortSignal): Promise<string> {
  const signal = AbortSignal.any([stop, over]);
  const isTimedOut = await wait(milliseconds, true, { signal }).catch(() => false);
  return isTimedOut
    ? `no result within ${milliseconds / 1000} s; check that it answers at all`
    : 'not finished, as the check was stopped';
}

/** What was found out about one thing that the configuration names. */
export interface Finding {
  /** What is there, in a few words. */
  readonly text: string;
  /** What may do harm later, but keeps nothing from working now; each with what to do. */
  readonly warnings?: readonly string[];
}

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
  look(signal: AbortSignal): Promise<Finding>;
}

/** How a check ended; only `failed` keeps the archiver from working. */
export type CheckState = 'ok' | 'warning' | 'failed';

/** A check that was made. */
export interface CheckResult {
  readonly name: string;
  readonly subject: string;
  readonly state: CheckState;
  /** What is there, or what is wrong and what to do. */
  readonly text: string;
  readonly milliseconds: number;
}
