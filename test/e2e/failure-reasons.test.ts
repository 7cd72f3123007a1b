import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { account } from '../helpers/site.ts';
import { useSite } from '../helpers/use-site.ts';

const { site, run, start } = useSite({ app: { parallel_workers: 1 } });
const reasonsFile = () => join(site.work, 'import_failure_reasons.json');

/** What the report says of each failed run, in all its forms: text, JSON, page. */
async function reported() {
  const page = join(site.directory, 'status.html');
  const { code, stdout, stderr } = await run('--report-status', '--json', '--html', page);
  expect(code).toBe(0);
  const { version, stages } = JSON.parse(stdout) as {
    version: number;
    stages: { failure_reasons: { run: number; time: string; message: string }[] | null }[];
  };
  expect(version).toBe(1);
  return { text: stderr, json: stages[0]?.failure_reasons, html: readFileSync(page, 'utf8') };
}

it('the report says when and why runs failed, as long as they are in the failure log', async () => {
  site.addRuns(1, 4);
  site.addFaultyRun(2);
  site.addRun(3, { [`${account.password}.fcl`]: 'a: [' });
  site.addFaultyRun(5);
  expect((await run('--incremental')).code).toBe(1);

  const { text, json, html } = await reported();
  expect(json).toEqual([
    {
      run: 2,
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      message: expect.stringMatching(/^component01\.fcl, line 1/),
    },
    { run: 3, time: expect.anything(), message: expect.stringMatching(/^\*\*\*\.fcl, line 1/) },
    { run: 5, time: expect.anything(), message: expect.stringMatching(/^component01\.fcl, line 1/) },
  ]);
  expect(text).toMatch(
    /IMPORT FAILURE LOG\n.*\n.* 5: +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d component01\.fcl, line 1.*\n.* 3: +/,
  );
  expect(html).toMatch(
    /<li><b>2<\/b> <time datetime="\S+">\d{4}-\S+ \S+ UTC<\/time> component01\.fcl, line 1/,
  );
  for (const shown of [text, html, site.read('import_failure_reasons.json')]) {
    expect(shown).not.toContain(account.password);
  }

  // Archived; taken out by hand; not in the log that a recovery makes.
  site.repair(2);
  expect((await run('--retry-failed-import')).code).toBe(1);
  expect((await reported()).json?.map((reason) => reason.run)).toEqual([3, 5]);
  expect(Object.keys(JSON.parse(site.read('import_failure_reasons.json')))).toEqual(['3', '5']);
  writeFileSync(join(site.work, 'import_failures.log'), '5\n');
  expect((await reported()).json?.map((reason) => reason.run)).toEqual([5]);
  expect((await run('--recover-import-state')).code).toBe(0);
  expect(site.read('import_failures.log')).toBe('3\n');
  expect(Object.keys(JSON.parse(site.read('import_failure_reasons.json')))).toEqual(['3']);
});

it('a stage that is stopped early has noted why runs failed until then', async () => {
  site.addFaultyRun(1);
  site.addRuns(...Array.from({ length: 30 }, (_, index) => index + 2));
  const archiver = start(['--import-only']);
  await archiver.says('✗ Run 1 failed');
  archiver.kill('SIGTERM');
  await archiver.ended;
  expect((await reported()).json).toEqual([expect.objectContaining({ run: 1 })]);
});

it('nothing that is wrong with the note changes how an execution ends, nor the failure log', async () => {
  site.addRun(1);
  site.addFaultyRun(2);
  const warned = 'WARNING - Why runs ';
  mkdirSync(reasonsFile(), { recursive: true });
  const unwritable = await run('--import-only');
  expect(unwritable.code).toBe(1);
  expect(unwritable.stdout.split(warned)).toHaveLength(2);
  expect(site.read('import_failures.log')).toBe('2\n');
  expect(site.state('importer_state.json')).toEqual({ last_contiguous_run: 1, last_attempted_run: 2 });
  rmSync(reasonsFile(), { recursive: true });

  writeFileSync(reasonsFile(), '{torn');
  const { text, json } = await reported();
  expect(json).toBeNull();
  expect(text).toMatch(
    /\d\. Why runs failed is not known: .*import_failure_reasons\.json can't be understood/,
  );
  site.repair(2);
  site.addFaultyRun(3);
  const torn = await run('--retry-failed-import');
  expect(torn.code).toBe(0);
  expect(torn.stdout.split(warned)).toHaveLength(2);
  expect(site.read('import_failure_reasons.json')).toBe('{}\n');

  const before = readFileSync(reasonsFile());
  expect((await run('--import-only', '--dry-run')).code).toBe(1);
  expect(readFileSync(reasonsFile())).toEqual(before);
  expect(existsSync(join(site.work, 'migrate_failure_reasons.json'))).toBe(false);
});
