import { messageOf } from '../errors.ts';
import { shortened } from '../shown-text.ts';
import { errorCode } from '../system-error.ts';

const LONGEST_REASON = 300;

/** Why a connection or request failed, in one short line. Looks into errors that libraries wrap (`fetch failed`). */
export function reasonOf(error: unknown): string {
  return shortened(innermostMessage(error).replace(/\s+/g, ' ').trim(), LONGEST_REASON);
}

function innermostMessage(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return innermostMessage(error.errors[0]);
  if (error instanceof Error && error.cause instanceof Error) return innermostMessage(error.cause);
  return messageOf(error) || (errorCode(error) ?? 'unknown error');
}
