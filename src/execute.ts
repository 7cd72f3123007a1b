import type { RunRequest } from './cli/cli.ts';
import type { Environment } from './environment.ts';
import { ArchiverError, ConfigurationError, LockExistsError, messageOf } from './errors.ts';
import { exitCodeOf, exitCodes } from './exit.ts';
import { type LogLevel, makeRedactor } from './log/log-line.ts';
import type { Logger } from './log/logger.ts';
import { createLogging, type LoggingOptions } from './log/logging.ts';
import { openScreen, type Screen, screenLines } from './log/screen.ts';
import { withSourceLines } from './log/source-lines.ts';
import type { OutputStream } from './log/standard-stream.ts';
import { Terminal } from './log/terminal.ts';
import { modeOf, needsLock, touchesNothing } from './modes/all.ts';
import { Orchestrator } from './orchestrator.ts';
import { ResultOutput, type ResultOutputOptions, STANDARD_OUTPUT } from './report/result-output.ts';
import { handleSignals, type ProcessEvents } from './signals.ts';
import { openSite } from './site.ts';
import { ExecutionAccount } from './stages/execution-account.ts';
import type { RepeatedWarnings } from './state/repeated-warnings.ts';

const MODULE_NAME = '__main__';
const RULE = '='.repeat(70);
const MESSAGE = 'Error Message: ';

/** What an execution has around it: its process, and time. Tests replace them. */
export interface Surroundings {
  readonly env: Environment;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  /** Emits signals, and errors that no catch gets. */
  readonly process: ProcessEvents;
  /** Ends the process, whatever it is doing. */
  readonly exit: (code: number) => never;
  readonly now: () => Date;
  /** Lets so many milliseconds pass between two looks at run records. */
  readonly sleep: (milliseconds: number) => Promise<unknown>;
}

/** Milliseconds that observers have to report an unexpected error. */
const TELLING_MS = 15_000;

/**
 * Does what a command line asks for, from the configuration file to the last log line.
 * @returns one of {@link exitCodes}
 */
export async function execute(request: RunRequest, surroundings: Surroundings): Promise<number> {
  const { env, stdout, stderr, process, exit, now, sleep } = surroundings;
  // What programs read is alone on standard output.
  const isForPrograms = request.json === true || modeOf(request).ownsStandardOutput === true;
  const console = isForPrograms || request.resultJson === STANDARD_OUTPUT ? stderr : stdout;
  const terminal = watchedTerminal(request, console, surroundings);
  const screen = reportScreen(request, terminal, surroundings);
  const screenFormat: LoggingOptions['screenFormat'] =
    screen && ((entry, secrets) => screenLines(entry, secrets, screen.columns));
  const { quiet, logFormat } = request;
  const logOptions = {
    quiet,
    console,
    stdout: terminal,
    lastResort: stderr,
    format: logFormat,
    screenFormat,
  };
  const firstLevel = levelOf('INFO', request);
  let logging = createLogging({ ...logOptions, level: firstLevel, logFile: undefined, secrets: [] });
  const logger = () => logging.logger(MODULE_NAME);
  let orchestrator: Orchestrator | undefined;
  let redact = (text: string): string => text;
  let repeatedWarnings: RepeatedWarnings | undefined;
  const { mode, dryRun } = request;
  const account = new ExecutionAccount({ mode, dryRun, now, redact: (text) => redact(text) });
  const result = new ResultOutput({
    target: request.resultJson,
    account,
    stdout,
    complain: (message) => logger().error(message),
  });
  let code: number;
  const end = (exitCode: number): never => {
    terminal?.end();
    return exit(exitCode);
  };
  process.on('SIGHUP', () =>
    logger().info('SIGHUP received: nothing more is written to the terminal, and the work continues'),
  );
  let isFailing = false;
  // Errors in timers and unawaited promises bypass the catch below.
  process.on('uncaughtException', (error) => {
    const exitCode = summarise(error, account.stage, logger());
    if (isFailing) return end(exitCode);
    isFailing = true;
    setTimeout(() => end(exitCode), TELLING_MS);
    const told = Promise.all([orchestrator?.fail(error), result.end(exitCode, error)]);
    void told.finally(() => end(exitCode));
  });
  try {
    const { site, warnings } = await openSite(request.configPath, {
      env,
      now,
      sleep,
      dryRun,
      openLog: (config) => {
        redact = makeRedactor(config.secrets);
        logging = createLogging({
          ...logOptions,
          level: levelOf(config.app.logLevel, request),
          format: logFormat ?? config.app.logFormat,
          logFile: touchesNothing(request) ? undefined : config.app.logFile,
          secrets: config.secrets,
          isDue: (message, run) => repeatedWarnings?.isDue(message, run) ?? true,
        });
        return logging;
      },
    });
    await result.begin();
    if (needsLock(request)) {
      // Whoever only looks is shown all.
      repeatedWarnings = site.repeatedWarnings;
      await repeatedWarnings.load();
    }
    orchestrator = new Orchestrator({
      site,
      warnings,
      print: (text) => stdout.write(text),
      // Programs read every line of JSON.
      progress: (logFormat ?? site.config.app.logFormat) === 'text' ? terminal : undefined,
      screen,
      account,
    });
    code = await runUnderSignals(orchestrator, request, warnings, { process, exit: end }, logger());
    // Executions that archive have the log for what they say.
    if (!needsLock(request)) stdout.throwIfLost();
    code = await result.end(code);
  } catch (error) {
    const unusable =
      error instanceof ConfigurationError
        ? modeOf(request).unusable?.(request, error.message, now())
        : undefined;
    if (unusable !== undefined) logger().error(unusable.line);
    code = await result.end(summarise(error, account.stage, logger()), error);
    if (request.json === true) stdout.write(unusable?.json ?? '');
  }
  logger().info(
    code === exitCodes.success
      ? 'Archiver execution complete.'
      : `Archiver execution complete. Exit code: ${code}`,
  );
  logging.close();
  return code;
}

/**
 * Writes the result of a request that can't be executed, as archiver.env can't be read.
 * @param complain is told what can't be written
 * @returns the exit code
 */
export function refuse(
  { mode, dryRun, resultJson: target }: RunRequest,
  error: unknown,
  { stdout, now, complain }: Pick<Surroundings, 'stdout' | 'now'> & Pick<ResultOutputOptions, 'complain'>,
): Promise<number> {
  const account = new ExecutionAccount({ mode, dryRun, now, redact: (text) => text });
  return new ResultOutput({ target, account, stdout, complain }).end(exitCodeOf(error), error);
}

/** A terminal that can clear a line, and that somebody may watch; cron and pipes get plain lines. */
function watchedTerminal(
  request: RunRequest,
  console: OutputStream,
  { env, stdout }: Surroundings,
): Terminal | undefined {
  const isWatched = stdout.isWatched && env.TERM !== 'dumb' && !request.quiet && console === stdout;
  return isWatched ? new Terminal(stdout) : undefined;
}

/** A terminal for plain text, unless the request asks for log lines. */
function reportScreen(
  request: RunRequest,
  terminal: Terminal | undefined,
  { env, stdout }: Surroundings,
): Screen | undefined {
  const { quiet, verbose, json, resultJson, logFormat } = request;
  const wantsLog =
    quiet || verbose || json === true || resultJson === STANDARD_OUTPUT || logFormat !== undefined;
  if (!stdout.isWatched || wantsLog || modeOf(request).hasScreen !== true) return undefined;
  const hasColours = terminal !== undefined && !env.NO_COLOR;
  return openScreen({ sink: terminal ?? stdout, terminal, columns: stdout.columns, hasColours });
}

/** A quiet request that touches nothing asks for its exit code, and for what prevented an answer. */
function levelOf(configured: LogLevel, request: RunRequest): LogLevel {
  if (request.quiet && touchesNothing(request)) return 'CRITICAL';
  return request.verbose ? 'DEBUG' : configured;
}

async function runUnderSignals(
  orchestrator: Orchestrator,
  request: RunRequest,
  warnings: readonly string[],
  { process, exit }: Pick<Surroundings, 'process' | 'exit'>,
  logger: Logger,
): Promise<number> {
  const ignoreSignals = handleSignals({
    logger,
    shutDown: (reason) => orchestrator.requestShutdown(reason),
    exit,
    now: () => performance.now(),
    process,
  });
  try {
    // The signal handlers come first: a program that waits for these lines may then stop the archiver at once.
    announce(warnings, request, logger);
    const allWell = await orchestrator.run(request);
    logger.info(RULE);
    const { shutdownReason } = orchestrator;
    if (shutdownReason !== undefined) {
      logger.warning('✓ GRACEFUL SHUTDOWN COMPLETED');
      logger.warning(`Reason: ${shutdownReason}`);
    } else if (allWell) logger.info('✓ EXECUTION COMPLETED SUCCESSFULLY');
    // A report that a person reads has said what is wrong.
    else
      logger
        .child({ isInReport: true })
        .warning(`✗ EXECUTION COMPLETED WITH FAILURES (exit code: ${exitCodes.failure})`);
    return orchestrator.exitCode(allWell);
  } finally {
    ignoreSignals();
  }
}

/** Says what is starting, and with what configuration. */
function announce(warnings: readonly string[], request: RunRequest, logger: Logger): void {
  for (const line of [RULE, 'Run Record Archiver Starting', `Config: ${request.configPath}`, RULE]) {
    logger.info(line);
  }
  for (const warning of warnings) logger.child({ repeats: true }).warning(warning);
}

/** Logs what ended the program, and gives its exit code. */
function summarise(error: unknown, stage: string | undefined, logger: Logger): number {
  const isKnown = error instanceof ArchiverError;
  const level = error instanceof LockExistsError ? 'warning' : 'critical';
  const lines = [
    RULE,
    isKnown ? 'ERROR SUMMARY' : 'UNEXPECTED ERROR SUMMARY',
    RULE,
    ...(stage === undefined ? [] : [`Failed Stage: ${stage}`]),
    `Error Type: ${error instanceof Error ? error.name : typeof error}`,
    `${MESSAGE}${messageOf(error)}`,
    ...(!isKnown && error instanceof Error
      ? [`Full traceback: ${withSourceLines(String(error.stack))}`]
      : []),
    RULE,
  ];
  // In JSON, one line names the kind of the error, so that it counts once.
  for (const line of lines) (line.startsWith(MESSAGE) ? logger.child({ error }) : logger)[level](line);
  return exitCodeOf(error);
}
