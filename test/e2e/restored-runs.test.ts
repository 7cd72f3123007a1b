import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { useSite } from '../helpers/use-site.ts';

const { site, ucondb, run } = useSite();
const target = () => join(site.directory, 'restored');
const restore = (runs: string, ...flags: string[]) => run('--restore', runs, '--to', target(), ...flags);

beforeEach(async () => {
  site.addRuns(5, 6, 8);
  await run();
});

describe('--restore of several runs', () => {
  it('writes each into a directory of its own, and leaves alone what is there already', async () => {
    const dry = await restore('5-7', '--dry-run');
    expect([dry.code, dry.stdout]).toEqual([0, expect.stringContaining('Restore: 2 runs would be in')]);
    expect(existsSync(target())).toBe(false);
    const first = await restore('5-7', '--limit', '1');
    expect([first.code, readdirSync(target())]).toEqual([0, ['5']]);
    expect(first.stdout).toContain('Restore: 1 runs, 1 more are left: 5');
    const second = await restore('5-8');
    expect([second.code, readdirSync(target())]).toEqual([0, ['5', '6', '8']]);
    expect(second.stdout).toMatch(/✓ Run 5: is in .*restored\/5 already, with the same content/);
    const blob = await ucondb.blob(8);
    for (const name of readdirSync(join(target(), '8'))) {
      expect(blob).toContain(`\n#####\n${name}:\n#####\n${readFileSync(join(target(), '8', name), 'utf8')}`);
    }
  });

  it('writes each blob as it is into a file with --raw', async () => {
    expect((await restore('5,8', '--raw')).code).toBe(0);
    expect(readdirSync(target())).toEqual(['5.blob', '8.blob']);
    expect(readFileSync(join(target(), '8.blob'), 'utf8')).toBe(await ucondb.blob(8));
    expect((await restore('5-8', '--raw')).code).toBe(0);
  });

  it('names the run that would replace a file, and restores the others', async () => {
    mkdirSync(join(target(), '6'), { recursive: true });
    writeFileSync(join(target(), '6', 'boot.fcl'), 'mine');
    writeFileSync(join(target(), '8'), 'a file');
    const { code, stdout } = await restore('1-3,5-8');
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /✗ Run 6 failed .*boot\.fcl already exists; nothing was restored \(--force replaces files\)/,
    );
    expect(stdout).toMatch(/✗ Run 8 failed .*8 exists and is no directory/);
    expect(stdout).toContain('Restore: not in UconDB: 1-3 (--restore)');
    expect(stdout).toContain('Restore: failed: 6, 8');
    expect(readdirSync(join(target(), '6'))).toEqual(['boot.fcl']);
    expect(readdirSync(join(target(), '5')).length).toBeGreaterThan(3);
    expect((await restore('5-7', '--force')).code).toBe(0);
    expect(readFileSync(join(target(), '6', 'boot.fcl'), 'utf8')).not.toBe('mine');
  });

  it('ends at once where the directory can not be made', async () => {
    writeFileSync(target(), 'a file');
    const { code, stdout } = await restore('5-8');
    expect([code, stdout]).toEqual([
      1,
      expect.stringContaining('exists and is no directory; nothing was restored'),
    ]);
  });
});
