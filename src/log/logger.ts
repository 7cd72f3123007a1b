/** The stage and run that lines belong to, the error that they tell of, and whether they are in a report that a person reads. */
export interface LogBinding {
  readonly stage?: string;
  readonly run?: number;
  readonly error?: unknown;
  readonly isInReport?: boolean;
}

/** The log as the rest of the program knows it; `logging.ts` makes it. */
export interface Logger {
  debug(message: string): void;
  info(message: string): void;
  warning(message: string): void;
  error(message: string): void;
  critical(message: string): void;
  /** The same module's logger, for lines of a stage or run, or about an error. */
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
