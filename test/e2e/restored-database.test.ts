import { appendFileSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { useSite } from '../helpers/use-site.ts';

const { site, ucondb, run } = useSite();
const metadata = () => join(site.runRecords, '7', 'metadata.txt');
const start =
  'Config name: test\nComponent #0: component01\n\nDAQInterface start time: Thu Oct 24 15:30:00 UTC 2024\n';
const amended = () => JSON.parse(site.read('amended_runs.json')).amended_runs;

/** Archives run 7 before its stop, and once more into a database that was restored from a back-up of before. */
async function archiveAnew(): Promise<void> {
  site.addRun(6);
  site.addRun(7, { 'metadata.txt': start });
  expect((await run('--incremental')).code).toBe(0);
  appendFileSync(metadata(), '\nDAQInterface stop time: Thu Oct 24 16:30:00 UTC 2024\n');
  utimesSync(metadata(), 0, 0);
  rmSync(site.database, { recursive: true });
  rmSync(join(site.work, 'importer_unfinished.json'), { force: true });
}

describe('a run that got its stop time before its database was restored from a back-up and filled again', () => {
  it('is named by --verify, and gets a blob with the stop time where that is allowed', async () => {
    await archiveAnew();
    expect((await run()).code).toBe(0);
    const verified = await run('--verify');
    expect([verified.code, verified.stdout]).toEqual([
      1,
      expect.stringMatching(
        /Run 7 differs: different: RunHistory2\.fcl, metadata\.fcl \(its stop time came after/,
      ),
    ]);
    expect(verified.stdout).toContain('1 runs equal, 1 different');
    expect(amended()).toEqual(['7']);

    expect((await run('--incremental')).stdout).toContain('ucon_db.replace_incomplete is false');
    site.configure(ucondb.url, { ucon_db: { replace_incomplete: true } });
    expect(await run('--incremental')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('✓ Run 7: its blob was replaced by one with the stop time'),
    });
    expect((await run('--verify')).code).toBe(0);
    expect(amended()).toEqual([]);
  });

  it('keeps its blob if that differs in anything else', async () => {
    await archiveAnew();
    writeFileSync(metadata(), readFileSync(metadata(), 'utf8').replace('component01', 'component02'));
    utimesSync(metadata(), 0, 0);
    site.configure(ucondb.url, { ucon_db: { replace_incomplete: true } });
    await run();
    const { code, stdout } = await run('--verify');
    expect([code, stdout]).toEqual([1, expect.stringContaining('Run 7 differs: ')]);
    expect(stdout).not.toContain('its stop time came after');
    expect((await run('--incremental')).stdout).not.toContain('replaced');
    expect((await run('--verify')).code).toBe(1);
  });
});
