/** What was found out about one thing that the configuration names. */
export interface Finding {
  /** What is there, in a few words. */
  readonly text: string;
  /** What may do harm later, but keeps nothing from working now; each with what to do. */
  readonly warnings?: readonly string[];
}

/** Looks at one thing that the archiver depends on, and leaves everything as it was. */
export interface Check {
  /** For programs; never changes its meaning. */
  readonly name: string;
  /** What is looked at, for readers: parameter or kind, and where it is; without secrets. */
  readonly subject: string;
  /**
   * @param signal aborted = nobody waits any longer
   * @throws ArchiverError saying what is wrong and what to do
   */
  look(signal: AbortSignal): Promise<Finding>;
}

/** How a check ended; only `failed` keeps the archiver from working. */
export type CheckState = 'ok' | 'warning' | 'failed';

/** A check that was made. */
export interface CheckResult {
  readonly name: string;
  readonly subject: string;
  readonly state: CheckState;
  /** What is there, or what is wrong and what to do. */
  readonly text: string;
  readonly milliseconds: number;
}
