import { messageOf } from '../../errors.ts';
import { errorCode } from '../../system-error.ts';

const longestReason = 300;

/** Why a connection or request failed, as one short line: what libraries wrap (`fetch failed`) is looked into. */
export function reasonOf(error: unknown): string {
  const line = innermostMessage(error).replace(/\s+/g, ' ').trim();
  return line.length > longestReason ? `${line.slice(0, longestReason)}…` : line;
}

function innermostMessage(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return innermostMessage(error.errors[0]);
  if (error instanceof Error && error.cause instanceof Error) return innermostMessage(error.cause);
  return messageOf(error) || (errorCode(error) ?? 'unknown error');
}
