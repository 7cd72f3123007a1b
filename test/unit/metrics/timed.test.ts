import { describe, expect, it } from 'vitest';
import type { ArtdaqDb } from '../../../src/artdaqdb/artdaqdb.ts';
import { type CallTimer, timedArtdaqDb, timedUconDb } from '../../../src/metrics/timed.ts';
import type { UconDb } from '../../../src/ucondb/ucondb.ts';

/** A client that answers each call with its name and arguments, or fails. */
function answering<Client extends object>(failure?: Error): Client {
  return new Proxy({} as Client, {
    get: (_, name) => {
      if (name === 'location') return 'here';
      return async (...args: unknown[]) => {
        if (failure !== undefined) throw failure;
        return [name, ...args];
      };
    },
  });
}

function timer() {
  const told: string[] = [];
  const tell = (call: string, milliseconds: number) => {
    expect(milliseconds).toBeGreaterThanOrEqual(0);
    told.push(call);
  };
  return { told, tell };
}

type Calls = [name: string, call: (...args: unknown[]) => Promise<unknown>][];

/** The calls that a client has, in the order in which they are written. */
function callsOf(client: object): Calls {
  return Object.entries(client).filter(([, member]) => typeof member === 'function');
}

describe('timed clients', () => {
  it.each([
    [
      'ArtdaqDBClient',
      (tell: CallTimer) => timedArtdaqDb(answering<ArtdaqDb>(), tell),
      ['get_archived_runs', 'archive_run', 'export_run_configuration'],
    ],
    [
      'UconDBClient',
      (tell: CallTimer) => timedUconDb(answering<UconDb>(), tell),
      ['get_existing_runs', 'upload_blob', 'get_data'],
    ],
  ])(
    'pass every call on, and time those that the Python archiver times of its %s',
    async (name, make, methods) => {
      const { told, tell } = timer();
      const client = make(tell);
      expect(client.location).toBe('here');
      for (const [call, member] of callsOf(client)) {
        const args = [1, 'two', [3], 4].slice(0, member.length);
        expect(await member(...args)).toEqual([call, ...args]);
      }
      expect(new Set(told)).toEqual(new Set(methods.map((method) => `${name}.${method}`)));
    },
  );

  it('report calls that fail, too', async () => {
    const { told, tell } = timer();
    const failure = new Error('down');
    const db = timedUconDb(answering<UconDb>(failure), tell);
    await expect(db.put(1, Buffer.from(''))).rejects.toBe(failure);
    expect(told).toEqual(['UconDBClient.upload_blob']);
  });
});
