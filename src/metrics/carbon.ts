import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { ArchiverError } from '../errors.ts';
import type { Logger } from '../log/logger.ts';
import { reasonOf } from '../net/failure-reason.ts';
import { killableLookup, withoutBrackets } from '../net/host-lookup.ts';
import type { StageObserver, StageOutcome } from '../stages/stage-observer.ts';
import type { Backlog } from '../state/backlog.ts';
import { backlogMetrics } from './backlog-metrics.ts';

/** Where Carbon is, and the name under which metrics go there. */
export interface CarbonSettings {
  readonly host: string;
  readonly port: number;
  /** The names of all metrics begin with it. */
  readonly metricPrefix: string;
}

/** What a {@link CarbonClient} is given besides its settings. */
export interface CarbonOptions {
  readonly logger: Logger;
  readonly now: () => Date;
  /** Milliseconds that connecting and sending may take together, 2000 if absent. */
  readonly timeoutMs?: number;
}

const DEFAULT_TIMEOUT_MS = 2000;

/**
 * Sends metrics to Carbon in its plaintext protocol: `<prefix>.<name> <value> <unix seconds>` a line. Lines are kept until
 * {@link send} opens the only connection, so that no caller of {@link post} ever waits.
 */
export class CarbonClient {
  readonly #settings: CarbonSettings;
  readonly #prefix: string;
  readonly #options: CarbonOptions;
  #lines: string[] = [];

  constructor(settings: CarbonSettings, options: CarbonOptions) {
    this.#settings = settings;
    this.#prefix = asOneWord(settings.metricPrefix);
    this.#options = options;
  }

  /**
   * Notes a value with the present time.
   * @param name without the prefix
   */
  post(name: string, value: number): void {
    const seconds = Math.floor(this.#options.now().getTime() / 1000);
    this.#lines.push(`${this.#prefix}.${name} ${inDecimals(value)} ${seconds}\n`);
  }

  /** Sends what was noted, and waits until Carbon has taken it or the time is up. A failure is only a warning. */
  async send(): Promise<void> {
    const lines = this.#lines.splice(0);
    if (lines.length === 0) return;
    const { logger } = this.#options;
    const { host, port } = this.#settings;
    try {
      await this.#deliver(lines.join(''));
      logger.debug(`Posted ${lines.length} metrics to Carbon at ${host}:${port}`);
    } catch (error) {
      logger
        .child({ error })
        .warning(
          `Could not post ${lines.length} metrics to Carbon at ${host}:${port}. Reason: ${reasonOf(error)}. ` +
            'The archive is not affected.',
        );
    }
  }

  /**
   * Connects, but sends nothing.
   * @throws ArchiverError saying what to do, if Carbon can't be reached
   */
  async check(): Promise<void> {
    const { host, port } = this.#settings;
    try {
      await this.#deliver('');
    } catch (error) {
      throw new ArchiverError(
        `Carbon at ${host}:${port} can't be used: ${reasonOf(error)}; check carbon.host and carbon.port, and that it runs`,
        { cause: error },
      );
    }
  }

  /**
   * Carbon closes the connection after it has read everything. From a receiver that keeps it open we learn no more than that
   * it took our last byte, which is enough once the time is up.
   */
  async #deliver(text: string): Promise<void> {
    const { host, port } = this.#settings;
    const milliseconds = this.#options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    const signal = AbortSignal.timeout(milliseconds);
    const socket = connect({ host: withoutBrackets(host), port, lookup: killableLookup(signal) });
    try {
      const closed = once(socket, 'close', { signal });
      socket.end(text);
      socket.resume();
      await closed;
    } catch (error) {
      if (!signal.aborted) throw error;
      if (!socket.writableFinished) throw new Error(late(socket, milliseconds));
    } finally {
      socket.destroy();
    }
    if (!socket.writableFinished) throw new Error('it closed the connection before it had everything');
  }
}

function late(socket: Socket, milliseconds: number): string {
  return socket.connecting
    ? `no connection within ${milliseconds} ms`
    : `it did not take them within ${milliseconds} ms`;
}

/** A blank would end the name for Carbon, which drops such a line. */
function asOneWord(prefix: string): string {
  return prefix.trim().replace(/[\s\p{Cc}]+/gu, '_');
}

/** Whole numbers as they are, others with three decimals, never with an exponent. */
function inDecimals(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(3);
}

/** Knows what is still to be done. */
export interface BacklogSource {
  readonly backlog: () => Promise<Backlog>;
  readonly now: () => Date;
}

/**
 * Counts the runs of the migrate stage, under the names of the Python archiver. As there, a retry of failed runs posts
 * no such numbers, nor does a stage that could not determine its runs. Each execution posts the backlog.
 */
export class CarbonMetrics implements StageObserver {
  readonly #carbon: Pick<CarbonClient, 'post' | 'send'>;
  readonly #source: BacklogSource;
  #isRetry = false;

  constructor(carbon: Pick<CarbonClient, 'post' | 'send'>, source: BacklogSource) {
    this.#carbon = carbon;
    this.#source = source;
  }

  begin(mode: string): void {
    this.#isRetry = mode === 'retry-failed';
  }

  async stageEnded({ stage, successful, failed, error }: StageOutcome): Promise<void> {
    if (stage !== 'migrate' || this.#isRetry || error !== undefined) return;
    this.#carbon.post('migrate.runs_processed', successful.length + failed.length);
    this.#carbon.post('migrate.runs_successful', successful.length);
    this.#carbon.post('migrate.runs_failed', failed.length);
    if (successful.length === 0) return;
    const highest = successful.reduce((one, other) => Math.max(one, other));
    this.#carbon.post('migrate.last_successful_run', highest);
  }

  async executionEnded(): Promise<void> {
    const { backlog, now } = this.#source;
    for (const [name, value] of Object.entries(backlogMetrics(await backlog(), now()))) {
      this.#carbon.post(name, value);
    }
  }

  async close(): Promise<void> {
    await this.#carbon.send();
  }
}
