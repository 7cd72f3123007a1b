/** What lines belong to, and tell of. */
export interface LogBinding {
  readonly stage?: string;
  readonly run?: number;
  /** The error that they tell of. */
  readonly error?: unknown;
  /** They are in a report that a person reads. */
  readonly isInReport?: boolean;
  /** What they warn of is found again by each execution until its cause is gone, so that once a day is enough. */
  readonly repeats?: boolean;
}

/** The log as the rest of the program knows it; `logging.ts` makes it. */
export interface Logger {
  debug(message: string): void;
  info(message: string): void;
  warning(message: string): void;
  error(message: string): void;
  critical(message: string): void;
  /** The same module's logger, for lines of a stage or run, about an error, or that come again. */
  child(binding: LogBinding): Logger;
}

/** A logger that drops everything. */
export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warning: () => undefined,
  error: () => undefined,
  critical: () => undefined,
  child: () => silentLogger,
};
