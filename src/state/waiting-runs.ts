import { z } from 'zod';
import { messageOf, PersistenceError, type StageName } from '../errors.ts';
import { writeFileAtomic } from '../files/atomic-file.ts';
import { decodeText, GuardedFile } from '../lock/guarded-file.ts';
import { byRunNumber, type RunNumber } from '../runs/run-number.ts';
import type { RunSet } from '../runs/run-set.ts';
import { shortReason } from './failure-reasons.ts';
import { runSetTexts } from './run-set-file.ts';

const waitingRun = z.object({
  place: z.string(),
  fault: z.enum(['site', 'unknown']),
  cause: z.string(),
  since: z.iso.datetime(),
  cycles: z.int().nonnegative(),
  successes: z.int().nonnegative(),
  undecided: z.boolean(),
});
const runText = z.string().regex(/^(?:0|[1-9][0-9]{0,15})$/);
const postponementReason = z.enum(['stop-time', 'copying', 'most-recent']);
const document = z.object({
  waiting_runs: z.record(runText, waitingRun).default({}),
  postponed_runs: z.partialRecord(postponementReason, runSetTexts).default({}),
  began_with_waiting: z.boolean().default(false),
});

/**
 * A run that failed by a fault that is not known to be its own, and is tried again by every execution. `place`: where;
 * `cause`: the message of its last failure; `since`: its first failure, ISO 8601, UTC; `cycles`: how many executions tried it;
 * `successes`: how many of its failures stand directly between two successes of other runs at that place; `undecided`: its last
 * failure came directly after such a success, and nothing has ended at that place since.
 */
export type WaitingRun = z.output<typeof waitingRun>;

/** Why a run is not tried for now though nothing failed. */
export type PostponementReason = z.output<typeof postponementReason>;

/** What a stage keeps about runs that wait. */
export interface WaitingState {
  /** By a fault. */
  readonly byFault: ReadonlyMap<RunNumber, WaitingRun>;
  /** Without any fault, as the last execution found them. */
  readonly postponed: ReadonlyMap<PostponementReason, RunSet>;
  /** Did the last execution of one run alone take a waiting one? Then it is the turn of the others. */
  readonly beganWithWaiting: boolean;
}

/** Runs that wait because of a fault at one place that may be the site's: they are no failures, and each execution tries them again. */
export interface WaitingAtPlace {
  /** As `artdaqDB write`. */
  readonly place: string;
  /** Ascending. */
  readonly runs: readonly RunNumber[];
  /** What the one that was tried last there failed with. */
  readonly cause: string;
  /** When the first of them failed first, ISO 8601, UTC. */
  readonly since: string;
}

/** Runs that wait by a fault, for telling people. */
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
 * The runs of a stage that wait:
 * `{"waiting_runs": {"5011": {"place": "UconDB write", …}}, "postponed_runs": {"copying": ["5012-5014"]}, "began_with_waiting": false}`.
 */
export class WaitingRunsFile {
  readonly path: string;
  readonly #file: GuardedFile;
  readonly #stage: StageName;
  readonly #shorten: (cause: string) => string;

  /** @param redact takes passwords and the like out of texts */
  constructor(path: string, stage: StageName, redact: (text: string) => string) {
    this.#file = new GuardedFile(path);
    this.path = this.#file.path;
    this.#stage = stage;
    this.#shorten = (cause) => shortReason(cause, redact);
  }

  /** @throws PersistenceError if the file can't be read or understood; it is left as it is */
  async read(): Promise<WaitingState> {
    const content = await this.#file.read();
    if (content === undefined) return nobodyWaits;
    try {
      return parse(content);
    } catch (error) {
      const reason = error instanceof z.ZodError ? z.prettifyError(error) : messageOf(error);
      throw new PersistenceError(
        `The list of waiting runs ${this.path} can't be understood: ${reason}. Restore it from a backup, or run ` +
          `--recover-${this.#stage}-state: it keeps the file aside, and runs that waited are then in the failure log or candidates.`,
      );
    }
  }

  /**
   * Sets what is kept. A file is made only if somebody waits.
   * @throws PersistenceError if the file can't be read, locked or written
   */
  async write(state: WaitingState): Promise<void> {
    const text = this.#format(state);
    await this.#file.exclusively(async () => {
      const before = await this.#file.read();
      const isSame =
        before === undefined ? text === this.#format(nobodyWaits) : before.equals(Buffer.from(text));
      if (!isSame) await writeFileAtomic(this.path, text);
    });
  }

  /**
   * For a recovery: forgets all that is kept.
   * @returns where the old content was kept, if there was one and it was different
   * @throws PersistenceError if the file can't be read, kept aside, locked or written
   */
  async clear(): Promise<string | undefined> {
    return await this.#file.replace(this.#format(nobodyWaits));
  }

  #format({ byFault, postponed, beganWithWaiting }: WaitingState): string {
    const sorted = [...byFault].sort(([a], [b]) => byRunNumber(a, b));
    const kept = {
      waiting_runs: Object.fromEntries(
        sorted.map(([run, waiting]) => [run, { ...waiting, cause: this.#shorten(waiting.cause) }]),
      ),
      postponed_runs: Object.fromEntries([...postponed].map(([reason, runs]) => [reason, runs.toTexts()])),
      began_with_waiting: beganWithWaiting,
    };
    return `${JSON.stringify(kept, null, 2)}\n`;
  }
}

function parse(content: Buffer): WaitingState {
  const {
    waiting_runs: byFault,
    postponed_runs: postponed,
    began_with_waiting: beganWithWaiting,
  } = document.parse(JSON.parse(decodeText(content) ?? ''));
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
