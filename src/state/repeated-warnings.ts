import { z } from 'zod';
import { messageOf } from '../errors.ts';
import type { RunSet } from '../runs/run-set.ts';
import { JsonFile, jsonText } from './json-file.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
/** A first import of a large archive may warn of each of its runs; further warnings are logged each time. */
const MOST_WARNINGS = 500;

const time = z.iso.datetime();
const repeatedWarning = z.object({
  message: z.string(),
  run: z.int().nonnegative().nullable(),
  first: time,
  last: time,
  logged: time,
});
const document = z.object({ warnings: z.array(repeatedWarning).readonly() });

/**
 * A warning whose cause stays from one execution to the next. `run`: what it is about, or null; `first` and `last`: when it came up;
 * `logged`: when the log last showed it.
 */
export type RepeatedWarning = z.output<typeof repeatedWarning>;

/** What a {@link RepeatedWarnings} works with. */
export interface RepeatedWarningsOptions {
  readonly now: () => Date;
  /** Removes passwords and the like from texts. */
  readonly redact: (text: string) => string;
  /** Hears once that the file can't be read or written. */
  readonly warn: (message: string) => void;
}

/**
 * The warnings of the last day that come up in each execution, in `repeated_warnings.json`, so that the log shows each of them once a
 * day. It only spares people reading: a file that can't be read counts as empty.
 */
export class RepeatedWarnings {
  readonly path: string;
  readonly #file: JsonFile<z.output<typeof document>>;
  readonly #options: RepeatedWarningsOptions;
  readonly #byMessage = new Map<string, RepeatedWarning>();
  #hasComplained = false;
  #written: readonly RepeatedWarning[] = [];

  constructor(path: string, options: RepeatedWarningsOptions) {
    this.#file = new JsonFile(path, {
      title: 'The record of repeated warnings',
      advice: 'Remove it: the log then shows each of them once more.',
      schema: document,
      format: jsonText,
    });
    this.path = this.#file.path;
    this.#options = options;
  }

  /**
   * The warnings that came up within the last day, the oldest first.
   * @throws PersistenceError if the file can't be read or understood
   */
  async read(): Promise<readonly RepeatedWarning[]> {
    return this.#current((await this.#file.read())?.warnings ?? []);
  }

  /** Learns what earlier executions logged. Never throws. */
  async load(): Promise<void> {
    await this.#tolerantly(async () => {
      this.#written = (await this.#file.readable())?.warnings ?? [];
      for (const warning of this.#current(this.#written)) this.#byMessage.set(warning.message, warning);
    });
  }

  /**
   * Notes that a warning comes up.
   * @returns whether the log is to show it: for the first time within a day
   */
  isDue(text: string, run?: number): boolean {
    const now = this.#options.now();
    const message = this.#options.redact(text);
    const before = this.#byMessage.get(message);
    if (before === undefined && this.#byMessage.size >= MOST_WARNINGS) return true;
    const last = now.toISOString();
    const isDue = before === undefined || !isWithinADay(before.logged, now);
    const logged = isDue ? last : before.logged;
    this.#byMessage.set(message, { message, run: run ?? null, first: before?.first ?? last, last, logged });
    return isDue;
  }

  /**
   * Writes down what came up within the last day, if that changed. Never throws.
   * @param settled runs that were archived or failed for good, so that nothing more is to be said of them
   */
  async write(settled: RunSet): Promise<void> {
    const open = this.#current([...this.#byMessage.values()]);
    const warnings = open.filter(({ run }) => run === null || !settled.has(run));
    if (jsonText(warnings) === jsonText(this.#written)) return;
    await this.#tolerantly(async () => {
      await this.#file.exclusively(() => this.#file.write({ warnings }));
      this.#written = warnings;
    });
  }

  async #tolerantly(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!this.#hasComplained)
        this.#options.warn(`The log shows warnings again that it showed today: ${messageOf(error)}`);
      this.#hasComplained = true;
    }
  }

  #current(warnings: readonly RepeatedWarning[]): readonly RepeatedWarning[] {
    const now = this.#options.now();
    return warnings
      .filter(({ last }) => isWithinADay(last, now))
      .sort((a, b) => Date.parse(a.first) - Date.parse(b.first));
  }
}

/** A time of the future, by a clock that was set, is none of the last day. */
function isWithinADay(iso: string, now: Date): boolean {
  const age = now.getTime() - Date.parse(iso);
  return age >= 0 && age < DAY_MS;
}
