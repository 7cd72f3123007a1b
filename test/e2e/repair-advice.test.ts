import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { documentOf } from '../helpers/database-damage.ts';
import { useSite } from '../helpers/use-site.ts';

const program = resolve(import.meta.dirname, '../../bin/repair-filesystemdb');
const { site, run } = useSite();
const repair = (...flags: string[]) =>
  spawnSync(program, [site.database, '--settle', '0', ...flags], { encoding: 'utf8' });

it('the advice of repair-filesystemdb for a damaged run is the command that makes it whole', async () => {
  site.addRuns(1, 2, 3);
  expect((await run('--incremental')).code).toBe(0);
  const { id } = documentOf(site.database, '2/test2', 'boot');
  rmSync(join(site.database, 'RunHistory', `${id}.json`));
  const { status, stdout } = repair('--apply');
  const [, flags = ''] =
    /advice: import the run again \(run-archiver config\.yaml ([^)]*)\)/.exec(stdout) ?? [];
  expect([status, flags]).toEqual([1, '--import-only --runs 2']);

  expect((await run(...flags.split(' '))).code).toBe(0);
  expect(repair().status).toBe(0);
  expect((await run('--verify')).code).toBe(0);
});
