import { ArchiverError } from '../../src/errors.ts';
import type { Surroundings } from '../../src/execute.ts';
import { exitCodes } from '../../src/exit.ts';
import { makeRedactor } from '../../src/log/log-line.ts';
import { createLogging } from '../../src/log/logging.ts';
import { Terminal } from '../../src/log/terminal.ts';
import { visibleLines } from '../../src/shown-text.ts';
import type { ProcessEvents } from '../../src/signals.ts';
import { openSite } from '../../src/site.ts';
import { answerDiff } from './answer-diff.ts';
import { answerFind } from './answer-find.ts';
import { answerShow } from './answer-show.ts';
import type { Asking } from './asking.ts';
import type { Question, RunConfigFlags } from './flags.ts';
import { openSource, type RecordSource } from './record-source.ts';

/**
 * Answers the question of a command line.
 * @returns the exit code
 * @throws ArchiverError saying why there is no answer
 */
export async function runConfig(flags: RunConfigFlags, surroundings: Surroundings): Promise<number> {
  const { env, stdout, stderr, process, exit, now, sleep } = surroundings;
  const terminal = stderr.isWatched && env.TERM !== 'dumb' ? new Terminal(stderr) : undefined;
  // What it warns of is for the archiver, which says it each time.
  const { site } = await openSite(flags.configPath, {
    env,
    now,
    sleep,
    dryRun: true,
    openLog: ({ secrets }) =>
      createLogging({
        level: 'WARNING',
        logFile: undefined,
        quiet: false,
        console: stderr,
        stdout: terminal,
        secrets,
      }),
  });
  const hide = makeRedactor(site.config.secrets);
  const say = (message: string): void => {
    (terminal ?? stderr).write(`run-config: ${visibleLines(hide(message))}\n`);
  };
  const write = (text: string): boolean => {
    terminal?.end();
    return stdout.write(text) && stdout.hasReader;
  };
  const { stop, ignoreSignals } = stopOnSignal(process, () => exit(exitCodes.stopped));
  let source: RecordSource | undefined;
  try {
    source = await openSource(flags.from, site, stop);
    const asking = { from: flags.from, format: flags.format, source, write, say, progress: terminal, stop };
    return await answer(flags.question, asking);
  } catch (error) {
    if (!stop.aborted || !(error instanceof ArchiverError)) throw error;
    return exitCodes.stopped;
  } finally {
    terminal?.end();
    ignoreSignals();
    await source?.close();
    await site.close();
  }
}

function answer(question: Question, asking: Asking): Promise<number> {
  if (question.action === 'diff') return answerDiff(question, asking);
  return question.action === 'find' ? answerFind(question, asking) : answerShow(question, asking);
}

/** Nothing is written, so that the first signal ends the work, and a second one the process. */
function stopOnSignal(process: ProcessEvents, exit: () => void) {
  const stopping = new AbortController();
  const onSignal = (): void => {
    if (stopping.signal.aborted) exit();
    stopping.abort();
  };
  const signals = ['SIGINT', 'SIGTERM'];
  for (const signal of signals) process.on(signal, onSignal);
  const ignoreSignals = (): void => {
    for (const signal of signals) process.off(signal, onSignal);
  };
  return { stop: stopping.signal, ignoreSignals };
}
