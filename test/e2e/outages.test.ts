import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type FaultProxy, type ProxiedRequest, startFaultProxy } from '../helpers/fault-proxy.ts';
import { useSite } from '../helpers/use-site.ts';

const parameters = {
  app: { batch_size: 20, parallel_workers: 1, run_process_retries: 1 },
  ucon_db: { timeout_seconds: 1 },
};
const { site, ucondb, run, start } = useSite(parameters);
const runs = Array.from({ length: 12 }, (_, index) => 101 + index);
let proxy: FaultProxy | undefined;

afterEach(async () => {
  await proxy?.close();
  proxy = undefined;
});

/** A server in front of UconDB that meets uploads of some runs like this; asked for the run and how many uploads came. */
async function meetUploads(
  isMet: (run: number, uploads: number) => boolean,
  how: (request: ProxiedRequest) => void,
): Promise<FaultProxy> {
  let uploads = 0;
  proxy = await startFaultProxy(ucondb.url, (head) => {
    const key = /^(?:POST|PUT) \S*[?&]key=(\d+)/.exec(head)?.[1];
    if (key === undefined) return undefined;
    uploads++;
    return isMet(Number(key), uploads) ? how : undefined;
  });
  site.configure(proxy.url, parameters);
  return proxy;
}

function answer(status: string): (request: ProxiedRequest) => void {
  return (request) =>
    request.answer(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno`);
}

function failureLog(stage: 'import' | 'migrate'): boolean {
  return existsSync(join(site.work, `${stage}_failures.log`));
}

describe('a UconDB that is lost in mid-batch', () => {
  it.each<[string, (request: ProxiedRequest) => void]>([
    ['500', answer('500 Internal Server Error')],
    ['507', answer('507 Insufficient Storage')],
    ['403', answer('403 Forbidden')],
    ['413', answer('413 Request Entity Too Large')],
    ['a broken connection', (request) => request.reset()],
  ])(
    'condemns no run where it answers uploads with %s, and what waits is archived once it is back',
    async (_what, how) => {
      site.addRuns(...runs);
      const server = await meetUploads((_run, uploads) => uploads > 3, how);
      const { code, stdout } = await run('--incremental');
      expect(code).toBe(1);
      expect(await ucondb.runs()).toEqual(runs.slice(0, 3));
      expect(failureLog('migrate')).toBe(false);
      expect(stdout).toMatch(
        /WARNING - Migration Stage: \d run\(s\) wait since .* because of a fault at UconDB write \(/,
      );
      // A cycle of attempts, single ones, and one from the other end of the batch.
      const migration = stdout.slice(stdout.indexOf('STAGE: Migration'));
      const tried = [...migration.matchAll(/Processing run (\d+) \(attempt 1/g)].map(([, each]) =>
        Number(each),
      );
      expect(tried.filter((each) => each > 103 && each < 112).length).toBeLessThan(6);
      const report = await run('--report-status', '--json');
      expect(JSON.parse(report.stdout).stages[1].waiting.fault).toMatchObject([{ place: 'UconDB write' }]);
      await server.close();
      site.configure(ucondb.url, parameters);
      const after = await run('--incremental');
      expect(after.code).toBe(0);
      expect(await ucondb.runs()).toEqual(runs);
    },
  );

  it('fails runs in the end that fail while others succeed, and they keep no other from being archived', async () => {
    site.addRuns(101, 102, 103);
    await meetUploads((each) => each === 102, answer('500 Internal Server Error'));
    expect((await run('--incremental')).code).toBe(1);
    expect(await ucondb.runs()).toEqual([101, 103]);
    expect(failureLog('migrate')).toBe(false);
    site.addRuns(104, 105);
    expect((await run('--incremental')).code).toBe(1);
    expect(await ucondb.runs()).toEqual([101, 103, 104, 105]);
    expect(site.read('migrate_failures.log')).toBe('102\n');
    expect((await run('--incremental')).code).toBe(0);
  });
});

describe('an artdaqDB whose disk is full in mid-batch', () => {
  it('fails no run, and what waits is archived once there is room', async () => {
    site.addRuns(...runs);
    const preload = new URL('../helpers/full-disk.mjs', import.meta.url).href;
    const { code, stdout } = await start(['--incremental'], {
      env: {
        NODE_OPTIONS: `--import=${preload}`,
        FULL_DISK_DIRECTORY: site.database,
        FULL_DISK_BYTES: '60000',
      },
    }).ended;
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /Import Stage: 1 run\(s\) wait since .* because of a fault at artdaqDB write .*ENOSPC/,
    );
    expect(failureLog('import')).toBe(false);
    // Reading works: what was imported is migrated.
    expect((await ucondb.runs()).length).toBeGreaterThan(0);
    expect((await run('--incremental')).code).toBe(0);
    expect(await ucondb.runs()).toEqual(runs);
  });
});

describe('a run that waits', () => {
  it('stays a candidate below the position, also where --runs brought it there', async () => {
    site.addRuns(201, 202);
    expect((await run('--incremental')).code).toBe(0);
    site.addRuns(101);
    const server = await meetUploads(() => true, answer('503 Service Unavailable'));
    expect((await run('--runs', '101')).code).toBe(1);
    await server.close();
    site.configure(ucondb.url, parameters);
    expect((await run('--incremental')).code).toBe(0);
    expect(await ucondb.runs()).toEqual([101, 201, 202]);
  });

  it('is left in the failure log by a retry that meets a fault of the site', async () => {
    site.addRuns(101);
    site.addFaultyRun(102);
    expect((await run('--incremental')).code).toBe(1);
    site.repair(102);
    const full = new URL('../helpers/full-disk.mjs', import.meta.url).href;
    const env = {
      NODE_OPTIONS: `--import=${full}`,
      FULL_DISK_DIRECTORY: site.database,
      FULL_DISK_BYTES: '0',
    };
    expect((await start(['--retry-failed-import'], { env }).ended).code).toBe(1);
    expect(site.read('import_failures.log')).toBe('102\n');
    expect((await run('--retry-failed-import')).code).toBe(0);
  });

  it('is kept by a recovery, and is not in the failure log after it', async () => {
    site.addRuns(101, 102, 103);
    await meetUploads((each) => each === 102, answer('500 Internal Server Error'));
    await run('--incremental');
    expect((await run('--recover-migrate-state')).code).toBe(0);
    expect(site.read('migrate_failures.log')).toBe('');
    expect(JSON.parse(site.read('migrate_waiting.json')).waiting_runs).toHaveProperty('102');
  });
});
