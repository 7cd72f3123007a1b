import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import { useSite } from '../helpers/use-site.ts';

const { site, ucondb, run, start } = useSite();
const check = (...flags: string[]) => run('--check-config', ...flags);

beforeEach(() => site.addRuns(7));

it('--check-config ends with 0 if all is well, and makes nothing, not even the log file', async () => {
  const { code, stdout, stderr } = await check();
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toContain(`✓ work_dir ${site.work}: will be made`);
  expect(stdout).toMatch(/✓ UconDB .*: folder and login are right/);
  expect(existsSync(site.work)).toBe(false);
  expect(existsSync(site.database)).toBe(false);
  expect(await ucondb.runs()).toEqual([]);
});

it('--check-config ends with 1 if something is wrong, and says so in one line with advice', async () => {
  rmSync(site.runRecords, { recursive: true });
  const { code, stdout } = await check();
  expect(code).toBe(1);
  const wrong = stdout.split('\n').filter((line) => line.includes('✗ run_records_dir'));
  expect(wrong).toEqual([
    expect.stringMatching(/ - ERROR - .*check source_files\.run_records_dir.* \(\d+ ms\)$/),
  ]);
});

it('--check-config --json prints one document, even if the file itself cannot be used', async () => {
  const good = await check('--json');
  expect(JSON.parse(good.stdout)).toMatchObject({ version: 1, usable: true });
  expect(good.stderr).toContain('✓ run_records_dir');
  writeFileSync(site.config, 'app: { batch_size: many }\n');
  const bad = await check('--json');
  expect(bad.code).toBe(1);
  expect(JSON.parse(bad.stdout)).toMatchObject({
    version: 1,
    usable: false,
    checks: [{ name: 'configuration', state: 'failed', text: expect.stringContaining('app.batch_size') }],
  });
});

it('--check-config says in the line of the check why the configuration file cannot be used', async () => {
  writeFileSync(site.config, 'app: { batch_size: many }\n');
  const { code, stdout } = await check();
  expect(code).toBe(1);
  expect(stdout).toMatch(/ - ERROR - ✗ configuration \S+config\.yaml: .*problems:\n/);
  const quiet = await check('-q');
  expect(quiet.stdout).toBe('');
  expect(quiet.stderr.match(/app\.batch_size: not usable/g)).toHaveLength(1);
});

it('--check-config warns of a password that others can read', async () => {
  chmodSync(site.config, 0o644);
  const { code, stdout } = await check();
  expect(code).toBe(0);
  expect(stdout).toMatch(/⚠ configuration \S+: it holds a password .*chmod o-r it \(/);
});

it('--check-config warns of a work directory under /tmp, whether it exists or not', async () => {
  const work = mkdtempSync('/tmp/archiver-work-');
  try {
    for (const work_dir of [work, join(work, 'to be made')]) {
      site.configure(ucondb.url, { app: { work_dir } });
      const { code, stdout } = await check();
      expect(code).toBe(0);
      expect(stdout).toMatch(/⚠ work_dir \S+.*: .* free; what is under \/tmp is removed/);
    }
  } finally {
    rmSync(work, { recursive: true });
  }
});

it('--check-config --quiet answers by its exit code alone', async () => {
  expect(await check('-q')).toMatchObject({ code: 0, stdout: '', stderr: '' });
  rmSync(site.runRecords, { recursive: true });
  expect(await check('-q')).toMatchObject({ code: 1, stdout: '', stderr: '' });
});

it('--check-config does not disturb an archiver at work', async () => {
  const held = ucondb.hold();
  const archiver = start([]);
  await held;
  const { code, stdout } = await check();
  expect(code).toBe(0);
  expect(stdout).toMatch(new RegExp(`lock_file .*held by process ${archiver.pid} .*an archiver is at work`));
  ucondb.release();
  expect(await archiver.ended).toMatchObject({ code: 0 });
  expect(await ucondb.runs()).toEqual([7]);
  expect(readdirSync(site.work).filter((name) => name.includes('tmp'))).toEqual([]);
});
