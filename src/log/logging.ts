import pino from 'pino';
import { messageOf } from '../errors.ts';
import { ownershipHint } from '../files/ownership.ts';
import { LogFile, type Rotation } from './log-file.ts';
import { formatEntry, type LogLevel, makeRedactor } from './log-line.ts';
import type { LogBinding, Logger } from './logger.ts';
import { type OutputStream, standardError, standardOutput } from './standard-stream.ts';
import type { TextSink } from './terminal.ts';

/** What is logged, and where. */
export interface LoggingOptions {
  /** Drops less important messages. */
  readonly level: LogLevel;
  /** Undefined: no file. */
  readonly logFile: string | undefined;
  /** The console shows only errors that no file takes. */
  readonly quiet: boolean;
  /** Values that no line may show. */
  readonly secrets: readonly string[];
  /** The console's stream; standard output if absent, which a report for programs keeps for itself. */
  readonly console?: OutputStream;
  /** Takes the console's lines instead of that stream. */
  readonly stdout?: TextSink | undefined;
  /** Takes errors that would be lost; standard error if absent. */
  readonly lastResort?: TextSink;
  readonly clock?: () => Date;
  /** 500 MiB, 14 days and five backups if absent. */
  readonly rotation?: Rotation;
}

/** The log of one execution. */
export interface Logging {
  /** @param module as in the reference, e.g. `run_record_archiver.importer`. */
  logger(module: string): Logger;
  /** Closes the log file. Later lines only reach the console. */
  close(): void;
}

const DAY_MS = 24 * 60 * 60 * 1000;
const DEFAULT_ROTATION: Rotation = { maxBytes: 500 * 1024 * 1024, maxAgeMs: 14 * DAY_MS, backups: 5 };
const OWN_MODULE = 'run_record_archiver.logging';

const PINO_LEVELS = {
  DEBUG: 'debug',
  INFO: 'info',
  WARNING: 'warn',
  ERROR: 'error',
  CRITICAL: 'fatal',
} as const;
const LEVELS_BY_VALUE: Readonly<Record<number, LogLevel>> = {
  20: 'DEBUG',
  30: 'INFO',
  40: 'WARNING',
  50: 'ERROR',
  60: 'CRITICAL',
};

/** The fields of a pino record that are used here. */
interface PinoRecord {
  readonly level: number;
  readonly msg: string;
  readonly module: string;
  readonly run?: number;
}

/**
 * Opens the log. Lines go to the console and to the log file. They are written when the call returns, so that none is lost
 * however the process ends. A log file that can't be opened or written is reported, and work continues without it. Errors
 * that do not reach the log file or the console go to standard error.
 */
export function createLogging(options: LoggingOptions): Logging {
  const clock = options.clock ?? (() => new Date());
  const redact = makeRedactor(options.secrets);
  const stream = options.console ?? standardOutput;
  const console = options.quiet ? undefined : (options.stdout ?? stream);
  const lastResort = options.lastResort ?? standardError;
  let file: LogFile | undefined;
  const emit = (level: LogLevel, line: string): void => {
    const isShown = console?.write(line);
    const isKept = file?.write(line) ?? (options.logFile === undefined && !options.quiet);
    const isSeen = console !== undefined && (stream === lastResort || stream.isWatched);
    const isMissed = isShown === false || (!isKept && !isSeen);
    if (isMissed && (level === 'ERROR' || level === 'CRITICAL')) lastResort.write(line);
  };
  const complain = (level: LogLevel, message: string): void =>
    emit(level, formatEntry({ time: clock(), module: OWN_MODULE, level, message }, redact));
  file = openFile(options, clock, complain);

  const write = (json: string): void => {
    const record: PinoRecord = JSON.parse(json);
    const level = LEVELS_BY_VALUE[record.level] ?? 'INFO';
    const { module, msg: message, run } = record;
    emit(level, formatEntry({ time: clock(), module, level, message, run }, redact));
  };
  const root = pino({ base: null, timestamp: false, level: PINO_LEVELS[options.level] }, { write });
  return {
    logger: (module) => new PinoLogger(root.child({ module })),
    close: () => {
      file?.close();
      file = undefined;
    },
  };
}

class PinoLogger implements Logger {
  readonly #pino: pino.Logger;

  constructor(logger: pino.Logger) {
    this.#pino = logger;
  }

  debug(message: string): void {
    this.#pino.debug(message);
  }

  info(message: string): void {
    this.#pino.info(message);
  }

  warning(message: string): void {
    this.#pino.warn(message);
  }

  error(message: string): void {
    this.#pino.error(message);
  }

  critical(message: string): void {
    this.#pino.fatal(message);
  }

  child(binding: LogBinding): Logger {
    return new PinoLogger(this.#pino.child({ ...binding }));
  }
}

function openFile(
  { logFile, rotation = DEFAULT_ROTATION }: LoggingOptions,
  now: () => Date,
  complain: (level: LogLevel, message: string) => void,
): LogFile | undefined {
  if (logFile === undefined) return undefined;
  try {
    return new LogFile(logFile, { rotation, now, onProblem: complain });
  } catch (error) {
    complain(
      'ERROR',
      `Failed to configure file logging at '${logFile}': ${messageOf(error)}${ownershipHint(error)}; work goes on without it`,
    );
    return undefined;
  }
}
