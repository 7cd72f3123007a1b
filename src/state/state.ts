import { messageOf, PersistenceError, type StageName } from '../errors.ts';
import { writeFileAtomic } from '../files/atomic-file.ts';
import { decodeText, GuardedFile, keepAside } from '../lock/guarded-file.ts';
import { parseRunNumber, type RunNumber } from '../runs/run-number.ts';

/**
 * The state file of a stage: `{"last_contiguous_run": n, "last_attempted_run": n}`. A missing file is an empty state; one
 * that can't be understood is kept aside and refused when it is to be changed, as starting anew would archive everything again.
 */
export class StateFile {
  readonly path: string;
  readonly #file: GuardedFile;
  readonly #recoverFlag: string;

  /** @param stage whose state it is: the flag that rebuilds it is named in errors. */
  constructor(path: string, stage?: StageName) {
    this.#file = new GuardedFile(path);
    this.path = this.#file.path;
    const flags = { import: '--recover-import-state', migrate: '--recover-migrate-state' };
    this.#recoverFlag = stage === undefined ? Object.values(flags).join(' or ') : flags[stage];
  }

  /**
   * Writes nothing, not even a copy of a file that can't be understood.
   * @throws PersistenceError if the file can't be read or understood.
   */
  async read(): Promise<StageState> {
    return (await this.#document(async () => '')).state;
  }

  /**
   * Changes the state as one step; other keys in the file are kept. Nothing is written if nothing changes.
   * @returns the state after the change.
   * @throws PersistenceError if the file can't be read, understood, locked or written.
   */
  update(change: (state: StageState) => StageState): Promise<StageState> {
    return this.#file.exclusively(async () => {
      const { state, keys } = await this.#document(async (content) => {
        const copy = await keepAside({ path: this.path, content, label: 'unreadable' });
        return ` It is kept as ${copy}.`;
      });
      const next = change(state);
      const same =
        next.lastContiguousRun === state.lastContiguousRun &&
        next.lastAttemptedRun === state.lastAttemptedRun;
      if (!same) await writeFileAtomic(this.path, formatState({ state: next, keys }));
      return next;
    });
  }

  /**
   * Sets the state whatever the file holds (recovery); other keys of a file that can be understood are kept.
   * @returns where the old file was kept, if there was one and it was different
   * @throws PersistenceError if the file can't be read, kept aside, locked or written.
   */
  async replace(state: StageState): Promise<string | undefined> {
    const content = await this.#file.read();
    const parsed = content === undefined ? emptyDocument : parseState(content);
    const keys = 'reason' in parsed ? {} : parsed.keys;
    return await this.#file.replace(formatState({ state, keys }));
  }

  /** @param keep what becomes of a file that can't be understood, as a sentence after a blank */
  async #document(keep: (content: Buffer) => Promise<string>): Promise<StateDocument> {
    const content = await this.#file.read();
    if (content === undefined) return emptyDocument;
    const parsed = parseState(content);
    if (!('reason' in parsed)) return parsed;
    throw new PersistenceError(
      `The state file ${this.path} can't be understood: ${parsed.reason}.${await keep(content)} ` +
        `Restore it from a backup, or rebuild it with ${this.#recoverFlag}.`,
    );
  }
}

/** How far a stage has come. Zero: nowhere yet. */
export interface StageState {
  /** Every run from the lowest known one up to here is at the stage's target. */
  readonly lastContiguousRun: RunNumber;
  /** The highest run that was tried. */
  readonly lastAttemptedRun: RunNumber;
}

/** A state file's content, with the keys that other programs put there, in the file's order. */
export interface StateDocument {
  readonly state: StageState;
  readonly keys: Readonly<Record<string, unknown>>;
}

const CONTIGUOUS = 'last_contiguous_run';
const ATTEMPTED = 'last_attempted_run';

/** What a stage without a state file has. */
const emptyDocument: StateDocument = {
  state: { lastContiguousRun: 0, lastAttemptedRun: 0 },
  keys: {},
};

/**
 * Reads a state file (JSON object, behaviour as in the Python archiver; a missing key is zero, numbers may be text).
 * @returns the document, or what is wrong with it.
 */
function parseState(content: Buffer): StateDocument | { readonly reason: string } {
  const text = decodeText(content);
  if (text === undefined) return { reason: 'it is not UTF-8 text' };
  if (text.trim() === '') return { reason: 'it is empty' };
  let keys: unknown;
  try {
    keys = JSON.parse(text);
  } catch (error) {
    return { reason: `it is not JSON: ${messageOf(error)}` };
  }
  if (!isObject(keys)) return { reason: 'it is not a JSON object' };
  const lastContiguousRun = runAt(keys, CONTIGUOUS);
  const lastAttemptedRun = runAt(keys, ATTEMPTED);
  if (lastContiguousRun === undefined) return { reason: `${CONTIGUOUS} is not a run number` };
  if (lastAttemptedRun === undefined) return { reason: `${ATTEMPTED} is not a run number` };
  return { state: { lastContiguousRun, lastAttemptedRun }, keys };
}

/** Writes a state file as Python's `json.dump(…, indent=2)` does; keys that were there keep their place. */
function formatState({ state, keys }: StateDocument): string {
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
