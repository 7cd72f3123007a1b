import { silentLogger } from '../log/logger.ts';
import type { UconDbAddress } from './address.ts';
import { challengeOf, saysBadTv, saysNotFound } from './answers.ts';
import type { Authenticator } from './authenticator.ts';
import type { Conversation } from './conversation.ts';
import { readListing } from './listing.ts';

/** What a UconDB that can be used is like. */
export interface UconDbAccess {
  /** False: the object will be made by the first upload. */
  readonly objectExists: boolean;
  /** False: the server takes uploads from everybody. */
  readonly asksForLogin: boolean;
}

/**
 * Finds out whether the folder is there and whether the server would take an upload from us. Nothing is stored: what is sent
 * is refused for its tv, which the server reads after it has accepted the login.
 * @param maxMb of a listing, in megabytes
 * @throws ConfigurationError for a wrong address, folder or login; UconDbError if the server doesn't answer as it should
 */
export async function checkAccess(
  conversation: Conversation,
  address: UconDbAddress,
  { authenticator, maxMb }: { readonly authenticator: Authenticator; readonly maxMb: number },
): Promise<UconDbAccess> {
  const objectExists = await conversation.get(
    { target: address.emptyListing() },
    async ({ chunks }, what) => {
      await readListing(chunks, { object: address.object, what, maxMb }, silentLogger);
      return true;
    },
    (answer) => (saysNotFound(answer, 'object') ? false : undefined),
  );
  const asksForLogin = (await authenticator.demand(conversation)) !== 'nothing';
  if (asksForLogin) await tryLogin(conversation, address, authenticator);
  return { objectExists, asksForLogin };
}

async function tryLogin(
  conversation: Conversation,
  address: UconDbAddress,
  authenticator: Authenticator,
): Promise<void> {
  const request = { method: 'POST', target: address.challenge(), body: Buffer.alloc(0) } as const;
  await conversation.insist(request, async () => {
    const send = (headers: Readonly<Record<string, string>>) => conversation.send({ ...request, headers });
    return conversation.judge(
      request,
      await authenticator.exchange(conversation, request, send, challengeOf),
      asAccepted,
    );
  });
}

function asAccepted(answer: Parameters<typeof saysBadTv>[0]): true | undefined {
  return saysBadTv(answer) ? true : undefined;
}
