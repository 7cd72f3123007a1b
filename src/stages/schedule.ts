import type { RunNumber } from '../runs/run-number.ts';
import type { RunEnd } from './run-end.ts';

/** What a {@link Schedule} chooses from. */
export interface ScheduledRuns {
  /** Runs that do not wait, in the order in which they are to be tried. */
  readonly others: readonly RunNumber[];
  /** Runs that wait by a fault, those first that are to be tried first. */
  readonly waiting: readonly RunNumber[];
  /** At most so many are tried. */
  readonly limit: number;
  /** Did something at this stage fail just before, by a fault that may be the site's? */
  readonly isAlarmed: boolean;
}

/** What the end of a run tells about the site. `own`: the run failed by its own fault, which tells nothing. */
export type Sign = 'success' | 'own' | 'unknown' | 'site';

/** Why no further run is begun; `undecided`: the next execution's first outcome tells whose fault the last failure was. */
export type ScheduleEnd = 'site' | 'outage' | 'undecided';

/** So many failures of unknown fault in a row look like an outage. */
const OUTAGE = 3;

/** What the end of a run tells. */
export function signOf(end: Exclude<RunEnd, { kind: 'left' }>): Sign {
  if (end.kind === 'archived') return 'success';
  return end.fault === 'run' ? 'own' : end.fault;
}

/**
 * Decides which run of a stage is tried next, and when it is no use to try another. Runs that wait by a fault come in turn
 * with others as long as all is well, so that they starve nobody and are starved by nobody. In an outage one cycle of attempts and a few
 * single ones are made, however many runs there are; the last is from the other end of the batch, as runs beside each other can share a
 * fault of their own.
 */
export class Schedule {
  readonly #others: RunNumber[];
  readonly #waiting: RunNumber[];
  #left: number;
  #takesWaiting = false;
  #failuresInARow: number;
  #lastEndedWell = false;
  /** The run from the other end that tells an outage from a few bad runs. */
  #probe: 'none' | 'due' | { readonly run: RunNumber } = 'none';
  #end: ScheduleEnd | undefined;

  constructor({ others, waiting, limit, isAlarmed }: ScheduledRuns) {
    this.#others = [...others];
    this.#waiting = [...waiting];
    this.#left = limit;
    this.#failuresInARow = isAlarmed ? 1 : 0;
  }

  /** Why no further run is begun, before all of them were; undefined if that is not so. */
  get end(): ScheduleEnd | undefined {
    return this.#end;
  }

  /** After a failure runs get one attempt each. */
  get isAlarmed(): boolean {
    return this.#failuresInARow > 0;
  }

  /** The run to try now; undefined if there is none until another one ends, or at all. */
  next(): RunNumber | undefined {
    if (this.#end !== undefined || this.#left === 0 || typeof this.#probe === 'object') return undefined;
    const run = this.#probe === 'due' ? this.#nextProbe() : this.#nextInTurn();
    if (run !== undefined) this.#left--;
    return run;
  }

  /** Takes note of how a run ended, in the order in which they do. */
  ended(run: RunNumber, sign: Sign): void {
    const wasProbe = typeof this.#probe === 'object' && this.#probe.run === run;
    const followsSuccess = this.#lastEndedWell;
    if (sign === 'site') this.#end ??= 'site';
    if (sign === 'success') {
      this.#lastEndedWell = true;
      this.#failuresInARow = 0;
      this.#probe = 'none';
    }
    if (sign === 'own' && wasProbe) this.#seekProbe();
    if (sign !== 'unknown') return;
    this.#lastEndedWell = false;
    this.#failuresInARow++;
    if (wasProbe) this.#end ??= 'outage';
    else if (this.#failuresInARow >= OUTAGE && this.#probe === 'none') this.#seekProbe();
    else if (followsSuccess && this.#others.length === 0) this.#end ??= 'undecided';
  }

  /** What was begun did not end: nothing follows from it. */
  withdrawn(run: RunNumber): void {
    if (typeof this.#probe === 'object' && this.#probe.run === run) this.#probe = 'none';
  }

  /** It is known by now how the run ends: it is not to be tried any more. */
  drop(run: RunNumber): void {
    for (const runs of [this.#others, this.#waiting]) {
      const at = runs.indexOf(run);
      if (at >= 0) runs.splice(at, 1);
    }
  }

  #seekProbe(): void {
    if (this.#others.length > 0 && this.#left > 0) this.#probe = 'due';
    else this.#end ??= 'outage';
  }

  #nextProbe(): RunNumber | undefined {
    const run = this.#others.pop();
    if (run !== undefined) this.#probe = { run };
    return run;
  }

  #nextInTurn(): RunNumber | undefined {
    const isTheirTurn = this.#lastEndedWell && this.#takesWaiting;
    const takesWaiting = this.#waiting.length > 0 && (this.#others.length === 0 || isTheirTurn);
    this.#takesWaiting = !takesWaiting;
    return (takesWaiting ? this.#waiting : this.#others).shift();
  }
}

/**
 * Does the work of the runs that a schedule chooses, several at once, until it chooses none or it is to stop.
 * @param work tells the schedule how each ended
 */
export async function followSchedule(
  schedule: Schedule,
  { workers, stop }: { readonly workers: number; readonly stop: AbortSignal },
  work: (run: RunNumber) => Promise<void>,
): Promise<void> {
  const underWay = new Set<Promise<void>>();
  for (;;) {
    while (underWay.size < workers && !stop.aborted) {
      const run = schedule.next();
      if (run === undefined) break;
      const begun: Promise<void> = work(run).finally(() => underWay.delete(begun));
      underWay.add(begun);
    }
    if (underWay.size === 0) return;
    await Promise.race(underWay);
  }
}
