import type { BSON } from 'mongodb';

const CODES = {
  NotWritablePrimary: 10107,
  NotPrimaryNoSecondaryOk: 13435,
  InterruptedDueToReplStateChange: 11602,
};

/** How a server says that it is not primary, or no longer; a retryable write may be repeated. */
export function notPrimary(codeName: keyof typeof CODES, command: BSON.Document): BSON.Document {
  const labels = command.txnNumber === undefined ? {} : { errorLabels: ['RetryableWriteError'] };
  return { ok: 0, code: CODES[codeName], codeName, errmsg: `not primary (${codeName})`, ...labels };
}

/** Does the code say so? */
export function isNotPrimary(code: number): boolean {
  return Object.values(CODES).includes(code);
}
