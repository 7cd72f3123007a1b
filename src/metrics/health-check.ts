import { once } from 'node:events';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { hostname } from 'node:os';
import type { Environment } from '../environment.ts';
import type { Logger } from '../log/logger.ts';
import { reasonOf } from '../net/failure-reason.ts';
import { killableLookup } from '../net/host-lookup.ts';
import type * as Through from '../net/proxied-request.ts';
import { type HttpProxy, loginAdvice, proxyFor } from '../net/proxy.ts';
import { visibleLines } from '../shown-text.ts';
import type { ExecutionEnd, StageObserver, StageOutcome } from '../stages/stage-observer.ts';
import type { WaitingAtPlace } from '../state/waiting-runs.ts';

/** What a {@link HealthCheck} works with. */
export interface HealthCheckOptions {
  /** Secret, as anyone who knows it can ping. */
  readonly url: string;
  /** Names the proxies. */
  readonly env: Environment;
  readonly logger: Logger;
  /** Replaces passwords and other secrets in a text. */
  readonly redact: (text: string) => string;
  /** Milliseconds that a ping, and everything at the end of the execution, may take; 3000 if absent. */
  readonly timeoutMs?: number;
}

const paths = { start: '/start', success: '', failure: '/fail' } as const;

/** The kinds of pings. */
export type Ping = keyof typeof paths;

const DEFAULT_TIMEOUT_MS = 3000;
const SHOWN_RUNS = 20;

/**
 * Pings a dead man's switch (like healthchecks.io) when an execution that archives runs begins, succeeds or fails. An
 * execution that was stopped by request has done neither. It sends no ping at its end, so that the switch alarms only if no
 * further execution comes in time.
 */
export class HealthCheck implements StageObserver {
  readonly #options: HealthCheckOptions;
  readonly #timeoutMs: number;
  readonly #lines: string[] = [];
  readonly #halfTime = new AbortController();
  #started: Promise<void> | undefined;
  #hasFailed = false;
  #hasComplained = false;

  constructor(options: HealthCheckOptions) {
    this.#options = options;
    this.#timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  }

  begin(mode: string): void {
    const signal = AbortSignal.any([AbortSignal.timeout(this.#timeoutMs), this.#halfTime.signal]);
    this.#started = this.#ping('start', `${mode} on ${hostname()}\n`, signal);
  }

  async stageEnded({ stage, successful, failed, waiting, error }: StageOutcome): Promise<void> {
    const runs = failed.slice(0, SHOWN_RUNS).map(({ run }) => run);
    const more = failed.length > runs.length ? ' and more' : '';
    const details = failed.length === 0 ? '' : `: ${runs.join(', ')}${more}`;
    this.#lines.push(
      error === undefined
        ? `${stage}: ${successful.length} successful, ${failed.length} failed${details}${waitingText(waiting)}`
        : `${stage}: ${visibleLines(this.#options.redact(error))}`,
    );
  }

  async executionEnded(error: string | undefined): Promise<void> {
    if (error === undefined) return;
    this.#hasFailed = true;
    this.#lines.push(visibleLines(this.#options.redact(error)));
  }

  async close(end: ExecutionEnd): Promise<void> {
    if (this.#started === undefined && !this.#hasFailed) return;
    const signal = AbortSignal.timeout(this.#timeoutMs);
    // The last ping must neither overtake the first one nor wait for it too long.
    const halfTime = setTimeout(() => this.#halfTime.abort(), this.#timeoutMs / 2);
    await this.#started;
    clearTimeout(halfTime);
    const text = this.#lines.map((line) => `${line}\n`).join('');
    if (end !== 'stopped') await this.#ping(end, text || `${end}\n`, signal);
  }

  async #ping(ping: Ping, text: string, signal: AbortSignal): Promise<void> {
    const { logger, url, env } = this.#options;
    let way = '';
    try {
      const target = pingUrl(url, ping);
      const proxy = proxyFor(target, env);
      if (proxy !== undefined) way = ` through the proxy ${proxy.shown}`;
      await post(target, text, { proxy, signal });
    } catch (error) {
      const reason = signal.aborted ? 'no answer in time' : this.#options.redact(reasonOf(error));
      const level = this.#hasComplained ? 'debug' : 'warning';
      this.#hasComplained = true;
      logger
        .child({ error })
        [level](
          `The health check at ${new URL(url).origin} (healthcheck.url) could not be told of the ${ping}${way}. ` +
            `Reason: ${reason}. The archive is not affected.`,
        );
    }
  }
}

function waitingText(waiting: readonly WaitingAtPlace[]): string {
  return waiting.map(({ place, runs }) => `, ${runs.length} waiting because of ${place}`).join('');
}

/** Posts a text. Only the answer's status counts; nobody waits for its body. */
async function post(
  url: URL,
  body: string,
  { proxy, signal }: { readonly proxy: HttpProxy | undefined; readonly signal: AbortSignal },
): Promise<void> {
  const options = {
    method: 'POST',
    headers: { 'content-type': 'text/plain; charset=utf-8', 'content-length': Buffer.byteLength(body) },
    lookup: killableLookup(signal),
    signal,
  } as const;
  const begin = await (proxy === undefined ? prepare(url, options) : prepareThrough(proxy, url, options));
  const sent = begin();
  sent.end(body);
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  sent.destroy();
  const { statusCode = 0 } = answer;
  if (statusCode === 407 && proxy !== undefined) throw new Error(loginAdvice(proxy));
  if (statusCode >= 300) throw new Error(`it answered with HTTP status ${statusCode}`);
}

/** Without a pool of connections: the signal ends everything, even connecting, so that nothing delays the program's exit. */
async function prepare(url: URL, options: Through.ProxiedRequestOptions): Promise<() => ClientRequest> {
  const { request } = await (url.protocol === 'https:' ? import('node:https') : import('node:http'));
  return () => request(url, { ...options, agent: false });
}

/** Loaded on demand, as few sites have a proxy. */
async function prepareThrough(
  ...request: Parameters<typeof Through.prepareThrough>
): Promise<() => ClientRequest> {
  return (await import('../net/proxied-request.ts')).prepareThrough(...request);
}

/** The address for a ping: it extends the path of the check's address and keeps the query. */
export function pingUrl(checkUrl: string, ping: Ping): URL {
  const url = new URL(checkUrl);
  if (ping !== 'success') url.pathname = url.pathname.replace(/\/*$/, '') + paths[ping];
  return url;
}
