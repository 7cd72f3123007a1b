import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, it, type MockInstance, vi } from 'vitest';
import { z } from 'zod';
import { silentLogger } from '../../src/log/logger.ts';
import { RunSet } from '../../src/runs/run-set.ts';
import { UconDbKeysFile } from '../../src/state/ucondb-keys-file.ts';
import { UncomparedRuns } from '../../src/state/uncompared-runs.ts';
import { verificationRecords } from '../../src/state/verification-records.ts';
import { nobodyWaits, WaitingRunsFile } from '../../src/state/waiting-runs.ts';
import { KeyListing } from '../../src/ucondb/key-listing.ts';
import { account } from '../helpers/site.ts';
import { useSite } from '../helpers/use-site.ts';

const { site, ucondb, run } = useSite({}, 'file');

beforeAll(async () => {
  site.addRuns(1, 2);
  expect((await run('--incremental')).code).toBe(0);
  expect((await run('--incremental')).code).toBe(0);
});

const listedVersion = z.object({ key: z.coerce.number(), tr: z.number() });
const listedVersions = z.tuple([listedVersion, listedVersion]);

let remembered: MockInstance<KeyListing['remembered']>;
let inFull: MockInstance<KeyListing['inFull']>;

beforeEach(() => {
  remembered = vi.spyOn(KeyListing.prototype, 'remembered');
  inFull = vi.spyOn(KeyListing.prototype, 'inFull');
  return () => vi.restoreAllMocks();
});

/** An execution succeeds. How often did it ask for new versions, and how often for all? */
async function asked(...flags: readonly string[]) {
  expect(await run(...flags)).toMatchObject({ code: 0 });
  return { new: remembered.mock.calls.length, all: inFull.mock.calls.length };
}

describe('UconDB is asked for all keys', () => {
  it('once a day by executions that have nothing to do', async () => {
    expect(await asked('--incremental')).toEqual({ new: 1, all: 0 });
    expect(await ucondb.runs()).toEqual([1, 2]);
  });

  it.each([
    [['--report-status']],
    [['--verify']],
    [['--recover-migrate-state']],
    [['--retry-failed-migrate']],
    [['--incremental', '--runs', '1']],
    [['--migrate-only']],
    [['--incremental', '--dry-run']],
  ])('by %j', async (flags) => {
    expect(await asked(...flags)).toEqual({ new: 0, all: 1 });
  });

  it('while a run is noted as uploaded and not compared', async () => {
    const place = { server: ucondb.url, folder: account.folder, object: 'runs' };
    await new UncomparedRuns(join(site.work, 'uncompared_runs.json'), place).note([1]);
    expect(await asked('--incremental')).toEqual({ new: 0, all: 1 });
  });

  it('while a run waits because of a fault', async () => {
    const waiting = {
      place: 'UconDB write',
      fault: 'site',
      cause: 'no',
      since: '2026-12-01T00:00:00Z',
    } as const;
    const byFault = new Map([[2, { ...waiting, cycles: 1, successes: 0, undecided: false }]]);
    const file = new WaitingRunsFile(join(site.work, 'migrate_waiting.json'), 'migrate', (text) => text);
    await file.write({ ...nobodyWaits, byFault });
    expect(await asked('--incremental')).toEqual({ new: 0, all: 1 });
    expect((await file.read()).byFault.size).toBe(0);
  });

  it('if what is remembered is damaged', async () => {
    writeFileSync(join(site.work, 'ucondb_keys.json'), '{');
    expect(await asked('--incremental')).toEqual({ new: 1, all: 1 });
  });

  it('while a run is known to differ, and names it, although its key is not remembered', async () => {
    const listing = await fetch(`${ucondb.url}/versions?folder=${account.folder}&object=runs`);
    const [newest, oldest] = listedVersions.parse(await listing.json());
    const now = () => new Date();
    const keys = new UconDbKeysFile(join(site.work, 'ucondb_keys.json'), { now, logger: silentLogger });
    await keys.write(`${ucondb.url}, folder ${account.folder}, object runs`, {
      runs: RunSet.of([newest.key]),
      day: keys.today(),
      since: (newest.tr + oldest.tr) / 2,
      recent: new Map([[newest.key, newest.tr]]),
    });
    await verificationRecords(site.work).unequal.add([oldest.key]);
    writeFileSync(join(site.work, 'migrate_failures.log'), `${oldest.key}\n`);
    const { code, stdout } = await run('--incremental');
    expect(stdout).toContain(`run ${oldest.key} has a blob in UconDB that was not the same as artdaqDB`);
    expect(code).toBe(1);
  });
});
