import type { LookupAddress, LookupOptions } from 'node:dns';
import { describe, expect, it } from 'vitest';
import { killableLookup } from '../../../src/net/host-lookup.ts';

function lookUp(
  host: string,
  options: LookupOptions,
  signal = new AbortController().signal,
): Promise<string | LookupAddress[]> {
  return new Promise((done, fail) => {
    killableLookup(signal)(host, options, (error, found) => (error === null ? done(found) : fail(error)));
  });
}

describe('a lookup in a process of its own', () => {
  it('finds what the system knows', async () => {
    expect(await lookUp('localhost', { all: true, family: 4 })).toEqual([
      { address: '127.0.0.1', family: 4 },
    ]);
    expect(await lookUp('localhost', { family: 'IPv4' })).toBe('127.0.0.1');
    expect(await lookUp('localhost', { all: true })).toContainEqual({ address: '127.0.0.1', family: 4 });
  });

  it.each(['no-such-host.invalid', '--version', '-p', '$(id)'])('does not find %s', async (host) => {
    await expect(lookUp(host, { all: true })).rejects.toThrow(/^getaddrinfo E\w+ /);
  });

  it('is killed when the caller gives it up', async () => {
    const stop = new AbortController();
    const looking = lookUp('localhost', {}, stop.signal);
    stop.abort();
    await expect(looking).rejects.toThrow('the lookup of localhost was given up');
  });
});
