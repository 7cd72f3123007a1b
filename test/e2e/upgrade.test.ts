import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { useSite } from '../helpers/use-site.ts';

const { site, ucondb, run } = useSite({ app: { run_process_retries: 0 } });

const failures = (stage: 'import' | 'migrate') => site.read(`${stage}_failures.log`);

/** Runs 1 to 6 as 1.0 left them: 2 and 3 failed to be imported, 5 to be migrated, and nobody noted why. Run 6 has no stop time. */
async function leaveAs10(): Promise<void> {
  site.addRuns(1, 4, 5, 6);
  expect((await run('--import-only')).code).toBe(0);
  expect((await run('--migrate-only', '--runs', '1,4,6')).code).toBe(0);
  site.addRun(2);
  site.addFaultyRun(3);
  rmSync(site.work, { recursive: true });
  mkdirSync(site.work);
  const files = {
    'importer_state.json': '{\n  "last_contiguous_run": 1,\n  "last_attempted_run": 6\n}',
    'migrator_state.json': '{\n  "last_contiguous_run": 1,\n  "last_attempted_run": 6\n}',
    'importer_seen.json': '{\n  "seen_runs": [\n    "1-6"\n  ]\n}\n',
    'migrator_seen.json': '{\n  "seen_runs": [\n    "1",\n    "4-6"\n  ]\n}\n',
    'import_failures.log': '2\n3\n',
    'migrate_failures.log': '5\n',
    'importer_unfinished.json': '{\n  "unfinished_runs": []\n}\n',
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(site.work, name), text);
}

describe('what 1.0 left behind', () => {
  it('in the failure logs waits for a retry, which archives what an outage condemned and says why the others fail', async () => {
    await leaveAs10();
    expect((await run('--incremental')).code).toBe(0);
    expect(await ucondb.runs()).toEqual([1, 4, 6]);
    const before = (await run('--report-status')).stdout;
    expect(before).toMatch(/Not noted why: +2 run\(s\) \(2-3\)/);
    expect(before).toMatch(/Not noted why: +1 run\(s\) \(5\)/);

    expect((await run('--retry-failed-import')).code).toBe(1);
    expect((await run('--incremental')).code).toBe(0);
    expect((await run('--retry-failed-migrate')).code).toBe(0);
    expect([failures('import'), failures('migrate')]).toEqual(['3\n', '']);
    expect(await ucondb.runs()).toEqual([1, 2, 4, 5, 6]);
    const after = (await run('--report-status')).stdout;
    expect(after).not.toContain('Not noted why');
    expect(after).toContain('component01.fcl, line 1, column 6');
    expect((await run('--give-up', '3', '--reason', 'the crew tested the trigger')).code).toBe(0);
    expect((await run('--verify', '--with-files')).code).toBe(0);
  });

  it('as given up gets its stop time once it is written among the unfinished runs', async () => {
    await leaveAs10();
    const started = 'Config name: test6\nComponent #0: component01\n\n';
    rmSync(join(site.runRecords, '6'), { recursive: true });
    site.addRun(6, {
      'metadata.txt': `${started}DAQInterface start time: Thu Oct 24 15:30:00 UTC 2024\nDAQInterface stop time: Thu Oct 24 16:30:00 UTC 2024\n`,
    });
    expect((await run('--incremental')).stdout).not.toContain('stop time');
    writeFileSync(join(site.work, 'importer_unfinished.json'), '{"unfinished_runs": ["1-6"]}\n');
    expect((await run('--incremental')).stdout).toContain('✓ Run 6: artdaqDB has its stop time now');
    expect(site.read('importer_unfinished.json')).not.toContain('6');
    expect(existsSync(join(site.work, 'amended_runs.json'))).toBe(true);
  });
});
