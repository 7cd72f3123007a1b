/** A run's number: an integer from 0 to 2^53-1. */
export type RunNumber = number;

/**
 * Reads a run number as it appears in directory names, keys and failure logs: ASCII digits without leading zero.
 * @returns the number, or undefined if the text is not a run number.
 */
export function parseRunNumber(text: string): RunNumber | undefined {
  if (!/^(?:0|[1-9][0-9]{0,15})$/.test(text)) return undefined;
  const run = Number(text);
  return Number.isSafeInteger(run) ? run : undefined;
}

/** Ascending order, for `sort`. */
export function byRunNumber(a: RunNumber, b: RunNumber): number {
  return a - b;
}
