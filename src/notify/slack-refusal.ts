import { reasonOf } from '../net/failure-reason.ts';

/** What Slack, or whatever answered in its place, said instead of `ok`. */
interface SlackRefusal {
  readonly reason: string;
  readonly advice: string;
  /** The parameter that the refusal is about, if it is about one. */
  readonly about?: SlackSubject;
}

/** A parameter of `reporting.slack` that Slack can judge. */
export type SlackSubject = 'token' | 'channel';

type RefusalMeaning = Omit<SlackRefusal, 'reason'>;

const token: RefusalMeaning = { advice: 'Check reporting.slack.bot_token.', about: 'token' };
const scope: RefusalMeaning = { advice: "The token's app needs the scope chat:write.", about: 'token' };
const channel: RefusalMeaning = {
  advice: "Check reporting.slack.channel, and that the token's app has been invited to that channel.",
  about: 'channel',
};
const forbidden: RefusalMeaning = {
  advice:
    'The workspace does not let the app post there: ask its administrators, or name another channel in reporting.slack.channel.',
};
const busy: RefusalMeaning = {
  advice: 'The next execution tries again. If that happens often, raise reporting.repeat_hours.',
};
const broken: RefusalMeaning = {
  advice: 'Slack, or a proxy on the way to it, has trouble; the next execution tries again.',
};
const foreign: RefusalMeaning = {
  advice: 'This is no answer of Slack: check the proxy of HTTPS_PROXY, if there is one, and SLACK_API_URL.',
};
const malformed: RefusalMeaning = {
  advice: 'Slack does not accept the form of the message, which is a bug of the archiver: please report it.',
};
const unlisted: RefusalMeaning = {
  advice: "Slack's description of the method chat.postMessage explains this code.",
};

/** https://docs.slack.dev/reference/methods/chat.postMessage, "Errors" */
const meanings: ReadonlyMap<string, RefusalMeaning> = new Map(
  (
    [
      [token, 'invalid_auth not_authed account_inactive token_revoked token_expired not_allowed_token_type'],
      [scope, 'missing_scope'],
      [channel, 'channel_not_found not_in_channel is_archived'],
      [forbidden, 'restricted_action restricted_action_read_only_channel'],
      [forbidden, 'restricted_action_thread_only_channel restricted_action_non_threadable_channel'],
      [forbidden, 'no_permission access_denied accesslimited ekm_access_denied enterprise_is_restricted'],
      [forbidden, 'team_access_not_granted'],
      [busy, 'ratelimited rate_limited message_limit_exceeded'],
      [broken, 'internal_error fatal_error request_timeout service_unavailable'],
      [malformed, 'invalid_blocks invalid_blocks_format msg_too_long no_text invalid_arguments'],
    ] as const
  ).flatMap(([meaning, codes]) => codes.split(' ').map((code) => [code, meaning] as const)),
);

/** Why a Slack message could not be posted, and what to do about it. */
export function slackAdvice(error: unknown, channelName: string): string {
  const { reason, advice } = refusalOf(error);
  return `Slack did not take the message for channel ${channelName}: ${reason}. ${advice}`;
}

/**
 * Why Slack did not answer a question about the configuration as hoped, and what to do about it.
 * @param problem what a refusal that is about `subject` means
 */
export function slackCheckAdvice(error: unknown, subject: SlackSubject, problem: string): string {
  const { reason, advice, about } = refusalOf(error);
  return `Slack ${about === subject ? problem : `could not be asked about the ${subject}`}: ${reason}. ${advice}`;
}

/** The code that Slack answered in place of `ok`, such as `invalid_auth`; undefined if it did not answer. */
export function slackErrorCode(error: unknown): string | undefined {
  const code = memberOf(memberOf(error, 'data'), 'error');
  return typeof code === 'string' && /^[a-z_]{1,80}$/.test(code) ? code : undefined;
}

function refusalOf(error: unknown): SlackRefusal {
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
  if (code !== undefined) return { ...(meanings.get(code) ?? unlisted), reason: code };
  const status = memberOf(error, 'statusCode');
  if (typeof status === 'number') {
    return { ...(status >= 500 ? broken : foreign), reason: `HTTP status ${status}` };
  }
  const isUnanswered = memberOf(error, 'code') === 'slack_webapi_request_error' && !/redirect/.test(reason);
  return { ...(isUnanswered ? unreached(reason) : foreign), reason };
}

function unreached(reason: string): RefusalMeaning {
  if (/certificate|altnames/i.test(reason)) {
    return {
      advice:
        'If a proxy of yours shows a certificate of a private authority, name the file of that authority in the environment ' +
        'variable NODE_EXTRA_CA_CERTS (in the crontab or service, not in archiver.env).',
    };
  }
  return { advice: 'Check that this host reaches Slack, by the proxy of HTTPS_PROXY if there is one.' };
}

/** The client's errors have members according to what happened, whatever their class. */
function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
