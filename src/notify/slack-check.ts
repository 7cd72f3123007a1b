import type { WebClient } from '@slack/web-api';
import { NotificationError } from '../errors.ts';
import type { Usability } from '../files/directory-access.ts';
import { reasonOf } from '../net/failure-reason.ts';

const NEEDED_SCOPE = 'chat:write';
/** What Slack shows as the id of a channel, group or conversation. */
const CHANNEL_ID = /^[CGD][A-Z0-9]{6,}$/;
/** Slack makes names of lower-case letters, digits, hyphens and underscores, in any script. */
const CHANNEL_NAME = /^#?[\p{L}\p{M}\p{N}_-]{1,80}$/u;

/**
 * Tries the token, and the channel as far as the token lets us look; posts nothing.
 * @throws NotificationError saying what to do, if no message would get through
 */
export async function checkSlack(client: WebClient, channel: string): Promise<Usability> {
  const {
    team,
    user,
    response_metadata: metadata,
  } = await asking('token', 'does not accept the token', () => client.auth.test());
  const { scopes } = metadata ?? {};
  if (scopes !== undefined && scopes.length > 0 && !scopes.includes(NEEDED_SCOPE)) {
    throw new NotificationError(
      `The token of reporting.slack.bot_token may only do ${scopes.join(', ')}; its app needs the scope ${NEEDED_SCOPE}.`,
    );
  }
  const warnings = await channelWarnings(client, channel);
  return { text: `token accepted for ${user ?? 'the app'} in ${team ?? 'its workspace'}`, warnings };
}

/** A channel is looked up by its id only; a name may just be well-formed. */
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
  subject: 'token' | 'channel',
  problem: string,
  ask: () => Promise<Answer>,
): Promise<Answer> {
  try {
    return await ask();
  } catch (error) {
    throw new NotificationError(slackCheckAdvice(error, subject, problem), { cause: error });
  }
}

/** What Slack, or whatever answered in its place, said instead of `ok`. */
interface Refusal {
  readonly reason: string;
  readonly advice: string;
  /** What of the configuration it is about, if it is. */
  readonly about?: 'token' | 'channel';
}

type Meaning = Omit<Refusal, 'reason'>;

const token: Meaning = { advice: 'Check reporting.slack.bot_token.', about: 'token' };
const channel: Meaning = {
  advice: "Check reporting.slack.channel, and that the token's app has been invited to that channel.",
  about: 'channel',
};
const forbidden: Meaning = {
  advice:
    'The workspace does not let the app post there: ask its administrators, or name another channel in reporting.slack.channel.',
};
const busy: Meaning = {
  advice: 'The next execution tries again. If that happens often, raise reporting.repeat_hours.',
};
const broken: Meaning = {
  advice: 'Slack, or a proxy on the way to it, has trouble; the next execution tries again.',
};
const foreign: Meaning = {
  advice: 'This is no answer of Slack: check the proxy of HTTPS_PROXY, if there is one, and SLACK_API_URL.',
};
const unreadable: Meaning = {
  advice: 'Slack does not accept the form of the message, which is a bug of the archiver: please report it.',
};

/** https://docs.slack.dev/reference/methods/chat.postMessage, "Errors" */
const knownCodes: ReadonlyMap<string, Meaning> = new Map([
  ['invalid_auth', token],
  ['not_authed', token],
  ['account_inactive', token],
  ['token_revoked', token],
  ['token_expired', token],
  ['not_allowed_token_type', token],
  ['missing_scope', { advice: "The token's app needs the scope chat:write.", about: 'token' }],
  ['channel_not_found', channel],
  ['not_in_channel', channel],
  ['is_archived', channel],
  ['restricted_action', forbidden],
  ['restricted_action_read_only_channel', forbidden],
  ['restricted_action_thread_only_channel', forbidden],
  ['restricted_action_non_threadable_channel', forbidden],
  ['no_permission', forbidden],
  ['access_denied', forbidden],
  ['accesslimited', forbidden],
  ['ekm_access_denied', forbidden],
  ['enterprise_is_restricted', forbidden],
  ['team_access_not_granted', forbidden],
  ['ratelimited', busy],
  ['rate_limited', busy],
  ['message_limit_exceeded', busy],
  ['internal_error', broken],
  ['fatal_error', broken],
  ['request_timeout', broken],
  ['service_unavailable', broken],
  ['invalid_blocks', unreadable],
  ['invalid_blocks_format', unreadable],
  ['msg_too_long', unreadable],
  ['no_text', unreadable],
  ['invalid_arguments', unreadable],
]);

/** Why a Slack message could not be posted and what to do about it. */
export function slackAdvice(error: unknown, channelName: string): string {
  const { reason, advice } = refusalOf(error);
  return `Slack did not take the message for channel ${channelName}: ${reason}. ${advice}`;
}

/**
 * Why Slack did not answer a question about the configuration as hoped, and what to do about it.
 * @param problem what a refusal that is about `subject` means
 */
function slackCheckAdvice(error: unknown, subject: 'token' | 'channel', problem: string): string {
  const { reason, advice, about } = refusalOf(error);
  return `Slack ${about === subject ? problem : `could not be asked about the ${subject}`}: ${reason}. ${advice}`;
}

/** What Slack answered in place of `ok`, such as `invalid_auth`; undefined if it didn't answer. */
function slackErrorCode(error: unknown): string | undefined {
  const data = memberOf(error, 'data');
  const code = memberOf(data, 'error');
  return typeof code === 'string' && /^[a-z_]{1,80}$/.test(code) ? code : undefined;
}

function refusalOf(error: unknown): Refusal {
  const reason = reasonOf(error);
  const retryAfter = memberOf(error, 'retryAfter');
  if (typeof retryAfter === 'number') {
    return { ...busy, reason: `it takes no more messages for ${retryAfter} s` };
  }
  // The client's words for a 429 that does not say how long to wait.
  if (reason.startsWith('Retry header did not')) {
    return { ...busy, reason: 'it takes no more messages for now (HTTP status 429)' };
  }
  const code = slackErrorCode(error);
  if (code !== undefined) {
    const known = knownCodes.get(code) ?? {
      advice: "Slack's description of the method chat.postMessage explains this code.",
    };
    return { ...known, reason: code };
  }
  const status = memberOf(error, 'statusCode');
  if (typeof status === 'number') {
    return { ...(status >= 500 ? broken : foreign), reason: `HTTP status ${status}` };
  }
  const isUnanswered = memberOf(error, 'code') === 'slack_webapi_request_error' && !/redirect/.test(reason);
  return { ...(isUnanswered ? unreached(reason) : foreign), reason };
}

function unreached(reason: string): Meaning {
  if (/certificate|altnames/i.test(reason)) {
    return {
      advice:
        'If a proxy of yours shows a certificate of a private authority, name the file of that authority in the environment ' +
        'variable NODE_EXTRA_CA_CERTS (in the crontab or service, not in archiver.env).',
    };
  }
  return { advice: 'Check that this host reaches Slack, by the proxy of HTTPS_PROXY if there is one.' };
}

/** The client's errors have members according to what happened, whichever class of them it is. */
function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
