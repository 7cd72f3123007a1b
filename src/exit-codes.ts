/** How the program ends; operators' scripts rely on the numbers. */
export const exitCodes = {
  /** Also if there was nothing to do. */
  success: 0,
  /** A known error, or at least one run failed. */
  failure: 1,
  unexpectedError: 2,
  wrongUsage: 2,
  /** By a signal, or as the lock file was removed. */
  stopped: 130,
} as const;
