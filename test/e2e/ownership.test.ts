import { spawnSync } from 'node:child_process';
import { chownSync, mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { useSite } from '../helpers/use-site.ts';

const nobody = 65534;
const asNobody = ['setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups', '--'];
const asRoot = ['/bin/sh', '-c', 'umask 077; exec "$@"', 'sh'];

/** Only root can leave files that others can't use, and the program must be where another account can read it. */
const isRoot =
  process.getuid?.() === 0 &&
  spawnSync(asNobody[0] ?? '', [...asNobody.slice(1), process.execPath, '-e', '1'], { cwd: '/' }).status ===
    0 &&
  spawnSync(asNobody[0] ?? '', [
    ...asNobody.slice(1),
    'test',
    '-r',
    resolve('dist/programs/run-archiver.cjs'),
  ]).status === 0;

describe.runIf(isRoot)('what an execution as root leaves', () => {
  const { site, start } = useSite();

  it.each([
    ['in the directories of the account', true, '', 'importer_state.json', 'as root, chown nobody'],
    ['with the directories', false, 'can.t be written.*', 'work', 'give nobody the right to use it'],
  ])('%s is named with its owner and what to do', async (_, isOwn, problem, left, remedy) => {
    site.addRuns(1, 2);
    chownSync(site.config, nobody, nobody);
    if (isOwn) {
      for (const directory of [site.work, site.database]) {
        mkdirSync(directory);
        chownSync(directory, nobody, nobody);
      }
    }
    expect((await start(['--incremental'], { under: asRoot }).ended).code).toBe(0);
    const says = new RegExp(
      `${problem}${left}.* belongs to root \\(mode 0[67]00\\), and the archiver runs as nobody: ${remedy}`,
    );

    const check = await start(['--check-config'], { under: asNobody }).ended;
    expect([check.code, check.stdout]).toEqual([1, expect.stringMatching(says)]);
    expect(check.stdout).toMatch(/log_file .*archiver\.log.* belongs to root/);
    expect(check.stdout).toMatch(/database_uri .*belongs to root/);

    const execution = await start(['--incremental'], { under: asNobody }).ended;
    expect(execution.stdout).toMatch(/Failed to configure file logging .* belongs to root/);
    expect([execution.code, execution.stdout]).toEqual([
      1,
      expect.stringMatching(/belongs to root \(mode 0700\)/),
    ]);
  });
});
