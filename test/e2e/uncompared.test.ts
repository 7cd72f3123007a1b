import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UconDbClient } from '../../src/ucondb/ucondb-client.ts';
import { ReadBackProxy } from '../helpers/read-back-proxy.ts';
import { account, type Parameters } from '../helpers/site.ts';
import { useSite } from '../helpers/use-site.ts';

const { site, ucondb, start, run } = useSite();
let proxy: ReadBackProxy;

/** The archiver's only way to UconDB is the proxy, and it tries each run once. */
function configure(parameters: Parameters = {}): void {
  const app = { run_process_retries: 0, ...parameters.app };
  site.configure(proxy.url, { ...parameters, app });
}

beforeEach(async () => {
  proxy = new ReadBackProxy();
  await proxy.start(ucondb.url);
  configure();
});

afterEach(async () => {
  await proxy.close();
});

/** Another program that writes to the same object. */
async function asAnother<T>(work: (client: UconDbClient) => Promise<T>): Promise<T> {
  const { folder: folderName, user: writerUser, password: writerPassword } = account;
  const server = { serverUrl: ucondb.url, folderName, objectName: 'runs', writerUser, writerPassword };
  const client = new UconDbClient({ ...server, timeoutSeconds: 5 });
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

const failures = () => {
  const path = join(site.work, 'migrate_failures.log');
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
};
const json = (name: string) => JSON.parse(site.read(name));
const noted = () =>
  (json('uncompared_runs.json').uncompared_runs as { runs: string[] }[]).flatMap(({ runs }) => runs);
const report = async (...flags: string[]) =>
  JSON.parse((await run('--report-status', '--json', ...flags)).stdout);
const ranges = (...pairs: [number, number][]) => pairs.map(([first, last]) => ({ first, last }));

/** Archives, and kills the archiver at the moment when it asks for a blob that it uploaded. */
async function killAtReadBack(...flags: string[]): Promise<void> {
  const archiver = start(flags);
  proxy.fault = (_run, request) => {
    archiver.kill('SIGKILL');
    request.reset();
  };
  expect((await archiver.ended).signal).toBe('SIGKILL');
  proxy.fault = undefined;
  proxy.reset();
}

/** Replaces a blob by one that is cut; gives a function that puts the whole one back. */
async function cut(number: number): Promise<() => Promise<void>> {
  return await asAnother(async (client) => {
    const whole = await client.get(number);
    await client.replace(number, whole.subarray(0, -40));
    return () => asAnother((other) => other.replace(number, whole));
  });
}

describe('blobs that cannot be read', () => {
  it('keep no other run from being archived, however many they are', async () => {
    site.addRuns(1, 2, 3, 4);
    proxy.fault = async (number, request) => {
      if (number < 5) request.answer('HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n');
      else request.answer(await request.forward());
    };
    expect((await run('--incremental')).code).toBe(1);
    expect(noted()).toEqual(['1-4']);
    site.addRuns(5, 6);
    const { code, stdout } = await run('--incremental');
    expect(code).toBe(1);
    expect(stdout).toContain('✓ Run 5 migrated and verified successfully');
    expect(stdout).toContain('✓ Run 6 migrated and verified successfully');
    expect(noted()).toEqual(['1-4']);
  });
});

describe('a blob that nobody read back before the archiver was killed', () => {
  it('is compared by the next execution, and not sent again', async () => {
    site.addRuns(4, 5);
    await killAtReadBack('--incremental', '--limit', '1');
    expect(noted()).toEqual(['4']);
    const { code, stdout } = await run('--incremental', '--limit', '1');
    expect([code, stdout]).toEqual([
      0,
      expect.stringContaining('✓ Run 4 migrated and verified successfully'),
    ]);
    // The comparison took no place in the batch.
    expect([proxy.read, proxy.sent]).toEqual([[4, 5], [5]]);
    expect(noted()).toEqual([]);
    expect(site.state('migrator_state.json')).toEqual({ last_contiguous_run: 5, last_attempted_run: 5 });
    proxy.reset();
    expect((await run('--incremental')).code).toBe(0);
    expect(proxy.read).toEqual([]);
  });

  it('also fails a retry that cannot compare it', async () => {
    site.addRuns(101);
    await killAtReadBack('--incremental');
    proxy.fault = (_run, request) => request.reset();
    expect((await run('--retry-failed-migrate')).code).toBe(1);
    expect(failures()).toBe('');
    proxy.fault = undefined;
    expect((await run('--retry-failed-migrate')).code).toBe(0);
    expect(noted()).toEqual([]);
  });

  it('does not count until then: not in the report, not in the comparison with the state', async () => {
    site.addRuns(4, 5);
    await run('--incremental', '--limit', '1');
    await killAtReadBack('--incremental');
    const { stages, places, differences, recommendations } = await report('--compare-state');
    expect(places[2].runs).toEqual({ total: 1, ranges: ranges([4, 4]) });
    expect(stages[1].uncompared).toEqual({ total: 1, ranges: ranges([5, 5]) });
    expect(differences.to_migrate.ranges).toEqual(ranges([5, 5]));
    expect(recommendations).toContainEqual({
      level: 'info',
      text: expect.stringContaining('1 run(s) were uploaded to UconDB, but not compared since (5)'),
    });
    const page = join(site.directory, 'page.html');
    await run('--report-status', '--html', page);
    expect(readFileSync(page, 'utf8')).toContain('Uploaded, not compared yet');
    const restored = await run('--restore', '5', '--to', join(site.directory, 'restored'));
    expect(restored.stdout).toContain('Run 5: this archiver uploaded the blob and has not found it equal');
    const verified = await run('--verify', '--limit', '1', '-v');
    expect(verified.stdout).toContain('✓ Run 5: ');
  });

  it('fails if it is another one, whoever looks, until it is the right one', async () => {
    site.addRuns(4, 5, 6);
    await killAtReadBack('--incremental', '--limit', '1');
    const putBack = await cut(4);

    const first = await run('--incremental');
    expect([first.code, proxy.sent.toSorted()]).toEqual([1, [5, 6]]);
    expect(first.stdout).toContain('run 4 is in UconDB already with different content');
    expect([failures(), json('unequal_runs.json').unequal_runs, noted()]).toEqual(['4\n', ['4'], ['4']]);
    expect(site.state('migrator_state.json')).toMatchObject({ last_contiguous_run: 0 });

    proxy.reset();
    for (const _again of [1, 2]) {
      const { code, stdout } = await run('--incremental');
      expect([code, stdout]).toEqual([1, expect.stringContaining('run 4 has a blob in UconDB that was not')]);
    }
    expect((await run('--incremental', '--dry-run')).code).toBe(1);
    expect(proxy.read).toEqual([]);

    const looks = [
      ['--retry-failed-migrate'],
      ['--recover-migrate-state'],
      ['--verify', '--runs', '4'],
      ['--incremental', '--runs', '4'],
      ['--migrate-only'],
    ];
    for (const flags of looks) {
      proxy.reset();
      expect((await run(...flags)).code).toBe(1);
      expect([proxy.read, proxy.sent]).toEqual([[4], []]);
      expect([failures(), json('unequal_runs.json').unequal_runs]).toEqual(['4\n', ['4']]);
    }

    await putBack();
    expect((await run('--retry-failed-migrate')).code).toBe(0);
    expect([failures(), json('unequal_runs.json').unequal_runs, noted()]).toEqual(['', [], []]);
    expect(site.state('migrator_state.json')).toEqual({ last_contiguous_run: 6, last_attempted_run: 6 });
    proxy.reset();
    expect((await run('--incremental')).code).toBe(0);
    expect([proxy.read, proxy.sent]).toEqual([[], []]);
  });

  it('is compared by a recovery, which counts it only if it is equal', async () => {
    site.addRuns(4, 5, 6, 7);
    configure({ app: { parallel_workers: 4 } });
    await run('--import-only');
    await killAtReadBack('--migrate-only');
    while ((await ucondb.runs()).length < 4) await killAtReadBack('--migrate-only');
    await cut(6);
    expect((await run('--recover-migrate-state')).code).toBe(1);
    expect(proxy.read.toSorted()).toEqual([4, 5, 6, 7]);
    expect(proxy.sent).toEqual([]);
    expect(site.state('migrator_state.json')).toEqual({ last_contiguous_run: 5, last_attempted_run: 7 });
    expect([failures(), noted()]).toEqual(['6\n', ['6']]);
  });

  it('is counted, and noted as amended, if all that it lacks is a stop time that came later', async () => {
    site.addRun(4, {
      'metadata.txt':
        'Config name: test4\nComponent #0: component01\n\nDAQInterface start time: Thu Oct 24 15:30:00 UTC 2024\n',
    });
    await killAtReadBack('--incremental');
    rmSync(join(site.runRecords, '4'), { recursive: true });
    site.addRun(4, {
      'metadata.txt':
        'Config name: test4\nComponent #0: component01\n\nDAQInterface start time: Thu Oct 24 15:30:00 UTC 2024\n' +
        'DAQInterface stop time: Thu Oct 24 16:30:00 UTC 2024\n',
    });
    // Runs that began long ago are not followed by themselves.
    writeFileSync(join(site.work, 'importer_unfinished.json'), '{"unfinished_runs": ["4"]}');
    expect((await run('--incremental')).code).toBe(0);
    expect([proxy.read, proxy.sent]).toEqual([[4], []]);
    expect([json('amended_runs.json').amended_runs, failures(), noted()]).toEqual([['4'], '', []]);
  });
});

describe('a blob that took the place of one without stop time', () => {
  it('does not count if nobody read it back, until it is found equal', async () => {
    const started = `Config name: test4\nDAQInterface start time: Thu Oct 24 15:30:00 UTC 2024\n`;
    site.addRun(4, { 'metadata.txt': started });
    await run('--incremental');
    rmSync(join(site.runRecords, '4'), { recursive: true });
    site.addRun(4, { 'metadata.txt': `${started}DAQInterface stop time: Thu Oct 24 16:30:00 UTC 2024\n` });
    writeFileSync(join(site.work, 'importer_unfinished.json'), '{"unfinished_runs": ["4"]}');
    configure({ ucon_db: { replace_incomplete: true } });
    proxy.reset();
    const archiver = start(['--incremental']);
    proxy.fault = async (_run, request) => {
      if (proxy.read.length === 1) return void request.client.end(await request.forward());
      archiver.kill('SIGKILL');
      request.reset();
    };
    expect((await archiver.ended).signal).toBe('SIGKILL');
    proxy.fault = undefined;
    expect(noted()).toEqual(['4']);
    const putBack = await cut(4);
    configure();
    expect((await run('--incremental')).code).toBe(1);
    expect([failures(), noted()]).toEqual(['4\n', ['4']]);
    await putBack();
    expect((await run('--retry-failed-migrate')).code).toBe(0);
    expect([failures(), noted(), json('amended_runs.json').amended_runs]).toEqual(['', [], []]);
  });
});

describe('a read-back that fails', () => {
  it.each([
    ['with a 502', (request) => request.answer('HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n')],
    ['with a broken connection', (request) => request.reset()],
  ] satisfies [string, (request: { answer(text: string): void; reset(): void }) => void][])(
    '%s leaves the run to a comparison, by an execution or by a retry',
    async (_how, fail) => {
      for (const [number, flags] of [
        [4, ['--incremental']],
        [5, ['--retry-failed-migrate']],
      ] as const) {
        site.addRun(number);
        proxy.fault = (_run, request) => fail(request);
        expect((await run('--incremental')).code).toBe(1);
        expect(noted()).toEqual([String(number)]);
        const putBack = await cut(number);
        proxy.fault = undefined;
        proxy.reset();
        expect((await run(...flags)).code).toBe(1);
        expect([proxy.read, proxy.sent, failures()]).toEqual([[number], [], `${number}\n`]);
        await putBack();
        expect((await run('--retry-failed-migrate')).code).toBe(0);
        expect([proxy.sent, failures(), noted()]).toEqual([[], '', []]);
      }
    },
  );
});

it('every run was compared once a loop of kills has come to its end, and none was sent twice', async () => {
  const runs = Array.from({ length: 7 }, (_, i) => i + 1);
  site.addRuns(...runs);
  configure({ app: { batch_size: 5, parallel_workers: 3 } });
  await run('--import-only');
  const compared = new Set<number>();
  for (let allowed = 0, isDone = false; !isDone; allowed = (allowed + 1) % 4) {
    const archiver = start(['--migrate-only', '--incremental']);
    let left = allowed;
    proxy.fault = async (number, request) => {
      if (left-- <= 0) {
        archiver.kill('SIGKILL');
        return request.reset();
      }
      request.client.end(await request.forward());
      compared.add(number);
    };
    const { code, stdout } = await archiver.ended;
    isDone = code === 0 && stdout.includes('No new runs to migrate');
  }
  expect([...compared].sort((a, b) => a - b)).toEqual(runs);
  expect(proxy.sent.toSorted((a, b) => a - b)).toEqual(runs);
  expect(noted()).toEqual([]);
  expect(site.state('migrator_state.json')).toEqual({ last_contiguous_run: 7, last_attempted_run: 7 });
});

describe('the record of uncompared runs', () => {
  it('ends the stage if it cannot be read, and a recovery rebuilds it by comparing everything', async () => {
    site.addRuns(4, 5, 6);
    await run('--incremental');
    const putBack = await cut(5);
    site.addRuns(7);
    writeFileSync(join(site.work, 'uncompared_runs.json'), '{"uncompared_runs": [{"server": ');
    proxy.reset();
    const { code, stdout } = await run('--incremental');
    expect([code, stdout]).toEqual([
      1,
      expect.stringMatching(/uncompared_runs\.json can't be understood.*--recover/),
    ]);
    expect([proxy.read, proxy.sent]).toEqual([[], []]);
    expect((await report()).complete).toBe(false);

    expect((await run('--recover-migrate-state', '--dry-run')).code).toBe(1);
    expect(site.read('uncompared_runs.json')).toContain('"server": ');
    proxy.reset();
    expect((await run('--recover-migrate-state')).code).toBe(1);
    expect(proxy.read.toSorted()).toEqual([4, 5, 6]);
    expect([failures(), noted()]).toEqual(['5\n', ['5']]);
    await putBack();
    expect((await run('--retry-failed-migrate')).code).toBe(0);
    expect((await run('--incremental')).code).toBe(0);
    expect(await ucondb.runs()).toEqual([4, 5, 6, 7]);
    expect([failures(), noted()]).toEqual(['', []]);
  });

  it('is about one place: its notes mean nothing at another one, and are kept', async () => {
    site.addRuns(4, 5);
    await killAtReadBack('--incremental', '--limit', '1');
    const before = json('uncompared_runs.json').uncompared_runs;
    expect(before).toEqual([{ server: proxy.url, folder: account.folder, object: 'runs', runs: ['4'] }]);
    const elsewhere = { ucon_db: { object_name: 'other' } };
    configure(elsewhere);
    expect((await run('--incremental')).code).toBe(0);
    expect(proxy.sent.toSorted()).toEqual([4, 5]);
    expect(json('uncompared_runs.json').uncompared_runs).toEqual(before);
    configure();
    proxy.reset();
    expect((await run('--migrate-only')).code).toBe(0);
    expect([proxy.read.toSorted(), proxy.sent, noted()]).toEqual([[4, 5], [5], []]);
  });

  it('ignores what other programs stored: their keys count without a comparison', async () => {
    site.addRuns(4, 5, 6);
    site.addFaultyRun(7);
    await asAnother(async (client) => {
      for (const number of [4, 6]) await client.put(number, Buffer.from('whatever'));
    });
    await run('--incremental');
    expect([proxy.read, proxy.sent]).toEqual([[5], [5]]);
    expect(site.state('migrator_state.json')).toEqual({ last_contiguous_run: 6, last_attempted_run: 6 });
    expect(noted()).toEqual([]);
  });
});
