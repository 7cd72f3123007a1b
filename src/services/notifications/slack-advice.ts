import { reasonOf } from './reason.ts';

const tokenAdvice = 'Check reporting.slack.bot_token.';
const channelAdvice =
  "Check reporting.slack.channel, and that the token's app has been invited to that channel.";
const adviceByError: ReadonlyMap<string, string> = new Map([
  ['invalid_auth', tokenAdvice],
  ['not_authed', tokenAdvice],
  ['account_inactive', tokenAdvice],
  ['token_revoked', tokenAdvice],
  ['token_expired', tokenAdvice],
  ['not_allowed_token_type', tokenAdvice],
  ['missing_scope', "The token's app needs the scope chat:write."],
  ['channel_not_found', channelAdvice],
  ['not_in_channel', channelAdvice],
  ['is_archived', channelAdvice],
]);

/**
 * Why a Slack message could not be posted and what to do about it.
 * @param problem what Slack did
 */
export function slackAdvice(
  error: unknown,
  channel: string,
  problem = `did not take the message for channel ${channel}`,
): string {
  const { code = '', retryAfter } = partsOf(error);
  const said = (reason: string, advice: string) => `Slack ${problem}: ${reason}. ${advice}`;
  if (retryAfter !== undefined) {
    return said(
      `it takes no more messages for ${retryAfter} s`,
      'If that happens often, raise reporting.repeat_hours.',
    );
  }
  const advice = adviceByError.get(code);
  if (advice !== undefined) return said(code, advice);
  return said(
    reasonOf(error),
    'Check that this host reaches Slack, by the proxy of HTTPS_PROXY if there is one.',
  );
}

/** What Slack answered in place of `ok`, such as `invalid_auth`; undefined if it didn't answer. */
export function slackErrorCode(error: unknown): string | undefined {
  return partsOf(error).code;
}

/** What the client's errors hold, whichever of them it is. */
function partsOf(error: unknown): { readonly code?: string; readonly retryAfter?: number } {
  if (!(error instanceof Error)) return {};
  if ('retryAfter' in error && typeof error.retryAfter === 'number') return { retryAfter: error.retryAfter };
  const data: unknown = 'data' in error ? error.data : undefined;
  const isAnswer = typeof data === 'object' && data !== null && 'error' in data;
  return isAnswer && typeof data.error === 'string' ? { code: data.error } : {};
}
