import type { WebClient, WebClientOptions } from '@slack/web-api';
import type { ArchiverConfig } from '../config/archiver-config.ts';
import type { Environment } from '../environment.ts';
import { NotificationError } from '../errors.ts';
import type { Usability } from '../files/directory-access.ts';
import type { Logger } from '../log/logger.ts';
import { killableLookup } from '../net/host-lookup.ts';
import { slackContent } from './slack-content.ts';
import { type SlackSubject, slackAdvice, slackCheckAdvice, slackErrorCode } from './slack-refusal.ts';
import type { CheckableChannel, StageReport } from './stage-report.ts';

/** Section `reporting.slack` with what is required when it is enabled. */
export type SlackSettings = Pick<ArchiverConfig['reporting']['slack'], 'mentionUsers'> & {
  readonly botToken: string;
  readonly channel: string;
};

/** For all questions of a check together. */
const CHECK_TIMEOUT_MS = 8000;
const NEEDED_SCOPE = 'chat:write';
/** What Slack shows as the id of a channel, group or conversation. */
const CHANNEL_ID = /^[CGD][A-Z0-9]{6,}$/;
/** Slack makes names of lower-case letters, digits, hyphens and underscores, in any script. */
const CHANNEL_NAME = /^#?[\p{L}\p{M}\p{N}_-]{1,80}$/u;

/** Posts messages in a Slack channel. */
export class SlackChannel implements CheckableChannel {
  readonly name = 'slack';
  readonly location: string;
  readonly #settings: SlackSettings;
  readonly #env: Environment;
  readonly #logger: Logger;

  /** @param env its proxy variables and `SLACK_API_URL`, another base address of Slack's Web API, are used */
  constructor(settings: SlackSettings, env: Environment, logger: Logger) {
    this.location = `channel ${settings.channel}`;
    this.#settings = settings;
    this.#env = env;
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

  /** Tries the token, and the channel as far as the token lets us look; posts nothing. */
  check(signal: AbortSignal): Promise<Usability> {
    const limited = AbortSignal.any([signal, AbortSignal.timeout(CHECK_TIMEOUT_MS)]);
    return this.#withClient(limited, async (client) => {
      const {
        team,
        user,
        response_metadata: metadata,
      } = await asking('token', 'does not accept the token', () => client.auth.test());
      const { scopes = [] } = metadata ?? {};
      if (scopes.length > 0 && !scopes.includes(NEEDED_SCOPE)) {
        throw new NotificationError(
          `The token of reporting.slack.bot_token may only do ${scopes.join(', ')}; its app needs the scope ${NEEDED_SCOPE}.`,
        );
      }
      const warnings = await channelWarnings(client, this.#settings.channel);
      return { text: `token accepted for ${user ?? 'the app'} in ${team ?? 'its workspace'}`, warnings };
    });
  }

  async #withClient<Result>(
    signal: AbortSignal,
    use: (client: WebClient) => Promise<Result>,
  ): Promise<Result> {
    // Loaded only now, as most executions have nothing to tell.
    const [{ WebClient }, undici] = await Promise.all([import('@slack/web-api'), import('undici')]);
    const proxyIn = (name: string) => this.#env[name.toLowerCase()] || this.#env[name] || '';
    const lookup = killableLookup(signal);
    const proxyGone = new AbortController();
    const dispatcher = new undici.EnvHttpProxyAgent({
      httpProxy: proxyIn('HTTP_PROXY'),
      httpsProxy: proxyIn('HTTPS_PROXY'),
      noProxy: proxyIn('NO_PROXY'),
      connect: { lookup },
      proxyTls: { lookup },
      clientFactory: (proxy, options) =>
        // Without this, undici connects again at once and without end to a proxy that closes its connections.
        new undici.Pool(proxy, options).on('disconnect', (_origin, _targets, error) => {
          // A connection that became a tunnel is reported in the same way.
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
    const { SLACK_API_URL: apiUrl } = this.#env;
    return new Client(this.#settings.botToken, {
      // The next execution tries again, so nobody waits here.
      retryConfig: { retries: 0 },
      rejectRateLimitedCalls: true,
      fetch,
      logger: clientLogger(this.#logger),
      ...(apiUrl ? { slackApiUrl: apiUrl } : {}),
    });
  }
}

/** A channel is looked up by its id only. A name must just be well-formed. */
async function channelWarnings(client: WebClient, channel: string): Promise<string[]> {
  if (!CHANNEL_ID.test(channel)) {
    if (CHANNEL_NAME.test(channel) && channel === channel.toLowerCase()) return [];
    throw new NotificationError(
      `reporting.slack.channel '${channel}' can't be a channel: give its name in lower case, without blanks, or its id`,
    );
  }
  const found = await asking('channel', `has no channel ${channel} for us`, () => lookUp(client, channel));
  if (found?.is_archived === true) {
    throw new NotificationError(
      `The channel ${channel} is archived, so that nothing can be posted; name another one in reporting.slack.channel.`,
    );
  }
  return found?.is_member === false
    ? ['the app is not in that channel; invite it, unless it may write to public channels']
    : [];
}

/** Undefined if the token may not look channels up, which it need not. */
async function lookUp(client: WebClient, channel: string) {
  try {
    return (await client.conversations.info({ channel })).channel;
  } catch (error) {
    if (slackErrorCode(error) === 'missing_scope') return undefined;
    throw error;
  }
}

async function asking<Answer>(
  subject: SlackSubject,
  problem: string,
  ask: () => Promise<Answer>,
): Promise<Answer> {
  try {
    return await ask();
  } catch (error) {
    throw new NotificationError(slackCheckAdvice(error, subject, problem), { cause: error });
  }
}

/** The user ids of `mention_users`, which may be written as they stand in a message (`<@U123>`). */
function usersOf(mentionUsers = ''): string[] {
  return mentionUsers.split(',').flatMap((user) => user.replace(/[<>@\s]/g, '') || []);
}

/** Whatever the client warns of, it also throws; so its own lines are only for debugging. */
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
