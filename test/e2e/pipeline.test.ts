import { spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { archiveHere } from '../helpers/archiver-here.ts';
import { useSite } from '../helpers/use-site.ts';

const { site, ucondb, run, start } = useSite();
const incremental = () => run('--incremental');

/** The messages of the log that operators of the Python archiver search for, in their order. */
function searchedFor(stdout: string): string[] {
  const known =
    /=== Execution Mode|Successfully connected|Run range|Updating state tracking|Recovery complete|exit code|Archiver execution complete/;
  return stdout
    .split('\n')
    .flatMap((line) => (known.test(line) ? [line.split(' - ').slice(3).join(' - ')] : []));
}

describe('the texts that operators search the log for', () => {
  it('are those of the Python archiver when all goes well', async () => {
    site.addRuns(7, 8);
    const { stdout } = await run('--incremental', '--limit', '1');
    expect(searchedFor(stdout)).toEqual([
      '=== Execution Mode: Full Pipeline (Incremental) ===',
      'Import Stage: Run range: 7 to 8',
      'Updating state tracking: 1 successful, 1 attempted',
      '✓ Import Stage completed successfully (exit code: 0)',
      expect.stringMatching(/^Successfully connected to UconDB server, version: \d+\.\d+\.\d+$/),
      'Migration Stage: Run range: 7 to 7',
      'Updating state tracking: 1 successful, 1 attempted',
      '✓ Migration Stage completed successfully (exit code: 0)',
      'Archiver execution complete.',
    ]);
  });

  it('are those of the Python archiver for failures and their retry', async () => {
    site.addRuns(7);
    site.addFaultyRun(8);
    expect(searchedFor((await run('--import-only')).stdout)).toEqual([
      '=== Execution Mode: Import Only (Full) ===',
      'Import Stage: Run range: 7 to 8',
      'Updating state tracking: 1 successful, 2 attempted',
      '✗ Import Stage completed with failures (exit code: 1): 1 failed runs',
      '✗ EXECUTION COMPLETED WITH FAILURES (exit code: 1)',
      'Archiver execution complete. Exit code: 1',
    ]);
    site.repair(8);
    expect(searchedFor((await run('--retry-failed-import')).stdout)).toEqual([
      '=== Execution Mode: Retry Failed Imports ===',
      'Import Stage: Run range: 8 to 8',
      'Updating state tracking after recovery: 1 newly imported, 1 total attempted in recovery',
      'Import Stage: Recovery complete. 1 successful (0 already archived, 1 newly imported), 0 remaining.',
      '✓ Import Recovery Stage completed successfully (exit code: 0)',
      'Archiver execution complete.',
    ]);
  });

  it("name errors as the Python archiver's guide does", async () => {
    await ucondb.stop();
    const { code, stdout } = await run('--recover-migrate-state');
    expect([code, stdout]).toEqual([1, expect.stringContaining('Error Type: UconDBError')]);
  });
});

describe('the pipeline', () => {
  it('moves runs from their directories through artdaqDB into UconDB', async () => {
    site.addRuns(12345, 12346);
    const { code, stdout, stderr } = await incremental();
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('✓ Run 12345 imported successfully');
    expect(stdout).toContain('✓ Run 12346 migrated and verified successfully');
    expect(stdout).toContain('✓ EXECUTION COMPLETED SUCCESSFULLY');
    expect(site.read('archiver.log')).toBe(stdout);
    expect(await ucondb.runs()).toEqual([12345, 12346]);
    expect(await ucondb.blob(12345)).toMatch(
      /^Start of Record\nRun Number: 12345\nPacked on [A-Z][a-z]{2} \d\d \d\d:\d\d UTC\n/,
    );
    const finished = { last_contiguous_run: 12346, last_attempted_run: 12346 };
    expect(site.state('importer_state.json')).toEqual(finished);
    expect(site.state('migrator_state.json')).toEqual(finished);
    expect(existsSync(site.lockFile)).toBe(false);
  });

  it('does nothing the second time', async () => {
    site.addRuns(7);
    await incremental();
    const { code, stdout } = await incremental();
    expect(code).toBe(0);
    expect(stdout).toContain('Import Stage: No new runs to import.');
    expect(stdout).toContain('Migration Stage: No new runs to migrate.');
  });

  it('takes a batch at a time, ten times as much without --incremental', async () => {
    site.configure(ucondb.url, { app: { batch_size: 1 } });
    site.addRuns(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
    expect((await incremental()).stdout).toContain('Limited to 1 runs (batch_size). 11 runs remaining.');
    expect((await run()).code).toBe(0);
    expect(await ucondb.runs()).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    expect((await incremental()).code).toBe(0);
    expect(await ucondb.runs()).toHaveLength(12);
  });

  it('contacts only what the mode needs', async () => {
    site.addRuns(5);
    await ucondb.stop();
    expect((await run('--import-only', '--incremental')).code).toBe(0);
    await ucondb.restart();
    site.configure(ucondb.url);
    rmSync(site.runRecords, { recursive: true });
    expect((await run('--migrate-only', '--incremental')).code).toBe(0);
    expect(await ucondb.runs()).toEqual([5]);
  });

  it('says nothing on the terminal with --quiet', async () => {
    site.addRuns(5);
    const { code, stdout, stderr } = await run('--incremental', '-q');
    expect([code, stdout, stderr]).toEqual([0, '', '']);
    expect(site.read('archiver.log')).toContain('✓ Run 5 migrated and verified successfully');
  });

  it('imports nothing and fails when all run directories are gone, but not where there never was any', async () => {
    const notice = 'but earlier executions saw runs there';
    const empty = await incremental();
    expect([empty.code, empty.stdout.includes(notice)]).toEqual([0, false]);
    site.addRuns(5, 6);
    await incremental();
    const away = `${site.runRecords}-away`;
    renameSync(site.runRecords, away);
    mkdirSync(site.runRecords);
    const before = readdirSync(site.work).map((name) => [name, site.read(name).length]);
    for (const flags of [['--incremental'], [], ['--dry-run'], ['--incremental']]) {
      const { code, stdout } = await run(...flags);
      expect(code).toBe(1);
      expect(
        stdout.match(/CRITICAL - Import Stage: Failed: No runs found in .*run_records, but earlier/g),
      ).toHaveLength(1);
    }
    // The migrate stage lists the keys of UconDB, and remembers them; what each execution did is noted.
    const mayChange = (name: unknown) =>
      String(name).startsWith('archiver.log') ||
      name === 'ucondb_keys.json' ||
      name === 'last_execution.json';
    const after = readdirSync(site.work).map((name) => [name, site.read(name).length]);
    expect(after.filter(([name]) => !mayChange(name))).toEqual(before.filter(([name]) => !mayChange(name)));
    expect((await run('--migrate-only')).stdout).not.toContain(notice);
    rmSync(site.runRecords, { recursive: true });
    renameSync(away, site.runRecords);
    expect((await incremental()).stdout).not.toContain(notice);
  });

  it('warns when artdaqDB is empty though runs were archived there, but not of a position that was set by hand', async () => {
    const notice = /WARNING - No runs found in artdaqDB, but the state says that runs up to (\d+) are there/g;
    const warned = async (...flags: string[]) =>
      [...(await run(...flags)).stdout.matchAll(notice)].map((m) => m[1]);
    mkdirSync(site.work);
    writeFileSync(join(site.work, 'importer_state.json'), '{"last_contiguous_run": 4}');
    site.addRuns(5, 6);
    expect(await warned('--incremental')).toEqual([]);
    renameSync(site.database, `${site.database}-away`);
    mkdirSync(site.database);
    site.addRuns(7);
    expect(await warned('--dry-run')).toEqual(['6']);
    expect(await warned('--incremental')).toEqual(['6']);
  });

  it('shows the same runs in all three places afterwards', async () => {
    site.addRuns(5, 6, 9);
    await incremental();
    const { code, stdout } = await run('--report-status');
    expect(code).toBe(0);
    expect(stdout.match(/Total Runs: +3$/gm)).toHaveLength(3);
    expect(stdout.match(/Gaps: +7, 8$/gm)).toHaveLength(3);
    expect(stdout).toContain('All systems are synchronized');
  });
});

describe('runs that need care', () => {
  it('fail alone, enter the failure log, and are not retried by themselves', async () => {
    site.addRuns(1, 3);
    site.addRun(2, { 'component01.fcl': 'a: 1\nb: [1, 2\n' });
    const { code, stdout } = await incremental();
    expect(code).toBe(1);
    expect(stdout).toMatch(/✗ Run 2 failed \(attempt 1\/3\): .*component01\.fcl.*line 2, column 4/);
    expect(await ucondb.runs()).toEqual([1, 3]);
    expect(site.read('import_failures.log')).toBe('2\n');
    expect(site.state('importer_state.json')).toEqual({ last_contiguous_run: 1, last_attempted_run: 3 });
    expect((await incremental()).code).toBe(0);
    writeFileSync(join(site.runRecords, '2', 'component01.fcl'), 'a: 1\n');
    expect((await run()).code).toBe(0);
    expect(site.read('import_failures.log')).toBe('');
    expect(await ucondb.runs()).toEqual([1, 2, 3]);
  });

  it('fail with the name of a file that leads out of the record', async () => {
    site.addRuns(1, 2);
    symlinkSync('/etc/passwd', join(site.runRecords, '2', 'passwd.fcl'));
    const { code, stdout } = await incremental();
    expect(code).toBe(1);
    expect(stdout).toContain('passwd.fcl');
    expect(await ucondb.runs()).toEqual([1]);
  });

  it('are found when they come late, but not when they were skipped by hand', async () => {
    site.addRuns(1, 2, 10);
    mkdirSync(site.work);
    writeFileSync(join(site.work, 'importer_state.json'), '{\n  "last_attempted_run": 5\n}');
    await incremental();
    expect(await ucondb.runs()).toEqual([10]);
    site.addRuns(4);
    const { stdout } = await incremental();
    expect(stdout).toContain('appeared late');
    expect(await ucondb.runs()).toEqual([4, 10]);
    const report = await run('--report-status');
    expect(report.stdout).toContain('2 run(s) at or below the import position 10 are skipped');
  });
});

describe('an execution at a broken site', () => {
  it.each([
    ['the server is down', async () => await ucondb.stop(), /UconDB|connect|ECONNREFUSED/],
    [
      'the password is wrong',
      async () => site.configure(ucondb.url, { ucon_db: { writer_password: 'not it' } }),
      /writer_password|credentials|refused/,
    ],
    [
      'the folder is wrong',
      async () => site.configure(ucondb.url, { ucon_db: { folder_name: 'nowhere' } }),
      /ucon_db\.folder_name/,
    ],
    [
      'the address is not the server',
      async () => site.configure(ucondb.url.replace(/\/app$/, '/elsewhere/app')),
      /ucon_db\.server_url/,
    ],
  ])('imports, exits 1 and continues once that is repaired, if %s', async (_, breakIt, message) => {
    site.addRuns(1);
    await breakIt();
    const { code, stdout } = await incremental();
    expect(code).toBe(1);
    expect(stdout).toContain('✓ Run 1 imported successfully');
    expect(stdout).toMatch(message);
    expect(stdout).not.toContain('not it');
    expect(existsSync(join(site.work, 'migrate_failures.log'))).toBe(false);
    await ucondb.restart();
    site.configure(ucondb.url);
    expect((await incremental()).code).toBe(0);
    expect(await ucondb.runs()).toEqual([1]);
  });

  it('says in the log file that there is no work directory, even with --quiet', async () => {
    const log = join(site.directory, 'archiver.log');
    writeFileSync(site.work, '');
    site.configure(ucondb.url, { app: { log_file: log } });
    const { code, stdout, stderr } = await run('--quiet');
    expect([code, stdout, stderr]).toEqual([1, '', '']);
    expect(readFileSync(log, 'utf8')).toContain(`app.work_dir ${site.work}`);
  });

  it('says errors on stderr that the log file does not take, even with --quiet', async () => {
    site.addRuns(1);
    site.configure(ucondb.url, { app: { log_file: site.directory } });
    const well = await run('--quiet');
    expect([well.code, well.stdout]).toEqual([0, '']);
    expect(well.stderr).toMatch(/^.* ERROR - Failed to configure file logging at .* is not a file.*\n$/);
    const log = join(site.directory, 'archiver.log');
    symlinkSync('/dev/full', log);
    site.configure(ucondb.url, { app: { log_file: log } });
    site.addFaultyRun(2);
    const failed = await run('--quiet');
    expect([failed.code, failed.stdout]).toEqual([1, '']);
    expect(failed.stderr).toMatch(/ERROR - Cannot write the log file [\s\S]*ERROR - ✗ Run 2 failed/);
  });

  it('says on stderr what ends it before there is a log file, even with --quiet', async () => {
    const ends = async (message: RegExp, ...flags: string[]) => {
      const { code, stdout, stderr } = await run('--quiet', ...flags);
      expect([code, stdout]).toEqual([1, '']);
      expect(stderr).toMatch(message);
      expect(stderr).not.toMatch(/ - (?:DEBUG|INFO|WARNING) - /);
    };
    writeFileSync(site.work, '');
    await ends(/Error Message: app\.work_dir .*work can't be made/);
    site.configure(ucondb.url, { app: { batch_size: 'many' } });
    await ends(/Error Message: .*app\.batch_size/);
    await ends(/app\.batch_size/, '--check-config');
    rmSync(site.config);
    await ends(/Error Message: .*config\.yaml/, '--report-status', '--json');
  });

  it('stays silent with --quiet while another archiver is at work, and says errors on stderr if there is no log file', async () => {
    site.addRuns(1);
    const held = ucondb.hold();
    const first = start(['--quiet']);
    await held;
    const silent = { code: 1, stdout: '', stderr: '' };
    expect(await run('--quiet')).toMatchObject(silent);
    ucondb.release();
    expect(await first.ended).toMatchObject({ ...silent, code: 0 });
    rmSync(site.work, { recursive: true });
    writeFileSync(site.work, '');
    const { app, ...others } = JSON.parse(readFileSync(site.config, 'utf8'));
    writeFileSync(site.config, JSON.stringify({ ...others, app: { work_dir: app.work_dir } }));
    const { code, stdout, stderr } = await run('--quiet');
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/CRITICAL - Error Message: app\.work_dir/);
    expect(stderr).not.toContain('INFO');
  });

  it('does not touch a run if schema.fcl is missing', async () => {
    site.addRuns(1);
    rmSync(join(site.directory, 'conf', 'schema.fcl'));
    const { code, stdout } = await run('--import-only');
    expect(code).toBe(1);
    expect(stdout).toContain('schema.fcl');
    expect(existsSync(join(site.work, 'import_failures.log'))).toBe(false);
  });

  it('uploads no run whose documents artdaqDB has lost', async () => {
    site.addRuns(1);
    await run('--import-only');
    rmSync(join(site.database, 'RunHistory'), { recursive: true });
    const { code, stdout } = await run('--migrate-only');
    expect(code).toBe(1);
    expect(stdout).toMatch(/✗ Run 1 failed .*no document of its record/);
    expect(await ucondb.runs()).toEqual([]);
  });

  it('never takes a broken state file for an empty one', async () => {
    site.addRuns(1);
    mkdirSync(site.work);
    writeFileSync(join(site.work, 'importer_state.json'), '{"last_contig');
    const { code, stdout } = await incremental();
    expect(code).toBe(1);
    expect(stdout).toContain('importer_state.json');
    expect(readFileSync(join(site.work, 'importer_state.json'), 'utf8')).toBe('{"last_contig');
    expect(readdirSync(site.work).some((name) => name.startsWith('importer_state.json.unreadable'))).toBe(
      true,
    );
    expect(existsSync(site.database)).toBe(false);
  });

  it('reports what is where beside a broken state file', async () => {
    site.addRuns(1, 2);
    await incremental();
    writeFileSync(join(site.work, 'importer_state.json'), '{"last_contig');
    const { code, stdout } = await run('--report-status');
    expect(code).toBe(1);
    expect(stdout).toContain("importer_state.json can't be understood");
    expect(stdout.match(/Range: +1 to 2/g)).toHaveLength(3);
  });
});

describe('runs that are asked for by number', () => {
  const error = (stdout: string): string | undefined => / - ERROR - (No such run: .*)/.exec(stdout)?.[1];

  it('are named if they are nowhere, with exit code 1, and the others are archived', async () => {
    site.addRuns(5000, 5002);
    const first = await run('--runs', '5000-5003,5200');
    expect([first.code, error(first.stdout)]).toEqual([
      1,
      'No such run: 5200 (--runs): neither in the run records, nor in artdaqDB, nor in UconDB, nor in a failure log',
    ]);
    expect(await ucondb.runs()).toEqual([5000, 5002]);
    const again = await run('--runs', '5000,5002');
    expect([again.code, error(again.stdout)]).toEqual([0, undefined]);
    expect(again.stdout).toContain('Migration Stage: archived already: 5000, 5002');
    for (const mode of [
      '--import-only',
      '--migrate-only',
      '--retry-failed-import',
      '--dry-run',
      '--verify',
    ]) {
      const { code, stdout } = await run(mode, '--runs', '5000,5003,5100-5199');
      expect([mode, code, error(stdout)]).toEqual([mode, 1, expect.stringContaining(': 5003, 5100-5199 (')]);
    }
  });

  it('count as archived if they are gone from the run records but in artdaqDB or UconDB', async () => {
    site.addRuns(1, 2);
    await run();
    rmSync(join(site.runRecords, '2'), { recursive: true });
    expect((await run('--runs', '2')).code).toBe(0);
    rmSync(site.database, { recursive: true });
    site.repair(1);
    expect((await run('--runs', '2')).code).toBe(0);
    expect((await run('--import-only', '--runs', '2')).code).toBe(1);
  });

  it('are found even if their blob was never compared and artdaqDB has lost them', async () => {
    site.addRuns(1, 2);
    await run();
    const {
      server_url: server,
      folder_name: folder,
      object_name: object,
    } = JSON.parse(readFileSync(site.config, 'utf8')).ucon_db;
    const notes = { uncompared_runs: [{ server, folder, object, runs: ['2'] }] };
    writeFileSync(join(site.work, 'uncompared_runs.json'), JSON.stringify(notes));
    rmSync(site.database, { recursive: true });
    expect(error((await run('--migrate-only', '--runs', '2,3')).stdout)).toContain('No such run: 3 (');
  });

  it('are retried if the failure log has them, and a line that is no run number is named once', async () => {
    site.addFaultyRun(1);
    await run();
    writeFileSync(join(site.work, 'import_failures.log'), '1\nrun 2\n');
    const { code, stdout } = await run('--retry-failed-import', '--runs', '1');
    expect([code, error(stdout)]).toEqual([1, undefined]);
    expect(stdout.match(/import_failures\.log:2: 'run 2' is no run number/g)).toHaveLength(1);
  });
});

describe('the command line', () => {
  it.each(['-h', '--help', '/?', '/h', '/help'])('prints help for %s', async (flag) => {
    const { code, stdout } = await archiveHere([flag]);
    expect(code).toBe(0);
    expect(stdout).toContain('--incremental');
  });

  it.each([
    [['--import-only', '--migrate-only'], 2],
    [['--no-such-flag'], 2],
    [['--runs', 'x'], 2],
  ])('ends %j with exit code %i', async (flags, expected) => {
    const { code, stderr } = await run(...flags);
    expect(code).toBe(expected);
    expect(stderr).toMatch(/--/);
  });

  it.each([
    ['--help', 1],
    ['--no-such-flag', 2],
  ])('ends %s on a full disk with exit code %i', (flag, expected) => {
    const full = openSync('/dev/full', 'w');
    const { status } = spawnSync(process.execPath, ['bin/run-archiver', flag], {
      stdio: ['ignore', full, full],
    });
    closeSync(full);
    expect(status).toBe(expected);
  });

  it('reports all problems of a configuration at once, without secrets', async () => {
    writeFileSync(
      site.config,
      'app:\n  batch_size: none\n  bach_size: 3\nucon_db:\n  writer_password: [hush-hush]\n',
    );
    const { code, stdout } = await run();
    expect(code).toBe(1);
    expect(stdout).toContain('ERROR SUMMARY');
    expect(stdout).toContain('config.yaml:2');
    expect(stdout).toContain('source_files.run_records_dir');
    expect(stdout).not.toContain('hush-hush');
  });

  it('answers a missing configuration file with exit code 1', async () => {
    const { code, stdout } = await archiveHere([join(site.directory, 'nothing.yaml')]);
    expect(code).toBe(1);
    expect(stdout).toContain('nothing.yaml');
  });

  it('waits for nothing once it is done', async () => {
    const process = start(['--report-status']);
    await process.says('END OF STATUS REPORT');
    expect((await process.ended).code).toBe(0);
  });
});
