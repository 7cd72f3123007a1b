import type { Place } from '../errors.ts';
import type { RunNumber } from '../runs/run-number.ts';
import type { WaitingRun } from '../state/waiting-runs.ts';
import type { RunEnd } from './attempts.ts';

/** A run that failed while others succeeded, so often that the fault must be its own. */
export interface CondemnedRun {
  readonly run: RunNumber;
  readonly message: string;
}

/** What a {@link WaitingBook} is opened with. */
export interface WaitingBookOptions {
  readonly before: ReadonlyMap<RunNumber, WaitingRun>;
  /** Runs of the failure log. Another failure leaves them there: they never wait. */
  readonly inFailureLog: ReadonlySet<RunNumber>;
  /** The place of failures that happened at no other place. */
  readonly usualPlace: Place;
  readonly now: () => Date;
}

/** A run is condemned after this many executions in which it failed directly between two successes of others at one place. */
const PROOFS = 2;

/**
 * Keeps the runs that wait because of a fault that is not known to be their own. Only a success at the same place proves that
 * the place works. So a run is condemned when, in two executions, all its attempts failed by an unknown fault directly between two
 * successes of other runs there: the first success in the same execution, the second whenever the next outcome comes.
 */
export class WaitingBook {
  readonly #runs: Map<RunNumber, WaitingRun>;
  readonly #options: WaitingBookOptions;
  /** Those of them whose last failure is undecided. */
  readonly #undecided = new Set<RunNumber>();
  #changes = 0;
  /** Places where the last outcome of this execution was a success. */
  readonly #working = new Set<Place>();

  constructor(options: WaitingBookOptions) {
    this.#options = options;
    this.#runs = new Map(options.before);
    for (const [run, { undecided }] of this.#runs) if (undecided) this.#undecided.add(run);
  }

  get runs(): ReadonlyMap<RunNumber, WaitingRun> {
    return this.#runs;
  }

  /** Another number after each change. */
  get revision(): number {
    return this.#changes;
  }

  /**
   * Notes how a run ended. Call it in the order in which runs end.
   * @returns the runs that go to the failure log because of it; the run itself is one of them if the fault is its own
   */
  ended(run: RunNumber, end: RunEnd): CondemnedRun[] {
    if (end.kind === 'left') return [];
    if (end.kind === 'returned') {
      // If no run of the write was stored, that is one failure of the place, and none of a run.
      if (end.isWhole) this.#placeFailed(end.place ?? this.#options.usualPlace);
      return [];
    }
    const condemned = [...end.reached].flatMap((place) => this.#servedAt(place, run));
    if (end.kind === 'archived') {
      this.#delete(run);
      return condemned;
    }
    const { fault, message, place = this.#options.usualPlace } = end;
    const isLogged = this.#options.inFailureLog.has(run);
    if (fault !== 'run') this.#failedAt(place, run, end, isLogged);
    else this.#delete(run);
    return fault === 'run' || isLogged ? [...condemned, { run, message }] : condemned;
  }

  #servedAt(place: Place, run: RunNumber): CondemnedRun[] {
    this.#working.add(place);
    const condemned: CondemnedRun[] = [];
    for (const [other, waiting] of this.#undecidedAt(place)) {
      if (other === run) continue;
      const successes = waiting.successes + 1;
      if (successes < PROOFS) {
        this.#set(other, { ...waiting, successes, undecided: false });
        continue;
      }
      this.#delete(other);
      condemned.push({
        run: other,
        message: `${waiting.cause} (other runs succeeded at ${place} directly before and after it, in ${PROOFS} executions)`,
      });
    }
    return condemned;
  }

  #failedAt(
    place: Place,
    run: RunNumber,
    { fault, message, isFullCycle }: Extract<RunEnd, { kind: 'failed' }>,
    isLogged: boolean,
  ): void {
    const followsSuccess = this.#placeFailed(place);
    if (isLogged) return;
    const before = this.#runs.get(run);
    this.#set(run, {
      place,
      fault: fault === 'site' ? 'site' : 'unknown',
      cause: message,
      since: before?.since ?? this.#options.now().toISOString(),
      cycles: (before?.cycles ?? 0) + 1,
      successes: before?.place === place ? before.successes : 0,
      undecided: fault === 'unknown' && isFullCycle && followsSuccess,
    });
  }

  /** @returns whether the last outcome there was a success */
  #placeFailed(place: Place): boolean {
    for (const [run, waiting] of this.#undecidedAt(place)) this.#set(run, { ...waiting, undecided: false });
    return this.#working.delete(place);
  }

  #undecidedAt(place: Place): [RunNumber, WaitingRun][] {
    return [...this.#undecided].flatMap((run) => {
      const waiting = this.#runs.get(run);
      return waiting?.place === place ? [[run, waiting]] : [];
    });
  }

  #set(run: RunNumber, waiting: WaitingRun): void {
    this.#runs.set(run, waiting);
    if (waiting.undecided) this.#undecided.add(run);
    else this.#undecided.delete(run);
    this.#changes++;
  }

  #delete(run: RunNumber): void {
    this.#undecided.delete(run);
    if (this.#runs.delete(run)) this.#changes++;
  }
}
