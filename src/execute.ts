import type { RunRequest } from './cli/request.ts';
import { type LoadedConfig, loadConfig } from './config/load.ts';
import type { ArchiverConfig } from './config/schema.ts';
import type { Environment } from './environment.ts';
import { ArchiverError, ConfigurationError, LockExistsError, messageOf } from './errors.ts';
import { exitCodes } from './exit-codes.ts';
import type { LogLevel } from './log/log-line.ts';
import type { Logger } from './log/logger.ts';
import { createLogging, type Logging } from './log/logging.ts';
import type { OutputStream } from './log/standard-stream.ts';
import { Terminal } from './log/terminal.ts';
import { needsLock, Orchestrator } from './orchestrator.ts';
import { unusableConfigJson } from './report/checks.ts';
import { handleSignals, type ProcessEvents } from './signals.ts';

const moduleName = '__main__';
const rule = '='.repeat(70);

/** What an execution has around it: its process, and time. Tests put others in their place. */
export interface Surroundings {
  readonly env: Environment;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  /** Tells of signals, and of errors that reach no catch. */
  readonly process: ProcessEvents;
  /** Ends the process, whatever it is doing. */
  readonly exit: (code: number) => never;
  readonly now: () => Date;
  /** Lets so many milliseconds pass between two looks at run records. */
  readonly sleep: (milliseconds: number) => Promise<unknown>;
}

/** Milliseconds within which whoever is to know of an unexpected error has been told, or is not. */
const TELLING_MS = 15_000;

/**
 * Does what a command line asks for, from the configuration file to the last log line.
 * @returns one of {@link exitCodes}
 */
export async function execute(request: RunRequest, surroundings: Surroundings): Promise<number> {
  const { env, stdout, stderr, process, exit, now, sleep } = surroundings;
  const terminal = terminalFor(request, surroundings);
  let logging = createLogging({
    level: 'INFO',
    logFile: undefined,
    quiet: request.quiet,
    console: consoleOf(request, surroundings),
    lastResort: stderr,
    secrets: [],
  });
  let orchestrator: Orchestrator | undefined;
  let code: number;
  const end = (exitCode: number): never => {
    terminal?.end();
    return exit(exitCode);
  };
  process.on('SIGHUP', () =>
    logging
      .logger(moduleName)
      .info('SIGHUP received: nothing more is written to the terminal, and the work goes on'),
  );
  let isFailing = false;
  // Errors in timers and unawaited promises bypass the catch below.
  process.on('uncaughtException', (error) => {
    const exitCode = summarise(error, orchestrator?.currentStage, logging.logger(moduleName));
    if (orchestrator === undefined || isFailing) return end(exitCode);
    isFailing = true;
    setTimeout(() => end(exitCode), TELLING_MS);
    void orchestrator.fail(error).finally(() => end(exitCode));
  });
  try {
    const loaded = await loadConfig(request.configPath, env);
    logging = openLogging(loaded.config, request, surroundings, terminal);
    orchestrator = new Orchestrator({
      config: loaded.config,
      logger: (name) => logging.logger(name),
      env,
      now,
      sleep,
      dryRun: request.dryRun,
      warnings: loaded.warnings,
      print: (text) => stdout.write(text),
      progress: terminal,
    });
    code = await runUnderSignals(
      orchestrator,
      request,
      loaded,
      { process, exit: end },
      logging.logger(moduleName),
    );
    // Executions that archive have the log for what they say.
    if (!needsLock(request)) stdout.throwIfLost();
  } catch (error) {
    code = summarise(error, orchestrator?.currentStage, logging.logger(moduleName));
    if (request.mode === 'check-config' && request.json && error instanceof ConfigurationError) {
      stdout.write(unusableConfigJson(request.configPath, error.message, now()));
    }
  }
  logging
    .logger(moduleName)
    .info(
      code === exitCodes.success
        ? 'Archiver execution complete.'
        : `Archiver execution complete. Exit code: ${code}`,
    );
  logging.close();
  return code;
}

/** Standard output is for the report where that is asked for as JSON. */
function consoleOf(request: RunRequest, { stdout, stderr }: Surroundings): OutputStream {
  return 'json' in request && request.json ? stderr : stdout;
}

/** Only where a person looks on, on a terminal that can clear a line: cron and pipes get the plain lines. */
function terminalFor(request: RunRequest, surroundings: Surroundings): Terminal | undefined {
  const { env, stdout } = surroundings;
  const isWatched =
    stdout.isWatched && env.TERM !== 'dumb' && !request.quiet && consoleOf(request, surroundings) === stdout;
  return isWatched ? new Terminal(stdout) : undefined;
}

function openLogging(
  config: ArchiverConfig,
  request: RunRequest,
  surroundings: Surroundings,
  terminal: Terminal | undefined,
): Logging {
  return createLogging({
    level: levelOf(config, request),
    logFile: touchesNothing(request) ? undefined : config.app.logFile,
    quiet: request.quiet,
    console: consoleOf(request, surroundings),
    lastResort: surroundings.stderr,
    ...(terminal === undefined ? {} : { stdout: terminal }),
    secrets: config.secrets,
  });
}

/** Who asks quietly for something that touches nothing wants the exit code, and to know what kept it from being found. */
function levelOf(config: ArchiverConfig, request: RunRequest): LogLevel {
  if (request.quiet && touchesNothing(request)) return 'CRITICAL';
  return request.verbose ? 'DEBUG' : config.app.logLevel;
}

/** Not even the log file, which would be made for the account that tries things out. */
function touchesNothing({ dryRun, mode }: RunRequest): boolean {
  return dryRun || mode === 'check-config';
}

/** Says what is starting, and with what configuration. */
function announce(warnings: readonly string[], request: RunRequest, logger: Logger): void {
  for (const line of [rule, 'Run Record Archiver Starting', `Config: ${request.configPath}`, rule]) {
    logger.info(line);
  }
  for (const warning of warnings) logger.warning(warning);
}

async function runUnderSignals(
  orchestrator: Orchestrator,
  request: RunRequest,
  { warnings }: LoadedConfig,
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
    // Under signals already: whoever waits for this line may stop the archiver at once.
    announce(warnings, request, logger);
    const allWell = await orchestrator.run(request);
    logger.info(rule);
    const { shutdownReason } = orchestrator;
    if (shutdownReason !== undefined) {
      logger.warning('✓ GRACEFUL SHUTDOWN COMPLETED');
      logger.warning(`Reason: ${shutdownReason}`);
      return exitCodes.stopped;
    }
    if (allWell) logger.info('✓ EXECUTION COMPLETED SUCCESSFULLY');
    else logger.warning(`✗ EXECUTION COMPLETED WITH FAILURES (exit code: ${exitCodes.failure})`);
    return allWell ? exitCodes.success : exitCodes.failure;
  } finally {
    ignoreSignals();
  }
}

/** Logs what ended the program and gives the exit code for it. */
function summarise(error: unknown, stage: string | undefined, logger: Logger): number {
  const isKnown = error instanceof ArchiverError;
  const level = error instanceof LockExistsError ? 'warning' : 'critical';
  const lines = [
    rule,
    isKnown ? 'ERROR SUMMARY' : 'UNEXPECTED ERROR SUMMARY',
    rule,
    ...(stage === undefined ? [] : [`Failed Stage: ${stage}`]),
    `Error Type: ${error instanceof Error ? error.name : typeof error}`,
    `Error Message: ${messageOf(error)}`,
    ...(!isKnown && error instanceof Error ? [`Full traceback: ${error.stack}`] : []),
    rule,
  ];
  for (const line of lines) logger[level](line);
  return isKnown ? exitCodes.failure : exitCodes.unexpectedError;
}
