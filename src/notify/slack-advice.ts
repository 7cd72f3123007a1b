import { reasonOf } from '../net/reason.ts';

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
export function slackCheckAdvice(error: unknown, subject: 'token' | 'channel', problem: string): string {
  const { reason, advice, about } = refusalOf(error);
  return `Slack ${about === subject ? problem : `could not be asked about the ${subject}`}: ${reason}. ${advice}`;
}

/** What Slack answered in place of `ok`, such as `invalid_auth`; undefined if it didn't answer. */
export function slackErrorCode(error: unknown): string | undefined {
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
