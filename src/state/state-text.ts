import { messageOf } from '../errors.ts';
import { decodeText } from '../files/kept-file.ts';
import { parseRunNumber, type RunNumber } from '../runs/run-number.ts';

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
export const emptyDocument: StateDocument = {
  state: { lastContiguousRun: 0, lastAttemptedRun: 0 },
  keys: {},
};

/**
 * Reads a state file (JSON object, behaviour as in the Python archiver; a missing key is zero, numbers may be text).
 * @returns the document, or what is wrong with it.
 */
export function parseState(content: Buffer): StateDocument | { readonly reason: string } {
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
export function formatState({ state, keys }: StateDocument): string {
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
