import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { closedPort } from '../helpers/closed-port.ts';
import { LineReceiver, type ReceiverBehaviour } from '../helpers/line-receiver.ts';
import { type PingAnswer, PingServer } from '../helpers/ping-server.ts';
import { parsePrometheusText } from '../helpers/prometheus-text.ts';
import type { Parameters } from '../helpers/site.ts';
import { useSite } from '../helpers/use-site.ts';

const key = 'key-only-in-tests';
const prefix = 'test.archiver';

const { site, ucondb, run, start } = useSite();
let carbon: LineReceiver;
let checks: PingServer;
let textfile: string;

beforeEach(async () => {
  mkdirSync(join(site.directory, 'collector'));
  textfile = join(site.directory, 'collector', 'archiver.prom');
  carbon = await LineReceiver.start();
  checks = await PingServer.start();
  measure();
});

afterEach(async () => {
  await Promise.all([carbon.stop(), checks.stop()]);
});

/** Switches everything on, with parameters in place of the working ones. */
function measure(parameters: Parameters = {}): void {
  site.configure(ucondb.url, {
    carbon: { enabled: true, host: '127.0.0.1', port: carbon.port, metric_prefix: prefix },
    metrics: { textfile },
    healthcheck: { url: `${checks.origin}/ping/${key}?rid=1` },
    ...parameters,
  });
}

/** A gauge of the textfile. */
function gauge(name: string, stage: string): number | undefined {
  const samples = parsePrometheusText(readFileSync(textfile, 'utf8'));
  return samples.find((one) => one.name === `run_record_archiver_${name}` && one.labels.stage === stage)
    ?.value;
}

const targets = (...paths: string[]) => paths.map((path) => `/ping/${key}${path}?rid=1`);
const warnings = (text: string) => text.split('\n').filter((line) => line.includes(' - WARNING - '));

describe('metrics and health check', () => {
  it('report an execution that goes well', async () => {
    site.addRuns(1, 2, 3);
    const { code, stdout } = await run();
    expect(code).toBe(0);
    expect(warnings(stdout)).toEqual([]);
    expect(carbon.connections).toBe(1);
    const values = carbon.values;
    for (const [name, count] of [
      ['ArtdaqDBClient.get_archived_runs', 2],
      ['ArtdaqDBClient.archive_run', 3],
      ['ArtdaqDBClient.export_run_configuration', 3],
      ['UconDBClient.get_existing_runs', 1],
      ['UconDBClient.upload_blob', 3],
      ['UconDBClient.get_data', 3],
    ] as const) {
      expect(values.get(`${prefix}.${name}.duration_ms`)?.length, name).toBe(count);
    }
    expect(values.get(`${prefix}.migrate.runs_processed`)).toEqual([3]);
    expect(values.get(`${prefix}.migrate.runs_successful`)).toEqual([3]);
    expect(values.get(`${prefix}.migrate.runs_failed`)).toEqual([0]);
    expect(values.get(`${prefix}.migrate.last_successful_run`)).toEqual([3]);
    for (const name of ['work_dir', 'artdaqdb']) {
      expect(values.get(`${prefix}.${name}.free_bytes`)?.at(-1), name).toBeGreaterThan(0);
    }
    for (const stage of ['import', 'migrate']) {
      expect(values.get(`${prefix}.${stage}.runs_waiting`), stage).toEqual([0]);
      expect(values.get(`${prefix}.${stage}.runs_failure_log`), stage).toEqual([0]);
      expect(values.get(`${prefix}.${stage}.last_success_time`)?.at(-1), stage).toBeGreaterThan(1e9);
    }
    expect(values.get(`${prefix}.execution.last_end_time`)?.at(-1)).toBeGreaterThan(1e9);
    expect(values.size).toBe(24);
    for (const stage of ['import', 'migrate']) {
      expect(gauge('runs_successful', stage)).toBe(3);
      expect(gauge('position_run', stage)).toBe(3);
      expect(gauge('last_execution_success', stage)).toBe(1);
      expect(gauge('waiting_runs', stage)).toBe(0);
      expect(gauge('last_archived_timestamp_seconds', stage)).toBeGreaterThan(1e9);
      expect(gauge('work_dir_free_bytes', stage)).toBeGreaterThan(0);
      expect(gauge('artdaqdb_free_bytes', stage)).toBeGreaterThan(0);
    }
    expect(checks.targets).toEqual(targets('/start', ''));
    expect(checks.pings[1]?.body).toBe('import: 3 successful, 0 failed\nmigrate: 3 successful, 0 failed\n');
  });

  it('report one with nothing to do, and one that fails', async () => {
    site.addRuns(1);
    await run();
    await run();
    expect(carbon.values.get(`${prefix}.migrate.runs_processed`)).toEqual([1, 0]);
    expect(carbon.values.get(`${prefix}.migrate.last_successful_run`)).toEqual([1]);
    const success = gauge('last_success_timestamp_seconds', 'import');
    site.addFaultyRun(2);
    expect((await run()).code).toBe(1);
    expect(gauge('last_execution_success', 'import')).toBe(0);
    expect(gauge('last_success_timestamp_seconds', 'import')).toBe(success);
    expect(gauge('failure_log_runs', 'import')).toBe(1);
    expect(gauge('last_execution_success', 'migrate')).toBe(1);
    expect(checks.targets).toEqual(targets('/start', '', '/start', '', '/start', '/fail'));
    expect(checks.pings.at(-1)?.body).toContain('import: 0 successful, 1 failed: 2\n');
  });

  it('report a stage that cannot begin, and still its calls', async () => {
    site.addRuns(1);
    measure({ ucon_db: { server_url: `http://127.0.0.1:${await closedPort()}/app` } });
    expect((await run()).code).toBe(1);
    expect(checks.targets).toEqual(targets('/start', '/fail'));
    expect(gauge('last_execution_success', 'import')).toBe(1);
    expect(gauge('last_execution_success', 'migrate')).toBe(0);
    expect(carbon.values.get(`${prefix}.UconDBClient.get_existing_runs.duration_ms`)?.length).toBe(1);
    expect(carbon.values.get(`${prefix}.migrate.runs_processed`)).toBeUndefined();
  });

  it('report what is still to be done', async () => {
    site.addRuns(1, 2, 3);
    expect((await run('--limit', '1')).code).toBe(0);
    expect(carbon.values.get(`${prefix}.import.runs_waiting`)).toEqual([2]);
    expect([gauge('waiting_runs', 'import'), gauge('waiting_runs', 'migrate')]).toEqual([2, 0]);
    await ucondb.stop();
    expect((await run()).code).toBe(1);
    expect(gauge('waiting_runs', 'import')).toBe(0);
    expect(gauge('unequal_runs', 'migrate')).toBe(0);
  });

  it('warn of little space once an execution, before it is gone', async () => {
    site.addRuns(1);
    const little = 1e12;
    measure({ app: { min_free_mb: little } });
    const { code, stdout } = await run();
    expect(code).toBe(0);
    const says = (what: string) =>
      expect.stringMatching(
        new RegExp(`Little space is left for ${what}, less than app\\.min_free_mb \\(${little}\\): make`),
      );
    expect(warnings(stdout)).toEqual([
      says(`app.work_dir ${site.work}`),
      says(`artdaq_db.database_uri ${site.database}`),
    ]);
    expect(stdout.indexOf('Little space')).toBeLessThan(stdout.indexOf('STAGE: Import'));
    measure({ app: { min_free_mb: 0 } });
    expect(warnings((await run()).stdout)).toEqual([]);
  });

  it('say nothing of dry runs and reports, and ping nothing for a second archiver', async () => {
    site.addRuns(1);
    await run('--dry-run');
    expect(carbon.connections).toBe(0);
    await run('--report-status');
    expect(carbon.lines.every((line) => line.includes('.duration_ms '))).toBe(true);
    expect([existsSync(textfile), checks.targets]).toEqual([false, []]);
    const held = ucondb.hold();
    const first = start([]);
    await held;
    expect((await run()).code).toBe(1);
    expect(checks.targets).toEqual(targets('/start'));
    ucondb.release();
    expect((await first.ended).code).toBe(0);
    expect(checks.targets).toEqual(targets('/start', ''));
  });

  it('leave open how an execution ends that is stopped by request', async () => {
    site.addRuns(1);
    const held = ucondb.hold();
    const stopped = start([]);
    await held;
    stopped.kill('SIGTERM');
    await stopped.says('GRACEFUL SHUTDOWN REQUESTED');
    ucondb.release();
    expect((await stopped.ended).code).toBe(130);
    expect(checks.targets).toEqual(targets('/start'));
    expect(carbon.values.get(`${prefix}.migrate.runs_successful`)).toEqual([1]);
  });
});

describe('an execution takes no harm from', () => {
  /** The archive and the exit codes are as ever, and each fault is one warning, without the secret. */
  async function expectNoHarm(...faults: readonly RegExp[]): Promise<void> {
    site.addRuns(1, 2);
    const good = await run();
    expect(good.code).toBe(0);
    expect(await ucondb.runs()).toEqual([1, 2]);
    expect(site.state('migrator_state.json')).toEqual({ last_contiguous_run: 2, last_attempted_run: 2 });
    expect(warnings(good.stdout)).toEqual(faults.map((fault) => expect.stringMatching(fault)));
    expect(`${good.stdout}${site.read('archiver.log')}`).not.toContain(key);
  }

  // What the system of a receiver took that never reads can't be told from what it read.
  it.each(['hang', 'keep-open'] as const)(
    'Carbon with the fault "%s", which takes all of it',
    async (how) => {
      await carbon.stop();
      carbon = await LineReceiver.start(how);
      measure({ carbon: { enabled: true, host: '127.0.0.1', port: carbon.port, metric_prefix: prefix } });
      await expectNoHarm();
    },
  );

  it.each(['refuse', 'cut'] as const)(
    'Carbon with the fault "%s"',
    async (how: ReceiverBehaviour | 'refuse') => {
      await carbon.stop();
      carbon = await LineReceiver.start(how === 'refuse' ? 'accept' : how);
      const port = how === 'refuse' ? await closedPort() : carbon.port;
      measure({ carbon: { enabled: true, host: '127.0.0.1', port, metric_prefix: prefix } });
      await expectNoHarm(/Could not post \d+ metrics to Carbon at 127\.0\.0\.1:\d+\. Reason: /);
    },
  );

  it('a missing directory of the textfile', async () => {
    rmSync(join(site.directory, 'collector'), { recursive: true });
    await expectNoHarm(
      /The metrics file .*archiver\.prom \(metrics\.textfile\) could not be written\. Reason: /,
    );
  });

  it.each(['refuse', 'hang', 500] as const)(
    'a health check with the fault "%s"',
    async (how: PingAnswer | 'refuse') => {
      await checks.stop();
      checks = await PingServer.start(() => (how === 'refuse' ? 200 : how));
      const origin = how === 'refuse' ? `http://127.0.0.1:${await closedPort()}` : checks.origin;
      measure({ healthcheck: { url: `${origin}/ping/${key}?rid=1` } });
      await expectNoHarm(
        /The health check at http:\/\/127\.0\.0\.1:\d+ \(healthcheck\.url\) could not be told/,
      );
    },
  );

  it('all of these at once, beside a run that fails', async () => {
    site.addFaultyRun(3);
    const port = await closedPort();
    measure({
      carbon: { enabled: true, host: '127.0.0.1', port, metric_prefix: prefix },
      metrics: { textfile: site.directory },
      healthcheck: { url: `http://127.0.0.1:${port}/${key}` },
    });
    const { code, stdout } = await run();
    expect(code).toBe(1);
    expect(site.read('import_failures.log')).toBe('3\n');
    expect(stdout).not.toContain(key);
  });
});
