import type { WebClient, WebClientOptions } from '@slack/web-api';
import type { ArchiverConfig } from '../config/schema.ts';
import { NotificationError } from '../errors.ts';
import type { Usability } from '../files/directory-access.ts';
import type { Logger } from '../log/logger.ts';
import { killableLookup } from '../net/host-lookup.ts';
import { checkSlack, slackAdvice } from './slack-check.ts';
import { slackContent } from './slack-content.ts';
import type { CheckableChannel, StageReport } from './stage-report.ts';

/** Section `reporting.slack` with what is required when it is enabled. */
export type SlackSettings = Pick<ArchiverConfig['reporting']['slack'], 'mentionUsers'> & {
  readonly botToken: string;
  readonly channel: string;
};

/** The way to Slack. */
export interface SlackAccess {
  /** Base address of the Web API, if it is not Slack's own. */
  readonly apiUrl?: string | undefined;
  /** Proxy servers, as the environment variables of these names have them. */
  readonly httpProxy: string;
  readonly httpsProxy: string;
  readonly noProxy: string;
}

/** For all that is asked while Slack is only tried. */
const checkTimeoutMs = 8000;

/** Tells by a message in a Slack channel. */
export class SlackChannel implements CheckableChannel {
  readonly name = 'slack';
  readonly location: string;
  readonly #settings: SlackSettings;
  readonly #access: SlackAccess;
  readonly #logger: Logger;

  constructor(settings: SlackSettings, access: SlackAccess, logger: Logger) {
    this.location = `channel ${settings.channel}`;
    this.#settings = settings;
    this.#access = access;
    this.#logger = logger;
  }

  async send(report: StageReport, signal: AbortSignal): Promise<void> {
    const { channel, mentionUsers } = this.#settings;
    try {
      await this.#withClient(signal, (client) =>
        client.chat.postMessage({ channel, ...slackContent(report, usersOf(mentionUsers)) }),
      );
    } catch (error) {
      throw new NotificationError(slackAdvice(error, channel), { cause: error });
    }
    this.#logger.info(`Slack notification sent successfully to channel ${channel}`);
  }

  /** Asks Slack about token and channel. */
  check(signal: AbortSignal): Promise<Usability> {
    const limited = AbortSignal.any([signal, AbortSignal.timeout(checkTimeoutMs)]);
    return this.#withClient(limited, (client) => checkSlack(client, this.#settings.channel));
  }

  async #withClient<Result>(
    signal: AbortSignal,
    use: (client: WebClient) => Promise<Result>,
  ): Promise<Result> {
    // Only now: an execution without failures need not load them.
    const [{ WebClient }, undici] = await Promise.all([import('@slack/web-api'), import('undici')]);
    const { httpProxy, httpsProxy, noProxy } = this.#access;
    const lookup = killableLookup(signal);
    const proxyGone = new AbortController();
    const dispatcher = new undici.EnvHttpProxyAgent({
      httpProxy,
      httpsProxy,
      noProxy,
      connect: { lookup },
      proxyTls: { lookup },
      clientFactory: (proxy, options) =>
        // Without this, undici connects again at once and without end to a proxy that closes its connections.
        new undici.Pool(proxy, options).on('disconnect', (_origin, _targets, error) => {
          // A connection that became a tunnel is told of in the same way.
          if (error.code === 'UND_ERR_INFO') return;
          proxyGone.abort(new Error(`the proxy ${proxy.host} closed the connection: ${error.message}`));
        }),
    });
    try {
      const client = this.#client(WebClient, (url, { headers = {}, body } = {}) =>
        undici.fetch(url, {
          method: 'POST',
          headers,
          body: String(body),
          redirect: 'error',
          signal: AbortSignal.any([signal, proxyGone.signal]),
          dispatcher,
        }),
      );
      return await use(client);
    } finally {
      await dispatcher.destroy();
    }
  }

  #client(Client: typeof WebClient, fetch: NonNullable<WebClientOptions['fetch']>): WebClient {
    const { apiUrl } = this.#access;
    return new Client(this.#settings.botToken, {
      // The next execution tries again: nobody waits here.
      retryConfig: { retries: 0 },
      rejectRateLimitedCalls: true,
      fetch,
      logger: clientLogger(this.#logger),
      ...(apiUrl === undefined ? {} : { slackApiUrl: apiUrl }),
    });
  }
}

/** The user ids of `mention_users`, also where somebody wrote them as they stand in a message. */
function usersOf(mentionUsers = ''): string[] {
  return mentionUsers.split(',').flatMap((user) => user.replace(/[<>@\s]/g, '') || []);
}

/** What the client finds worth a warning is thrown as well, and said then. */
function clientLogger(logger: Logger): NonNullable<WebClientOptions['logger']> {
  const log = (...parts: unknown[]) => logger.debug(`Slack client: ${parts.map(String).join(' ')}`);
  return {
    debug: log,
    info: log,
    warn: log,
    error: log,
    setLevel: () => undefined,
    getLevel: () => 'debug' as ReturnType<NonNullable<WebClientOptions['logger']>['getLevel']>,
    setName: () => undefined,
  };
}
