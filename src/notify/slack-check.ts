import type { WebClient } from '@slack/web-api';
import { NotificationError } from '../errors.ts';
import type { Usability } from '../files/directory-access.ts';
import { slackCheckAdvice, slackErrorCode } from './slack-advice.ts';

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
