import { ArchiverError, messageOf } from '../../src/errors.ts';
import { exitCodes } from '../../src/exit.ts';
import type { FhiclFile } from '../../src/fhicl/fhicl-file.ts';
import type { RunNumber } from '../../src/runs/run-number.ts';
import { formatRanges, RunSet } from '../../src/runs/run-set.ts';
import { type Asking, noneOfRuns, nothingFound, unlessStopped } from './asking.ts';
import { compareParameters } from './compare-records.ts';
import {
  CHANGES_HEAD,
  type ChangeAtRun,
  changesJson,
  changeText,
  historiesText,
  type Search,
} from './find-text.ts';
import type { Question } from './flags.ts';
import { changesBetween, Histories, type RunValues } from './history.ts';
import { isLeftOut } from './left-out.ts';
import type { PathPattern } from './path-pattern.ts';
import { readAhead } from './read-ahead.ts';
import { counted } from './texts.ts';
import { ValueFinder } from './values-of-run.ts';

type FindQuestion = Extract<Question, { action: 'find' }>;

/** Runs that are read at the same time. */
const AHEAD = 8;
/** Milliseconds after which the progress is shown anew. */
const SHOWN_EVERY_MS = 100;

/**
 * Says which values parameters have over the runs, or where these change.
 * @returns the exit code: failure if a run could not be read
 * @throws ArchiverError if there is none of the runs, or nothing was found in them
 */
export async function answerFind(question: FindQuestion, asking: Asking): Promise<number> {
  const { source, from, say, stop } = asking;
  const { pattern } = question;
  const known = await unlessStopped(source.listRuns(), stop);
  const runs = question.runs === undefined ? known : known.filter((run) => question.runs?.has(run));
  const last = runs.at(-1);
  if (last === undefined) throw noneOfRuns(known, source);
  const missing = question.runs?.without(known) ?? RunSet.of([]);
  if (missing.size > 0) {
    say(`${counted(missing.size, 'run')} not in ${source.title}: ${formatRanges(missing.ranges)}`);
  }
  const walk = new Walk(runs, question, asking);
  const taker = question.changes ? new ChangeTaker(question, asking) : new HistoryTaker();
  const hasFound = await walk.each((run, values) => taker.take(run, values));
  const { failed, read } = walk;
  if (!hasFound && failed.length === 0 && !stop.aborted) {
    throw await nothingFound(
      pattern,
      runs.length === 1 ? `Run ${last} does not have` : 'None of the runs has',
      last,
      asking,
    );
  }
  const search: Search = {
    pattern: pattern.text,
    from,
    location: source.location,
    read,
    failed,
    missing: missing.ranges,
    isInterrupted: stop.aborted,
  };
  taker.end(search, asking);
  if (stop.aborted) {
    say(`Stopped: ${read} of ${runs.length} runs were read`);
    return exitCodes.stopped;
  }
  return failed.length === 0 ? exitCodes.success : exitCodes.failure;
}

/** Takes what was found in the runs, in ascending order. */
interface Taker {
  /** @returns false if nobody wants more */
  take(run: RunNumber, values: RunValues): boolean;
  end(search: Search, asking: Asking): void;
}

class HistoryTaker implements Taker {
  readonly #histories = new Histories();

  take(run: RunNumber, values: RunValues): boolean {
    this.#histories.add(run, values);
    return true;
  }

  end(search: Search, { format, write }: Asking): void {
    write(historiesText(this.#histories.all(), search, format));
  }
}

/** Writes each change as it is found; only JSON needs all of them together. */
class ChangeTaker implements Taker {
  readonly #all: boolean;
  readonly #asking: Asking;
  readonly #gathered: ChangeAtRun[] = [];
  #before: { readonly run: RunNumber; readonly values: RunValues } | undefined;
  #leftOut = 0;

  constructor({ all }: FindQuestion, asking: Asking) {
    this.#all = all;
    this.#asking = asking;
    if (asking.format === 'csv') asking.write(CHANGES_HEAD);
  }

  take(run: RunNumber, values: RunValues): boolean {
    const before = this.#before;
    this.#before = { run, values };
    if (before === undefined) return true;
    const changes = changesBetween(before.values, values).map((each) => ({
      ...each,
      run,
      before: before.run,
    }));
    const shown = changes.filter((each) => this.#all || !isOfEveryRun(each));
    this.#leftOut += changes.length - shown.length;
    const { format, write } = this.#asking;
    if (format === 'json') for (const each of shown) this.#gathered.push(each);
    if (format === 'json' || shown.length === 0) return true;
    return write(shown.map((each) => changeText(each, format)).join(''));
  }

  end(search: Search, { format, write, say }: Asking): void {
    if (format === 'json') write(changesJson(this.#gathered, search));
    if (this.#leftOut > 0) {
      say(`Left out: ${counted(this.#leftOut, 'change')} of what differs in every run (--all shows them)`);
    }
  }
}

function isOfEveryRun({ file, path, old, new: changed }: ChangeAtRun): boolean {
  return compareParameters(file, path, [old?.parameter, changed?.parameter], isLeftOut).length === 0;
}

/** Goes through runs, and shows how far it has come. */
class Walk {
  readonly failed: { readonly run: RunNumber; readonly error: string }[] = [];
  read = 0;
  readonly #runs: readonly RunNumber[];
  readonly #pattern: PathPattern;
  readonly #finder: ValueFinder;
  readonly #asking: Asking;
  readonly #began = performance.now();
  #shown = Number.NEGATIVE_INFINITY;

  constructor(runs: readonly RunNumber[], { pattern }: FindQuestion, asking: Asking) {
    this.#runs = runs;
    this.#pattern = pattern;
    this.#finder = new ValueFinder(pattern);
    this.#asking = asking;
  }

  /**
   * Gives the selected values of each run, until nobody wants more.
   * @returns whether any run has one
   * @throws ArchiverError if no run can be read any more
   */
  async each(take: (run: RunNumber, values: RunValues) => boolean): Promise<boolean> {
    const { source, stop, progress } = this.#asking;
    const { entities } = this.#pattern;
    let hasFound = false;
    this.#show();
    const reading = readAhead(this.#runs, AHEAD, (run) => settled(source.read(run, entities)), stop);
    for await (const { item: run, result } of reading) {
      const values = this.#valuesOf(run, result);
      if (values !== undefined) {
        this.read++;
        hasFound ||= values.size > 0;
        if (!take(run, values)) break;
      }
      this.#show();
    }
    progress?.end();
    return hasFound;
  }

  /** Undefined if the run can't be read; standard error says why. */
  #valuesOf(run: RunNumber, result: PromiseSettledResult<readonly FhiclFile[]>): RunValues | undefined {
    try {
      if (result.status === 'rejected') throw result.reason;
      return this.#finder.valuesOf(result.value);
    } catch (error) {
      if (!(error instanceof ArchiverError) || error.fault === 'site') throw error;
      this.#asking.say(`Run ${run} is left out: ${messageOf(error)}`);
      this.failed.push({ run, error: messageOf(error) });
      return undefined;
    }
  }

  #show(): void {
    const now = performance.now();
    if (now - this.#shown < SHOWN_EVERY_MS) return;
    this.#shown = now;
    const failed = this.failed.length;
    this.#asking.progress?.show({
      label: 'Search',
      total: this.#runs.length,
      done: this.read + failed,
      failed,
      milliseconds: now - this.#began,
    });
  }
}

async function settled<Result>(work: Promise<Result>): Promise<PromiseSettledResult<Result>> {
  const [result] = await Promise.allSettled([work]);
  return result;
}
