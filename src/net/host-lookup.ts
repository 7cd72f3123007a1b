import { execFile } from 'node:child_process';
import type { LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { ArchiverError, messageOf } from '../errors.ts';

/** A host as sockets want it: an IPv6 address may be written in brackets, as in URLs. */
export function withoutBrackets(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1');
}

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

/** Prints what the system knows of the host that it is given; signals of the terminal are for the archiver to heed. */
const program = `for (const signal of ['SIGHUP', 'SIGINT']) process.on(signal, () => undefined);
require('node:dns').lookup(process.argv[1], { all: true }, (error, addresses) => {
  process.stdout.write(JSON.stringify({ code: error?.code, addresses }));
});`;

/**
 * Looks hosts up as `dns.lookup` does, but in a process of its own, which is killed when the signal is aborted: a lookup of the
 * system can't be cancelled, and no process can end before its lookups have, which takes half a minute and more if the
 * servers of /etc/resolv.conf don't answer.
 */
export function killableLookup(signal: AbortSignal): LookupFunction {
  return (hostname, { all, family }, callback) => {
    const options = { signal, killSignal: 'SIGKILL' } as const;
    execFile(process.execPath, ['--eval', program, '--', hostname], options, (failure, stdout) => {
      if (failure !== null) {
        const how = signal.aborted ? 'was given up' : `ended with ${failure.code ?? failure.signal}`;
        return callback(new Error(`the lookup of ${hostname} ${how}`), []);
      }
      const { code, addresses = [] }: { code?: string; addresses?: LookupAddress[] } = JSON.parse(stdout);
      const fitting = addresses.filter(
        (address) => !family || String(family).endsWith(String(address.family)),
      );
      const [first] = fitting;
      if (first === undefined) {
        const reason = code ?? 'ENOTFOUND';
        return callback(Object.assign(new Error(`getaddrinfo ${reason} ${hostname}`), { code: reason }), []);
      }
      if (all) callback(null, fitting);
      else callback(null, first.address, first.family);
    });
  };
}
