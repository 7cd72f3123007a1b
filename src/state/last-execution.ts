import { z } from 'zod';
import { messageOf, type StageName } from '../errors.ts';
import { writeFileAtomic } from '../files/atomic-file.ts';
import { countedRuns, type ExecutionResult, executionResult, type StageAccount } from './execution-result.ts';
import { JsonFile, jsonText } from './json-file.ts';

const time = z.iso.datetime();
const endedExecution = executionResult.pick({
  mode: true,
  started: true,
  ended: true,
  seconds: true,
  exit_code: true,
  end: true,
});
const archivedRun = z.object({ time, run: z.int().nonnegative() });
const leftRuns = countedRuns.nullable();
const document = z.object({
  execution: executionResult,
  previous: endedExecution.nullable(),
  last_archived: z.object({ import: archivedRun.nullable(), migrate: archivedRun.nullable() }),
  last_success: z.object({ import: time.nullable(), migrate: time.nullable() }),
  last_left: z.object({ import: leftRuns, migrate: leftRuns }),
});

/**
 * What `last_execution.json` holds. `execution`: the one that is under way, or else the last one; if its `ended` is null and no
 * archiver holds the lock, it was killed. `previous`: how the last one before it ended that was not killed. `last_archived`: when
 * each stage last archived something, and the highest run of that execution. `last_success`: when each stage last ended without an
 * error, a failed run or one that waits because of a fault. `last_left`: the runs that each stage did not begin when it last looked
 * at all. Null: never, since the file exists.
 */
export type LastExecution = z.output<typeof document>;

/**
 * What the last execution did that archives runs, in the work directory. It only helps people and programs, so that
 * {@link LastExecutionFile.note} never throws, and a file that can't be understood is replaced. Only who holds the process lock
 * writes it, so that it needs no lock of its own, which would take longer than all the rest.
 */
export class LastExecutionFile {
  readonly path: string;
  readonly #file: JsonFile<LastExecution>;
  readonly #warn: (message: string) => void;
  #latest: ExecutionResult | undefined;
  /** What the file holds, once it was read or written here. */
  #content: LastExecution | undefined;
  #writing = Promise.resolve();
  /** A file that can't be written may take long to fail. */
  #isGivenUp = false;

  /** @param warn hears once that the file can't be written */
  constructor(path: string, warn: (message: string) => void) {
    this.#file = new JsonFile(path, {
      title: 'The record of the last execution',
      advice: 'Remove it: the next execution makes it again.',
      schema: document,
      format: jsonText,
    });
    this.path = this.#file.path;
    this.#warn = warn;
  }

  /**
   * Undefined before the first execution.
   * @throws PersistenceError if the file can't be read or understood
   */
  read(): Promise<LastExecution | undefined> {
    return this.#file.read();
  }

  /** Notes an execution as it begins, as it goes on, and when it ends. Never throws. */
  note(execution: ExecutionResult): Promise<void> {
    this.#latest = execution;
    this.#writing = this.#writing.then(() => this.#write(execution));
    return this.#writing;
  }

  async #write(execution: ExecutionResult): Promise<void> {
    // While one was written, the next may have come.
    if (this.#isGivenUp || execution !== this.#latest) return;
    try {
      const before = this.#content ?? (await this.#file.readable());
      this.#content = withExecution(before, execution);
      await writeFileAtomic(this.path, jsonText(this.#content));
    } catch (error) {
      this.#isGivenUp = true;
      this.#warn(
        `What this execution does can't be noted for reports and metrics: ${messageOf(error)}. The archive is not affected.`,
      );
    }
  }
}

/** The content of the file once it knows what an execution has done so far. Knowing the same twice changes nothing. */
export function withExecution(before: LastExecution | undefined, execution: ExecutionResult): LastExecution {
  return {
    execution,
    previous: previousOf(before, execution),
    last_archived: {
      import: lastArchived('import', before, execution),
      migrate: lastArchived('migrate', before, execution),
    },
    last_left: {
      import: lastLeft('import', before, execution),
      migrate: lastLeft('migrate', before, execution),
    },
    last_success: {
      import: lastSuccess('import', before, execution),
      migrate: lastSuccess('migrate', before, execution),
    },
  };
}

function previousOf(before: LastExecution | undefined, { started, host, pid }: ExecutionResult) {
  if (before === undefined) return null;
  const { execution: other } = before;
  const isSame = other.started === started && other.host === host && other.pid === pid;
  return isSame || other.ended === null ? before.previous : endedExecution.parse(other);
}

function lastArchived(stage: StageName, before: LastExecution | undefined, execution: ExecutionResult) {
  const account = accountOf(stage, execution);
  const run = account?.archived.ranges.at(-1)?.last;
  if (account === undefined || run === undefined) return before?.last_archived[stage] ?? null;
  return { time: account.ended, run };
}

/** A retry, or an execution of selected runs, does not know what else there is to do. */
function lastLeft(stage: StageName, before: LastExecution | undefined, execution: ExecutionResult) {
  const account = accountOf(stage, execution);
  return account?.all_runs === true ? account.left : (before?.last_left[stage] ?? null);
}

function lastSuccess(stage: StageName, before: LastExecution | undefined, execution: ExecutionResult) {
  const account = accountOf(stage, execution);
  return account !== undefined && isSuccess(account) ? account.ended : (before?.last_success[stage] ?? null);
}

function accountOf(stage: StageName, { stages }: ExecutionResult): StageAccount | undefined {
  return stages.find((account) => account.stage === stage);
}

function isSuccess({ error, failed, waiting }: StageAccount): boolean {
  return error === null && failed.length + waiting.fault.length === 0;
}
