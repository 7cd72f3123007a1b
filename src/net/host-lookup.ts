import { isIP } from 'node:net';
import { ArchiverError, messageOf } from '../errors.ts';
import { withoutBrackets } from './host-name.ts';
import { killableLookup } from './killable-lookup.ts';

/**
 * Finds out whether a host is known, before somebody looks it up who can't be stopped.
 * @param host a name or an address
 * @param advice what to do if it is not
 * @throws ArchiverError
 */
export async function expectKnownHost(host: string, advice: string, signal: AbortSignal): Promise<void> {
  const name = withoutBrackets(host);
  if (isIP(name) !== 0) return;
  const lookup = killableLookup(signal);
  try {
    await new Promise<void>((done, fail) => {
      lookup(name, { all: true }, (error) => (error === null ? done() : fail(error)));
    });
  } catch (error) {
    throw new ArchiverError(`the host ${name} is not known: ${messageOf(error)}; ${advice}`, {
      cause: error,
    });
  }
}
