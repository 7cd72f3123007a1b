import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { useSite } from '../helpers/use-site.ts';

const { site, run } = useSite();
const inWork = (name: string) => join(site.work, name);
const content = (name: string) => readFileSync(inWork(name), 'utf8');
const torn = '{"torn": [';

it.each([
  [
    'import',
    {
      'importer_unfinished.json': ['7-8'],
      'importer_untimed.json': ['7-8'],
      'importer_unfinished_turns.json': [],
      'importer_seen.json': ['7-8'],
      'amended_runs.json': [],
    },
  ],
  ['migrate', { 'migrator_seen.json': ['7-8'], 'amended_runs.json': [], 'unequal_runs.json': [] }],
] as const)(
  '--recover-%s-state replaces records that stop the stage, keeps them aside, and says so',
  async (stage, records) => {
    const names = Object.keys(records);
    site.addRuns(7, 8);
    expect((await run('--incremental')).code).toBe(0);
    for (const name of names) writeFileSync(inWork(name), torn);
    site.addRun(9);
    expect((await run('--incremental')).code).toBe(1);

    expect((await run(`--recover-${stage}-state`, '--dry-run')).code).toBe(0);
    expect(names.map(content)).toEqual(names.map(() => torn));
    const { code, stdout } = await run(`--recover-${stage}-state`);
    expect(code).toBe(0);
    for (const [name, runs] of Object.entries(records)) {
      expect(stdout).toMatch(
        new RegExp(`✓ (?:Written|Emptied) .*${name} \\(before: .*${name}\\.before-recovery-`),
      );
      expect(Object.values(JSON.parse(content(name)))[0]).toEqual(
        name.endsWith('_seen.json') ? [expect.stringMatching(/^7-[89]$/)] : runs,
      );
      const kept = readdirSync(site.work).filter((each) => each.startsWith(`${name}.before-recovery-`));
      expect(kept.map(content)).toEqual([torn]);
    }
    expect((await run('--incremental')).code).toBe(0);
    expect((await run('--verify')).stdout).toContain('3 runs equal');
  },
);

it('a recovery leaves a record alone that it can read', async () => {
  site.addRun(7);
  expect((await run('--incremental')).code).toBe(0);
  const amended = '{"amended_runs": ["7"]}';
  writeFileSync(inWork('amended_runs.json'), amended);
  expect((await run('--recover-import-state')).code).toBe(0);
  expect(content('amended_runs.json')).toBe(amended);
});
