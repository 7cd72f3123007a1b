import { z } from 'zod';
import type { StageName } from '../errors.ts';
import { parseRunNumber, type RunNumber } from '../runs/run-number.ts';
import { JsonFile } from './json-file.ts';

/** How far a stage has come. Zero: nowhere yet. */
export interface StageState {
  /** Every run from the lowest known one up to here is at the stage's target. */
  readonly lastContiguousRun: RunNumber;
  /** The highest run that was tried. */
  readonly lastAttemptedRun: RunNumber;
}

/** A state file's content, with the keys that other programs put there, in the file's order. */
interface StateDocument {
  readonly state: StageState;
  readonly keys: Readonly<Record<string, unknown>>;
}

/** What a stage without a state file has. */
const emptyDocument: StateDocument = {
  state: { lastContiguousRun: 0, lastAttemptedRun: 0 },
  keys: {},
};

const CONTIGUOUS = 'last_contiguous_run';
const ATTEMPTED = 'last_attempted_run';

/** As the Python archiver writes it; a missing key is zero, numbers may be text. */
const stateDocument = z
  .custom<Readonly<Record<string, unknown>>>(isObject, 'it is not a JSON object')
  .transform((keys, { addIssue }): StateDocument => {
    const lastContiguousRun = runAt(keys, CONTIGUOUS);
    const lastAttemptedRun = runAt(keys, ATTEMPTED);
    if (lastContiguousRun === undefined) addIssue(`${CONTIGUOUS} is not a run number`);
    if (lastAttemptedRun === undefined) addIssue(`${ATTEMPTED} is not a run number`);
    return {
      state: { lastContiguousRun: lastContiguousRun ?? 0, lastAttemptedRun: lastAttemptedRun ?? 0 },
      keys,
    };
  });

/**
 * The state file of a stage: `{"last_contiguous_run": n, "last_attempted_run": n}`. A missing file is an empty state. A file that
 * can't be understood is never changed, only copied: starting anew would archive everything again.
 */
export class StateFile {
  readonly path: string;
  readonly #file: JsonFile<StateDocument>;

  /** @param stage whose state it is: errors name the flag that rebuilds it */
  constructor(path: string, stage?: StageName) {
    const flags = { import: '--recover-import-state', migrate: '--recover-migrate-state' };
    const flag = stage === undefined ? Object.values(flags).join(' or ') : flags[stage];
    this.#file = new JsonFile(path, {
      title: 'The state file',
      advice: `Restore it from a backup, or rebuild it with ${flag}.`,
      schema: stateDocument,
      format,
    });
    this.path = this.#file.path;
  }

  /**
   * Writes nothing, not even a copy of a file that can't be understood.
   * @throws PersistenceError if the file can't be read or understood.
   */
  async read(): Promise<StageState> {
    return ((await this.#file.read()) ?? emptyDocument).state;
  }

  /**
   * Changes the state as one step; other keys in the file are kept. Nothing is written if nothing changes.
   * @returns the state after the change.
   * @throws PersistenceError if the file can't be read, understood, locked or written.
   */
  update(change: (state: StageState) => StageState): Promise<StageState> {
    return this.#file.exclusively(async () => {
      const { state, keys } = (await this.#file.read({ keepUnreadable: true })) ?? emptyDocument;
      const next = change(state);
      if (!isSame(next, state)) await this.#file.write({ state: next, keys });
      return next;
    });
  }

  /**
   * As {@link update}, for a change that mostly changes nothing: then the file is not locked.
   * @throws PersistenceError as update does
   */
  async updateIfNeeded(change: (state: StageState) => StageState): Promise<StageState> {
    const found = (await this.#file.readable())?.state;
    if (found !== undefined && isSame(change(found), found)) return found;
    return await this.update(change);
  }

  /**
   * Sets the state whatever the file holds, for a recovery; other keys of a file that can be understood are kept.
   * @returns where a different old file was kept
   * @throws PersistenceError if the file can't be read, kept aside, locked or written.
   */
  async replace(state: StageState): Promise<string | undefined> {
    const { keys } = (await this.#file.readable()) ?? emptyDocument;
    return await this.#file.replace({ state, keys });
  }
}

function isSame(one: StageState, other: StageState): boolean {
  return one.lastContiguousRun === other.lastContiguousRun && one.lastAttemptedRun === other.lastAttemptedRun;
}

/** Writes a state file as Python's `json.dump(…, indent=2)` does; keys that were there keep their place. */
function format({ state, keys }: StateDocument): string {
  const all = { ...keys, [CONTIGUOUS]: state.lastContiguousRun, [ATTEMPTED]: state.lastAttemptedRun };
  return JSON.stringify(all, null, 2);
}

function runAt(keys: Readonly<Record<string, unknown>>, key: string): RunNumber | undefined {
  if (!Object.hasOwn(keys, key)) return 0;
  const value = keys[key];
  if (typeof value === 'string') return parseRunNumber(value);
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
