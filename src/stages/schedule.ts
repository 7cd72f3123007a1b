import type { RunNumber } from '../runs/run-number.ts';
import type { RunEnd } from './attempts.ts';

/** What a {@link Schedule} chooses from. */
export interface ScheduledRuns {
  /** Runs that do not wait, in the order of their turns. */
  readonly others: readonly RunNumber[];
  /** Runs that wait because of a fault, in the order of their turns. */
  readonly waiting: readonly RunNumber[];
  /** The most runs to try. */
  readonly limit: number;
  /** Did this stage just meet a failure that may be the site's fault? */
  readonly isAlarmed: boolean;
}

/** What the end of a run says about the site. `own`: the run failed by its own fault, which says nothing. */
export type Sign = 'success' | 'own' | 'unknown' | 'site';

/** Why no further run begins. `undecided`: the first outcome of the next execution tells whose fault the last failure was. */
export type ScheduleEnd = 'site' | 'outage' | 'undecided';

/** This many failures of unknown fault in a row look like an outage. */
const OUTAGE = 3;

/** Reads the sign from the end of a run. */
export function signOf(end: Extract<RunEnd, { kind: 'archived' | 'failed' }>): Sign {
  if (end.kind === 'archived') return 'success';
  return end.fault === 'run' ? 'own' : end.fault;
}

/**
 * Decides which run of a stage to try next, and when to stop trying. While all is well, runs that wait because of a fault
 * alternate with the others, so that neither starve. An outage costs one cycle of attempts and a few single ones, however many
 * runs there are. The last of these, the probe, comes from the other end of the batch, because neighbouring runs can share a fault
 * of their own.
 */
export class Schedule {
  readonly #others: Turns;
  readonly #waiting: Turns;
  #left: number;
  #takesWaiting = false;
  #failuresInARow: number;
  #lastEndedWell = false;
  /** The run from the other end, which tells an outage from a few bad runs. */
  #probe: 'none' | 'due' | { readonly run: RunNumber } = 'none';
  /** Runs that shared a write that failed. They come first, and nothing begins while one of them is in progress. */
  readonly #alone = new Set<RunNumber>();
  #aloneNow: RunNumber | undefined;
  #end: ScheduleEnd | undefined;

  constructor({ others, waiting, limit, isAlarmed }: ScheduledRuns) {
    this.#others = new Turns(others);
    this.#waiting = new Turns(waiting);
    this.#left = limit;
    this.#failuresInARow = isAlarmed ? 1 : 0;
  }

  /** Why no further run begins although some are left; undefined while that is not so. */
  get end(): ScheduleEnd | undefined {
    return this.#end;
  }

  /** After a failure, each run gets a single attempt. */
  get isAlarmed(): boolean {
    return this.#failuresInARow > 0;
  }

  /** May more runs begin than there are workers, so that they share writes? Only a success tells that there is no outage. */
  get isCalm(): boolean {
    return (
      this.#lastEndedWell &&
      this.#failuresInARow === 0 &&
      this.#probe === 'none' &&
      this.#waiting.size === 0 &&
      this.#alone.size === 0
    );
  }

  /** The run to try now; undefined if there is none, at least until another one ends. */
  next(): RunNumber | undefined {
    const isBusy = typeof this.#probe === 'object' || this.#aloneNow !== undefined;
    if (this.#end !== undefined || this.#left === 0 || isBusy) return undefined;
    const run = this.#probe === 'due' ? this.#nextProbe() : this.#nextInTurn();
    if (run === undefined) return undefined;
    this.#left--;
    if (this.#alone.has(run)) this.#aloneNow = run;
    return run;
  }

  /** Notes how a run ended. Call it in the order in which runs end. */
  ended(run: RunNumber, sign: Sign): void {
    this.#noLongerAlone(run);
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
    else if (followsSuccess && this.#others.size === 0) this.#end ??= 'undecided';
  }

  /** The run's work was given up: nothing follows from it. */
  withdrawn(run: RunNumber): void {
    this.#noLongerAlone(run);
    if (typeof this.#probe === 'object' && this.#probe.run === run) this.#probe = 'none';
  }

  /** The run shared a write that failed: it comes again before all others, and alone. */
  returned(run: RunNumber): void {
    this.#noLongerAlone(run);
    this.#others.putFirst(run);
    this.#alone.add(run);
    this.#left++;
    this.#lastEndedWell = false;
    if (typeof this.#probe === 'object' && this.#probe.run === run) this.#seekProbe();
  }

  /** Takes a run out: its end is known already. */
  drop(run: RunNumber): void {
    this.#noLongerAlone(run);
    this.#others.drop(run);
    this.#waiting.drop(run);
  }

  #noLongerAlone(run: RunNumber): void {
    this.#alone.delete(run);
    if (this.#aloneNow === run) this.#aloneNow = undefined;
  }

  #seekProbe(): void {
    if (this.#others.size > 0 && this.#left > 0) this.#probe = 'due';
    else this.#end ??= 'outage';
  }

  #nextProbe(): RunNumber | undefined {
    const run = this.#others.takeLast();
    if (run !== undefined) this.#probe = { run };
    return run;
  }

  #nextInTurn(): RunNumber | undefined {
    const isTheirTurn = this.#lastEndedWell && this.#takesWaiting && this.#alone.size === 0;
    const takesWaiting = this.#waiting.size > 0 && (this.#others.size === 0 || isTheirTurn);
    this.#takesWaiting = !takesWaiting;
    return (takesWaiting ? this.#waiting : this.#others).takeFirst();
  }
}

/** Runs in the order of their turns. However many there are, each step takes the same time. */
class Turns {
  readonly #order: readonly RunNumber[];
  #begin = 0;
  #end: number;
  /** Runs that have come back. They come before the others, in the order in which they came. */
  readonly #again: RunNumber[] = [];
  readonly #left: Set<RunNumber>;

  constructor(order: readonly RunNumber[]) {
    this.#order = order;
    this.#end = order.length;
    this.#left = new Set(order);
  }

  get size(): number {
    return this.#left.size;
  }

  drop(run: RunNumber): void {
    this.#left.delete(run);
  }

  putFirst(run: RunNumber): void {
    this.#left.add(run);
    this.#again.push(run);
  }

  takeFirst(): RunNumber | undefined {
    return this.#take(() => this.#again.shift() ?? this.#order[this.#begin++]);
  }

  takeLast(): RunNumber | undefined {
    return this.#take(() => (this.#begin < this.#end ? this.#order[--this.#end] : this.#again.pop()));
  }

  #take(next: () => RunNumber | undefined): RunNumber | undefined {
    while (this.#left.size > 0) {
      const run = next();
      if (run !== undefined && this.#left.delete(run)) return run;
    }
    return undefined;
  }
}
