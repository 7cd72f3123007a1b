import { z } from 'zod';
import { messageOf } from '../errors.ts';
import { byRunNumber, type RunNumber } from '../runs/run-number.ts';
import { JsonFile, jsonText } from './json-file.ts';
import { runKey } from './run-set-file.ts';

/** Why the last attempt at a run failed. */
export interface FailureReason {
  /** When it failed, ISO 8601, UTC. */
  readonly time: string;
  /** One line. */
  readonly message: string;
}

/** Why a run fails, if it fails now; or what was known of it when it had failed. */
export type NotableReason = string | FailureReason | undefined;

/** What is known of the runs of a failure log. */
export interface KnownReasons {
  /** A run without an entry failed before reasons were noted, or a recovery or a hand put it into the log. */
  readonly byRun: ReadonlyMap<RunNumber, FailureReason>;
  /** Why nothing is known, if the file exists and can't be read or understood. */
  readonly problem: string | undefined;
}

/** How to note reasons. */
export interface FailureReasonsOptions {
  /** Removes passwords and the like from texts. */
  readonly redact: (text: string) => string;
  readonly now: () => Date;
  /** Hears once that reasons can't be noted, or that noted reasons are lost. */
  readonly warn: (message: string) => void;
}

/** No reason is known. */
export const noReasons: KnownReasons = { byRun: new Map(), problem: undefined };

const record = z
  .record(runKey, z.object({ time: z.iso.datetime(), message: z.string() }))
  .transform((reasons) => new Map(Object.entries(reasons).map(([run, reason]) => [Number(run), reason])));
/** How many characters of a message are noted; the log has all of it. */
const LONGEST_MESSAGE = 500;

/**
 * Why the runs of a failure log failed: `{"5011": {"time": "<ISO 8601>", "message": "why"}}`. It only helps people, so nothing
 * here throws: a file that can't be understood counts as empty, and one that can't be written is left alone.
 */
export class FailureReasons {
  readonly #file: JsonFile<ReadonlyMap<RunNumber, FailureReason>>;
  readonly #options: FailureReasonsOptions;
  #hasWarned = false;
  /** A file that can't be written may take long to fail, and would do so for each run. */
  #isGivenUp = false;

  constructor(path: string, options: FailureReasonsOptions) {
    this.#file = new JsonFile<ReadonlyMap<RunNumber, FailureReason>>(path, {
      title: 'The record of reasons',
      schema: record,
      format,
    });
    this.#options = options;
  }

  /** The reasons that are noted. Never throws. */
  async read(): Promise<KnownReasons> {
    try {
      return { byRun: (await this.#file.read()) ?? new Map(), problem: undefined };
    } catch (error) {
      const reason = oneLine(messageOf(error));
      return {
        byRun: new Map(),
        problem: `Why runs failed is not known: ${reason}. Removing the file loses nothing else`,
      };
    }
  }

  /**
   * Notes why runs failed, and forgets what is no longer in the failure log. Never throws.
   * @param failed runs with the error of each, if they failed just now
   * @param logged the runs in the failure log
   */
  async note(failed: ReadonlyMap<RunNumber, NotableReason>, logged: ReadonlySet<RunNumber>): Promise<void> {
    if (this.#isGivenUp) return;
    try {
      await this.#file.exclusively(async () => {
        const { byRun: before, problem } = await this.read();
        if (problem !== undefined) this.#warn(problem);
        const time = this.#options.now().toISOString();
        const now = [...failed].flatMap(([run, reason]) => {
          if (reason === undefined) return [];
          const { message, ...rest } = typeof reason === 'string' ? { time, message: reason } : reason;
          return [[run, { ...rest, message: shortReason(message, this.#options.redact) }] as const];
        });
        const after = new Map([...before, ...now].filter(([run]) => logged.has(run)));
        const isSame = failed.size === 0 && problem === undefined && after.size === before.size;
        if (!isSame) await this.#file.write(after);
      });
    } catch (error) {
      this.#isGivenUp = true;
      this.#warn(`Why runs fail can't be noted for the status report, only logged: ${messageOf(error)}`);
    }
  }

  #warn(message: string): void {
    if (!this.#hasWarned) this.#options.warn(message);
    this.#hasWarned = true;
  }
}

/**
 * A message as a file notes it beside a run: one line of at most 500 characters.
 * @param redact removes passwords and the like from texts
 */
export function shortReason(message: string, redact: (text: string) => string): string {
  // Secrets first: a part of one would not be found.
  const line = oneLine(redact(message));
  if (line.length <= LONGEST_MESSAGE) return line;
  const characters = [...line];
  if (characters.length <= LONGEST_MESSAGE) return line;
  return `${characters.slice(0, LONGEST_MESSAGE - 1).join('')}…`;
}

function oneLine(text: string): string {
  return text.replace(/[\s\p{Cc}]+/gu, ' ').trim();
}

function format(reasons: ReadonlyMap<RunNumber, FailureReason>): string {
  const sorted = [...reasons].sort(([a], [b]) => byRunNumber(a, b));
  return jsonText(Object.fromEntries(sorted));
}
