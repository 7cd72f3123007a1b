import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lookAtRunRecords } from '../../../src/checks/run-records.ts';
import { Site } from '../../helpers/site.ts';

let site: Site;

beforeEach(() => {
  site = new Site().make('http://127.0.0.1:1/app');
});
afterEach(() => site.remove());

/** Looks at the run records as an account that may not use some paths. */
function look(...denied: readonly string[]) {
  const paths = denied.map((name) => join(site.runRecords, name));
  return lookAtRunRecords(site.runRecords, async (path) => {
    if (paths.includes(path)) throw Object.assign(new Error('permission denied'), { code: 'EACCES' });
  });
}

describe('the check of run records', () => {
  it('counts the runs and looks at the newest', async () => {
    site.addRuns(3, 20);
    expect(await look('3', '3/boot.txt')).toEqual({ text: '2 runs, the newest 20', warnings: [] });
  });

  it.each(['20', '20/boot.txt'])('reports %s if it may not be read', async (path) => {
    site.addRuns(3, 20);
    const problem = `the newest run, 20, can't be read: ${site.runRecords}/${path}: permission denied; give the account`;
    await expect(look(path)).rejects.toThrow(problem);
  });

  it('warns of a directory without runs, and of a newest run that can not be archived', async () => {
    expect((await look()).warnings).toEqual([expect.stringContaining('it holds no run')]);
    site.addRun(4);
    symlinkSync('nowhere', join(site.runRecords, '4', 'lost.fcl'));
    expect((await look()).warnings).toEqual([expect.stringMatching(/the newest run, 4, .*lost\.fcl/)]);
  });
});
