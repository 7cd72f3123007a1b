import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { messageOf, RunRecordError } from '../errors.ts';
import { installationDirectory } from '../installation.ts';
import type { RecordContent, RecordLimits, RecordReader } from './record-reader.ts';
import type { RecordLook } from './wholeness.ts';

/** What a thread is asked to do. */
export interface ReadingTask {
  /** Real path of a run directory. */
  readonly root: string;
  /** To read it; absent to look at it. */
  readonly limits?: RecordLimits;
}

interface ReadingJob {
  readonly task: ReadingTask;
  /** Milliseconds of the monotonic clock. */
  readonly since: number;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (reason: unknown) => void;
}

const PROGRAM = join('dist', 'programs', 'reading-thread.cjs');
/** As many as Node's pool has. */
const MOST_THREADS = 4;
/** How long a task waits before another thread is worth its start and its memory. Local disks let none wait so long. */
const PATIENCE_MS = 200;

/**
 * Reads run records in threads of their own, with calls that wait. Node's pool of threads takes several times as long for a record of
 * a hundred files, and in the thread of the program a file server that hangs would keep signals from being served.
 *
 * One thread is enough for a local disk. Where tasks wait for it, because each call goes to a server or one hangs, there are more.
 */
export class ReadingThreads implements RecordReader {
  /** What each thread does; undefined: nothing. */
  readonly #threads = new Map<Worker, ReadingJob | undefined>();
  readonly #waiting: ReadingJob[] = [];
  readonly #program: string;
  /** Is a thread about to begin? */
  #isStarting = false;
  #lastStart = 0;
  #clock: NodeJS.Timeout | undefined;

  /** @param program what the threads run */
  constructor(program = join(installationDirectory(), PROGRAM)) {
    this.#program = program;
  }

  look(root: string): Promise<RecordLook> {
    return this.#do({ root });
  }

  async read(root: string, limits: RecordLimits): Promise<RecordContent> {
    const content = await this.#do<RecordContent>({ root, limits });
    // Only the bytes of a Buffer come over.
    const files = content.files.map(({ path, bytes: { buffer, byteOffset, length } }) => ({
      path,
      bytes: Buffer.from(buffer, byteOffset, length),
    }));
    return { ...content, files };
  }

  /** Ends the threads. One that a file server holds ends with the process. */
  close(): void {
    clearTimeout(this.#clock);
    for (const thread of this.#threads.keys()) {
      thread.removeAllListeners('exit');
      void thread.terminate();
    }
  }

  #do<Answer>(task: ReadingTask): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const since = performance.now();
      this.#waiting.push({ task, since, resolve: (answer) => resolve(answer as Answer), reject });
      this.#advance();
    });
  }

  #advance(): void {
    for (const [thread, job] of this.#threads) {
      const next = job === undefined ? this.#waiting.shift() : undefined;
      if (next === undefined) continue;
      this.#threads.set(thread, next);
      thread.ref();
      thread.postMessage(next.task);
    }
    clearTimeout(this.#clock);
    const [first] = this.#waiting;
    if (first === undefined || this.#isStarting || this.#threads.size === MOST_THREADS) return;
    const due = this.#threads.size === 0 ? 0 : Math.max(first.since, this.#lastStart) + PATIENCE_MS;
    if (due <= performance.now()) this.#start();
    else this.#clock = setTimeout(() => this.#start(), due - performance.now());
  }

  #start(): void {
    this.#isStarting = true;
    let failure: unknown;
    let thread: Worker;
    try {
      thread = new Worker(this.#program);
    } catch (error) {
      // The system has no memory or threads left.
      this.#isStarting = false;
      this.#fail(this.#waiting.shift(), error);
      return;
    }
    thread.once('online', () => {
      this.#isStarting = false;
      this.#lastStart = performance.now();
      this.#beIdle(thread);
    });
    thread.on('message', (answer) => {
      this.#threads.get(thread)?.resolve(answer);
      this.#beIdle(thread);
    });
    thread.once('error', (error) => {
      failure = error;
    });
    thread.once('exit', (code) => this.#bury(thread, failure ?? `exit code ${code}`));
  }

  /** A thread without a task keeps the program from ending no more. */
  #beIdle(thread: Worker): void {
    this.#threads.set(thread, undefined);
    thread.unref();
    this.#advance();
  }

  #bury(thread: Worker, cause: unknown): void {
    const hasBegun = this.#threads.has(thread);
    // One task for each thread that does not even begin, so that this comes to an end.
    const job = hasBegun ? this.#threads.get(thread) : this.#waiting.shift();
    this.#threads.delete(thread);
    if (!hasBegun) this.#isStarting = false;
    this.#fail(job, cause);
  }

  /** Only a mistake of this program, or a lack of memory or threads, ends a thread. The next task starts another. */
  #fail(job: ReadingJob | undefined, cause: unknown): void {
    const message = `The thread that reads run records ended: ${messageOf(cause)}`;
    job?.reject(new RunRecordError(message, { stage: 'import', retryable: true, fault: 'site', cause }));
    this.#advance();
  }
}
