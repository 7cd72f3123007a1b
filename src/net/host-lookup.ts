import { execFile } from 'node:child_process';
import type { LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { ArchiverError, messageOf } from '../errors.ts';

/** A host as sockets want it, without the brackets that an IPv6 address has in URLs. */
export function withoutBrackets(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1');
}

/**
 * Checks that a host is known, before a client looks it up that can't be stopped.
 * @param host a name or an address
 * @param advice what to do if it is unknown
 * @throws ArchiverError if it is unknown
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

/** Prints what the system knows of the host in its argument; signals of the terminal are the archiver's business. */
const PROGRAM = `for (const signal of ['SIGHUP', 'SIGINT']) process.on(signal, () => undefined);
require('node:dns').lookup(process.argv[1], { all: true }, (error, addresses) => {
  process.stdout.write(JSON.stringify({ code: error?.code, addresses }));
});`;

/**
 * Looks hosts up as `dns.lookup` does, but in a process of its own, which is killed when the signal is aborted. Nobody can cancel
 * a lookup of the system, and no process can end before its lookups have; that takes half a minute and more if the servers of
 * /etc/resolv.conf don't answer.
 */
export function killableLookup(signal: AbortSignal): LookupFunction {
  return (hostname, { all, family }, callback) => {
    const options = { signal, killSignal: 'SIGKILL' } as const;
    execFile(process.execPath, ['--eval', PROGRAM, '--', hostname], options, (failure, stdout) => {
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
