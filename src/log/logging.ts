import pino from 'pino';
import { ArchiverError, type ErrorFault, messageOf } from '../errors.ts';
import { ownershipHint } from '../files/ownership.ts';
import { LogFile, type Rotation } from './log-file.ts';
import {
  type EntryFormat,
  entryFormats,
  type LogEntry,
  type LogFormat,
  type LogLevel,
  makeRedactor,
} from './log-line.ts';
import type { Logger } from './logger.ts';
import { type OutputStream, standardError, standardOutput } from './standard-stream.ts';
import type { TextSink } from './terminal.ts';

/** What is logged, and where. */
export interface LoggingOptions {
  /** Drops less important messages. */
  readonly level: LogLevel;
  /** Of the lines; `text` if absent. */
  readonly format?: LogFormat | undefined;
  /** Where a person reads a report, how the console shows an entry; undefined: not at all. */
  readonly screenFormat?: ((...entry: Parameters<EntryFormat>) => string | undefined) | undefined;
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
  /** Is a warning that repeats to be shown? Always if absent. */
  readonly isDue?: (message: string, run: number | undefined) => boolean;
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

/** Our levels in pino, under the names of {@link Logger}'s methods. */
const PINO_LEVELS = { debug: 20, info: 30, warning: 40, error: 50, critical: 60 } as const;

/** The fields of a pino record that are used here. */
interface PinoRecord {
  readonly level: LogLevel;
  readonly msg: string;
  readonly module: string;
  readonly stage?: string;
  readonly run?: number;
  readonly errorKind?: string;
  readonly fault?: ErrorFault;
  readonly isInReport?: boolean;
}

/**
 * Opens the log. Lines go to the console and to the log file. They are written when the call returns, so that none is lost
 * however the process ends. A log file that can't be opened or written is reported, and work continues without it. Errors
 * that do not reach the log file or the console go to standard error.
 */
export function createLogging(options: LoggingOptions): Logging {
  const clock = options.clock ?? (() => new Date());
  const redact = makeRedactor(options.secrets);
  const format = entryFormats[options.format ?? 'text'];
  const stream = options.console ?? standardOutput;
  const console = options.quiet ? undefined : (options.stdout ?? stream);
  const lastResort = options.lastResort ?? standardError;
  let file: LogFile | undefined;
  const emit = (entry: LogEntry): void => {
    const { level } = entry;
    const line = format(entry, redact);
    const shown = options.screenFormat === undefined ? line : options.screenFormat(entry, redact);
    const isShown = shown === undefined ? undefined : console?.write(shown);
    const isKept = file?.write(line) ?? (options.logFile === undefined && !options.quiet);
    const isSeen = console !== undefined && (stream === lastResort || stream.isWatched);
    const isMissed = isShown === false || (!isKept && !isSeen);
    if (isMissed && (level === 'ERROR' || level === 'CRITICAL')) lastResort.write(line);
  };
  const complain = (level: LogLevel, message: string): void =>
    emit({ time: clock(), module: OWN_MODULE, level, message });
  file = openFile(options, clock, complain);

  const write = (json: string): void => {
    const { msg: message, ...fields }: PinoRecord = JSON.parse(json);
    emit({ time: clock(), message, ...fields });
  };
  const root = pino(
    {
      base: null,
      timestamp: false,
      level: options.level.toLowerCase(),
      customLevels: PINO_LEVELS,
      useOnlyCustomLevels: true,
      formatters: { level: (name) => ({ level: name.toUpperCase() }) },
    },
    { write },
  );
  return {
    logger: (module) => loggerOf(root.child({ module }), options.isDue),
    close: () => {
      file?.close();
      file = undefined;
    },
  };
}

function loggerOf(
  logger: pino.Logger<keyof typeof PINO_LEVELS>,
  isDue: LoggingOptions['isDue'],
  repeats = false,
): Logger {
  const isShown = (message: string): boolean =>
    !repeats || isDue === undefined || isDue(message, logger.bindings().run);
  return {
    debug: (message) => logger.debug(message),
    info: (message) => logger.info(message),
    warning: (message) => logger[isShown(message) ? 'warning' : 'debug'](message),
    error: (message) => logger.error(message),
    critical: (message) => logger.critical(message),
    child: ({ error, repeats: again = repeats, ...binding }) =>
      loggerOf(logger.child({ ...binding, ...described(error) }), isDue, again),
  };
}

function described(error: unknown): Pick<PinoRecord, 'errorKind' | 'fault'> {
  if (error instanceof ArchiverError) return { errorKind: error.name, fault: error.fault };
  return error instanceof Error ? { errorKind: error.name } : {};
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
      `Failed to configure file logging at '${logFile}': ${messageOf(error)}${ownershipHint(error)}; the archiver continues without it`,
    );
    return undefined;
  }
}
