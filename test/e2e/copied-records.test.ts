import { appendFileSync, existsSync, renameSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { realProgram } from '../helpers/archiver-process.ts';
import { useSite } from '../helpers/use-site.ts';

const { site, ucondb, run, start } = useSite();
const path = (number: number, ...names: string[]) => join(site.runRecords, String(number), ...names);
/** What whole-second file systems and rsync make of the time of a change. */
const makeOld = (...names: string[]) => {
  for (const name of names) utimesSync(name, 1e9, 1e9);
};
const failed = () =>
  existsSync(join(site.work, 'import_failures.log')) ? site.read('import_failures.log') : '';

describe('a record that rsync is bringing', () => {
  it('is left for later without a failure, takes no place, and is archived whole', async () => {
    site.addRuns(5, 6);
    site.configure(ucondb.url, { app: { batch_size: 1 } });
    const temporary = path(5, '.metadata.txt.Xy12Zz');
    const metadata = path(5, 'metadata.txt');
    renameSync(metadata, temporary);
    makeOld(temporary, path(5));
    const first = await run('--incremental');
    expect(first.code).toBe(0);
    expect(first.stdout).toContain('1 runs wait as they are still being copied: 5');
    expect(first.stdout).toContain(
      'Run 5 is still being copied: .metadata.txt.Xy12Zz looks like a copy in progress',
    );
    expect([await ucondb.runs(), failed()]).toEqual([[6], '']);
    renameSync(temporary, metadata);
    makeOld(path(5));
    expect((await run('--incremental')).code).toBe(0);
    expect(await ucondb.runs()).toEqual([5, 6]);
    expect(await ucondb.blob(5)).toContain('config_name: "test5"');
  });
});

describe('a record that is written while the archiver looks', () => {
  it('is left for later on a file system that shows whole seconds, whatever the clock of its server', async () => {
    site.addRuns(4, 5);
    const archiver = start(['--incremental'], { program: realProgram });
    let lines = 0;
    const writer = setInterval(() => {
      appendFileSync(path(5, 'boot.txt'), `line_${lines++}: 1\n`);
      // Old times, or those of a server that is an hour ahead.
      const time = lines % 2 === 0 ? 1e9 : Math.floor(Date.now() / 1000) + 3600;
      for (const name of [path(5, 'boot.txt'), path(5)]) utimesSync(name, time, time);
    }, 100);
    const { code, stdout } = await archiver.ended;
    clearInterval(writer);
    expect([code, failed()]).toEqual([0, '']);
    expect(stdout).toContain('Run 5 is still being copied: it changed between two looks');
    expect(await ucondb.runs()).toEqual([4]);
    await run('--incremental');
    expect(await ucondb.blob(5)).toContain(`line_${lines - 1}: 1`);
  });

  it('is archived with the content of a file that was empty', async () => {
    site.addRun(5, { 'metadata.txt': '' });
    expect(await run('--incremental')).toMatchObject({ code: 0 });
    expect(await ucondb.runs()).toEqual([]);
    writeFileSync(path(5, 'metadata.txt'), 'Config name: late5\nComponent #0: component01\n');
    expect(await run('--incremental')).toMatchObject({ code: 0 });
    expect(await ucondb.blob(5)).toContain('late5');
  });
});
