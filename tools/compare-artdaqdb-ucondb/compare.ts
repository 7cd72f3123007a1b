import { join } from 'node:path';
import type { Environment } from '../../src/environment.ts';
import { ArchiverError, messageOf } from '../../src/errors.ts';
import type { Surroundings } from '../../src/execute.ts';
import { exitCodes } from '../../src/exit.ts';
import { installationDirectory } from '../../src/installation.ts';
import { makeRedactor } from '../../src/log/log-line.ts';
import { createLogging } from '../../src/log/logging.ts';
import type { OutputStream } from '../../src/log/standard-stream.ts';
import { Terminal } from '../../src/log/terminal.ts';
import { handleSignals } from '../../src/signals.ts';
import { openSite } from '../../src/site.ts';
import { compareRange } from './compare-range.ts';
import type { Comparer, RunResult } from './compare-run.ts';
import { fhiclDumpNormaliser } from './fhicl-dump.ts';
import type { CompareFlags } from './flags.ts';
import { KeptFiles } from './kept-files.ts';
import { type Normaliser, ownNormaliser } from './normaliser.ts';
import { comparisonJson, runLines, runText, summaryText } from './output.ts';

const MODULE = 'compare_artdaqdb_ucondb';
const FHICL_DUMP_TIMEOUT_MS = 60_000;

/**
 * Compares what the flags ask for, and says what was found.
 * @param scratch directory for files that nobody needs afterwards
 * @returns the exit code
 */
export async function compareRuns(
  flags: CompareFlags,
  scratch: string,
  surroundings: Surroundings,
): Promise<number> {
  const { env, stdout, stderr, process, exit, now, sleep } = surroundings;
  const terminal = stderr.isWatched ? new Terminal(stderr) : undefined;
  const { site, logging, warnings } = await openSite(flags.configPath, {
    env,
    now,
    sleep,
    dryRun: true,
    // Standard output is for what was found.
    openLog: ({ secrets }) =>
      createLogging({
        level: flags.verbose ? 'DEBUG' : 'WARNING',
        logFile: undefined,
        quiet: false,
        console: stderr,
        stdout: terminal,
        secrets,
      }),
    // Tools of artdaqDB get directories of their own in the work directory; the archiver's is not touched.
    workDir: scratch,
  });
  const { config } = site;
  const logger = logging.logger(MODULE);
  for (const warning of warnings) logger.warning(warning);
  const shutdown = new AbortController();
  const ignoreSignals = handleSignals({
    logger,
    shutDown: (reason) => shutdown.abort(reason),
    exit,
    now: () => performance.now(),
    process,
  });
  try {
    const comparer: Comparer = {
      artdaqDb: site.artdaqDb,
      uconDb: await site.uconDb(),
      keptFromArtdaqDb: keptIn(flags.artdaqdbDir),
      keptFromUconDb: keptIn(flags.ucondbDir),
      normaliser: await normaliserFor(flags.normalisation, scratch, env),
      lines: flags.lines,
      ignoreFiles: flags.ignoreFiles,
      showDiff: flags.showDiff,
      logger,
      hide: makeRedactor(config.secrets),
    };
    return await compare(flags, comparer, config.app.parallelWorkers, shutdown.signal, { stdout, terminal });
  } catch (error) {
    if (!(error instanceof ArchiverError)) throw error;
    logger.error(messageOf(error));
    return exitCodes.failure;
  } finally {
    ignoreSignals();
    await site.close();
  }
}

/** Compares, and says what was found. @returns the exit code */
async function compare(
  flags: CompareFlags,
  comparer: Comparer,
  workers: number,
  shutdown: AbortSignal,
  { stdout, terminal }: { readonly stdout: OutputStream; readonly terminal: Terminal | undefined },
): Promise<number> {
  const { logger } = comparer;
  const onResult = async (found: RunResult): Promise<void> => {
    if (found.status === 'matching') logger.debug(`Run ${found.run}: ${found.matching} files are equal`);
    else if (flags.json) for (const line of runLines(found)) logger.warning(line);
    else {
      terminal?.end();
      stdout.write(runText(found));
    }
  };
  const result = await compareRange({ first: flags.start, last: flags.end }, comparer, {
    workers,
    shutdown,
    progress: terminal,
    keepDiffs: flags.json,
    onResult,
  });
  const { aborted } = shutdown;
  stdout.write(flags.json ? comparisonJson(result, aborted) : summaryText(result));
  if (aborted) return exitCodes.stopped;
  const isWell = result.results.every(({ status }) => status === 'matching');
  return isWell ? exitCodes.success : exitCodes.failure;
}

async function normaliserFor(
  normalisation: CompareFlags['normalisation'],
  scratch: string,
  env: Environment,
): Promise<Normaliser | undefined> {
  if (normalisation === 'none') return undefined;
  if (normalisation === 'own') return ownNormaliser;
  const { program } = normalisation;
  const libDirectory = join(installationDirectory(), 'lib');
  return await fhiclDumpNormaliser({ program, libDirectory, env, scratch, timeoutMs: FHICL_DUMP_TIMEOUT_MS });
}

function keptIn(directory: string | undefined): KeptFiles | undefined {
  return directory === undefined ? undefined : new KeptFiles(directory);
}
