import { z } from 'zod';
import type { StageName } from '../errors.ts';
import { byRunNumber, type RunNumber } from '../runs/run-number.ts';
import { RunSet } from '../runs/run-set.ts';
import { shortReason } from './failure-reasons.ts';
import { JsonFile, jsonText } from './json-file.ts';
import { runKey, runSetTexts } from './run-set-file.ts';

/** See {@link WaitingRun}. */
export const waitingRun = z.object({
  place: z.string(),
  fault: z.enum(['site', 'unknown']),
  cause: z.string(),
  since: z.iso.datetime(),
  cycles: z.int().nonnegative(),
  successes: z.int().nonnegative(),
  undecided: z.boolean(),
});
const postponementReason = z.enum(['stop-time', 'copying', 'most-recent']);
const document = z.object({
  waiting_runs: z.record(runKey, waitingRun).default({}),
  postponed_runs: z.partialRecord(postponementReason, runSetTexts).default({}),
  began_with_waiting: z.boolean().default(false),
});

/**
 * A run that failed by a fault that may not be its own, so every execution tries it again. `place`: where; `cause`: the message
 * of its last failure; `since`: its first failure, ISO 8601, UTC; `cycles`: how many executions tried it; `successes`: how many of
 * its failures came directly between two successes of other runs at that place; `undecided`: its last failure came directly after
 * such a success, and nothing has ended at that place since.
 */
export type WaitingRun = z.output<typeof waitingRun>;

/** Why a run has to wait though nothing failed. */
export type PostponementReason = z.output<typeof postponementReason>;

/** The runs of a stage that wait. */
export interface WaitingState {
  /** Because of a fault. */
  readonly byFault: ReadonlyMap<RunNumber, WaitingRun>;
  /** Without any fault, as the last execution found them. */
  readonly postponed: ReadonlyMap<PostponementReason, RunSet>;
  /** Did the last execution, which took a single run, take a waiting one? Then it is the turn of the others. */
  readonly beganWithWaiting: boolean;
}

/** Runs that wait because of a fault at one place, which may be the site's: they are no failures, and each execution tries them. */
export interface WaitingAtPlace {
  /** As `artdaqDB write`. */
  readonly place: string;
  /** Ascending. */
  readonly runs: readonly RunNumber[];
  /** The error of the run that was tried last there. */
  readonly cause: string;
  /** When the first of them failed for the first time, ISO 8601, UTC. */
  readonly since: string;
}

/** Runs that wait because of a fault, by place, for messages. */
export function waitingByPlace(waiting: ReadonlyMap<RunNumber, WaitingRun>): WaitingAtPlace[] {
  const places = [...new Set([...waiting.values()].map(({ place }) => place))];
  return places.map((place) => {
    const entries = [...waiting].filter(([, entry]) => entry.place === place);
    return {
      place,
      runs: entries.map(([run]) => run).sort(byRunNumber),
      cause: entries.at(-1)?.[1].cause ?? '',
      since: entries.map(([, { since }]) => since).sort()[0] ?? '',
    };
  });
}

/** Nobody waits. */
export const nobodyWaits: WaitingState = {
  byFault: new Map(),
  postponed: new Map(),
  beganWithWaiting: false,
};

/**
 * The runs of a stage that wait: `{"waiting_runs": {"5011": {"place": "UconDB write", …}},
 * "postponed_runs": {"copying": ["5012-5014"]}, "began_with_waiting": false}`.
 */
export class WaitingRunsFile {
  readonly path: string;
  readonly #file: JsonFile<WaitingState>;
  readonly #format: (state: WaitingState) => string;
  readonly #givenUp: () => Promise<RunSet>;

  /**
   * @param redact removes passwords and the like from texts
   * @param givenUp the runs that somebody gave up; they don't wait, whatever the file says
   */
  constructor(
    path: string,
    stage: StageName,
    redact: (text: string) => string,
    givenUp: () => Promise<RunSet> = async () => RunSet.of([]),
  ) {
    this.#givenUp = givenUp;
    this.#format = (state) => format(state, (cause) => shortReason(cause, redact));
    this.#file = new JsonFile(path, {
      title: 'The list of waiting runs',
      advice:
        `Restore it from a backup, or run --recover-${stage}-state: it keeps the file aside, and runs that waited are then in the ` +
        'failure log or candidates.',
      schema: document.transform(stateOf),
      format: this.#format,
    });
    this.path = this.#file.path;
  }

  /**
   * Who waits.
   * @throws PersistenceError if the file, or the record of given-up runs, can't be read or understood
   */
  async read(): Promise<WaitingState> {
    // The file first: a run that is just given up is noted before it leaves the file.
    const state = await this.listed();
    return withoutRuns(state, await this.#givenUp());
  }

  /**
   * Sets who waits. A file is made only if somebody waits.
   * @throws PersistenceError if the file can't be read, understood, locked or written
   */
  async write(state: WaitingState): Promise<void> {
    const isThere = async () => this.#format(state) === this.#format(await this.listed());
    if (await isThere()) return;
    await this.#file.exclusively(async () => {
      if (!(await isThere())) await this.#file.write(state);
    });
  }

  /**
   * Lets runs wait again that were given up; the others stay as they are. They may still be noted as given up.
   * @throws PersistenceError as write does
   */
  async restore(runs: ReadonlyMap<RunNumber, WaitingRun>): Promise<void> {
    if (runs.size === 0) return;
    await this.#file.exclusively(async () => {
      const { byFault, ...rest } = await this.listed();
      await this.#file.write({ ...rest, byFault: new Map([...byFault, ...runs]) });
    });
  }

  /**
   * Forgets who waits, for a recovery.
   * @returns where a different old file was kept
   * @throws PersistenceError if the file can't be read, kept aside, locked or written
   */
  async clear(): Promise<string | undefined> {
    return await this.#file.replace(nobodyWaits);
  }

  /**
   * Who waits as the file has it, given up or not.
   * @throws PersistenceError if the file can't be read or understood; it is left as it is
   */
  async listed(): Promise<WaitingState> {
    return (await this.#file.read()) ?? nobodyWaits;
  }
}

function withoutRuns(state: WaitingState, runs: RunSet): WaitingState {
  if (runs.ranges.length === 0) return state;
  const { byFault, postponed } = state;
  return {
    ...state,
    byFault: new Map([...byFault].filter(([run]) => !runs.has(run))),
    postponed: new Map(
      [...postponed].map(([reason, later]) => [reason, later.without(later.intersection(runs).numbers())]),
    ),
  };
}

function stateOf({
  waiting_runs: byFault,
  postponed_runs: postponed,
  began_with_waiting: beganWithWaiting,
}: z.output<typeof document>): WaitingState {
  return {
    byFault: new Map(Object.entries(byFault).map(([run, waiting]) => [Number(run), waiting])),
    postponed: new Map(
      postponementReason.options.flatMap((reason) => {
        const runs = postponed[reason];
        return runs === undefined ? [] : [[reason, runs] as const];
      }),
    ),
    beganWithWaiting,
  };
}

function format(
  { byFault, postponed, beganWithWaiting }: WaitingState,
  shorten: (cause: string) => string,
): string {
  const sorted = [...byFault].sort(([a], [b]) => byRunNumber(a, b));
  return jsonText({
    waiting_runs: Object.fromEntries(
      sorted.map(([run, waiting]) => [run, { ...waiting, cause: shorten(waiting.cause) }]),
    ),
    postponed_runs: Object.fromEntries([...postponed].map(([reason, runs]) => [reason, runs.toTexts()])),
    began_with_waiting: beganWithWaiting,
  });
}
