import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { ArchiverHere } from '../helpers/archiver-here.ts';
import {
  type FaultProxy,
  type ProxiedRequest,
  type Script,
  startFaultProxy,
} from '../helpers/fault-proxy.ts';
import { useSite } from '../helpers/use-site.ts';

const timeouts = { timeout_seconds: 600, listing_timeout_seconds: 600 };
const { site, ucondb, run } = useSite({ ucon_db: timeouts });

let front: FaultProxy | undefined;

afterEach(async () => {
  await front?.close();
  front = undefined;
});

/** Puts something that misbehaves before UconDB, for the next executions. */
async function misbehave(script: Script): Promise<void> {
  front = await startFaultProxy(ucondb.url, script);
  site.configure(front.url, { ucon_db: timeouts });
}

/** Answers without end, at a rate that is fast enough. */
async function goOn({ client }: ProxiedRequest, beginning: string): Promise<void> {
  client.write(`HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n${beginning}`);
  while (!client.destroyed) {
    client.write(' '.repeat(1000));
    await delay(100);
  }
}

describe('SIGTERM while UconDB lists its runs without end', () => {
  it.each([
    ['--incremental'],
    ['--retry-failed-migrate'],
    ['--recover-migrate-state'],
    ['--verify'],
    ['--report-status'],
  ])('ends an execution with %s', async (flag) => {
    site.addRuns(1);
    await run('--import-only');
    let listing: () => void = () => undefined;
    const isListing = new Promise<void>((done) => {
      listing = done;
    });
    await misbehave((head) => {
      if (!head.includes('/versions?')) return undefined;
      return async (request) => {
        listing();
        await goOn(request, '[');
      };
    });
    const archiver = new ArchiverHere([site.config, flag]);
    await isListing;
    archiver.kill('SIGTERM');
    const { code, stdout } = await archiver.ended;
    expect([code, stdout]).toEqual([130, expect.stringContaining('GRACEFUL SHUTDOWN COMPLETED')]);
    expect(stdout).not.toContain('CRITICAL');
  });
});

it('SIGTERM in the pause before a busy UconDB is asked again leaves the run to the next execution', async () => {
  site.addRuns(1);
  let asked: () => void = () => undefined;
  const isAsked = new Promise<void>((done) => {
    asked = done;
  });
  let uploads = 0;
  await misbehave((head) => {
    if (!head.startsWith('POST')) return undefined;
    return (request) => {
      request.answer('HTTP/1.1 503 Service unavailable\n\n');
      // The first pauses are so short that the signal would meet an attempt.
      if (++uploads === 5) asked();
    };
  });
  const archiver = new ArchiverHere([site.config, '--incremental']);
  await isAsked;
  archiver.kill('SIGTERM');
  const { code, stdout } = await archiver.ended;
  expect([code, stdout]).toEqual([130, expect.stringContaining('is left to the next execution')]);
  site.configure(ucondb.url, { ucon_db: timeouts });
  expect((await run('--incremental')).code).toBe(0);
  expect(await ucondb.runs()).toEqual([1]);
});
