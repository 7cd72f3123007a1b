/** What a logged line belongs to besides its module. */
export interface LogBinding {
  readonly stage?: string;
  readonly run?: number;
}

/** The only view of logging that the rest of the program has; `logging.ts` makes them. */
export interface Logger {
  debug(message: string): void;
  info(message: string): void;
  warning(message: string): void;
  error(message: string): void;
  critical(message: string): void;
  /** The same module's logger for what belongs to a stage or run. */
  child(binding: LogBinding): Logger;
}

/** A logger that keeps nothing, for callers that need none. */
export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warning: () => undefined,
  error: () => undefined,
  critical: () => undefined,
  child: () => silentLogger,
};
