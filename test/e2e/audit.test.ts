import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UconDbClient } from '../../src/ucondb/ucondb-client.ts';
import { account } from '../helpers/site.ts';
import { useSite } from '../helpers/use-site.ts';

const { site, ucondb, start, run } = useSite();

/**
 * Changes what artdaqDB holds of one run's component.
 * @returns a function that makes it good
 */
function falsify(number: number): () => void {
  const directory = join(site.database, 'RunHistory');
  const paths = readdirSync(directory).map((name) => join(directory, name));
  const path = paths.find(
    (each) => !each.endsWith('index.json') && readFileSync(each, 'utf8').includes(`"run" : "${number}"`),
  );
  if (path === undefined) throw new Error(`no component of run ${number} is in artdaqDB`);
  const text = readFileSync(path, 'utf8');
  writeFileSync(path, text.replace(`"run" : "${number}"`, '"run" : "0815"'));
  return () => writeFileSync(path, text);
}

describe('--verify', () => {
  it('finds what differs between artdaqDB and UconDB, by run and file', async () => {
    site.addRuns(1, 2, 3);
    await run();
    expect((await run('--verify')).code).toBe(0);
    falsify(2);
    const { code, stdout } = await run('--verify', '--json');
    expect(code).toBe(1);
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({ version: 1, missing_in_ucondb: [], left: 0 });
    expect(report.runs.map(({ run }: { run: number }) => run)).toEqual([3, 2, 1]);
    expect(report.runs[1]).toMatchObject({ different: ['component01.fcl'], only_in_ucondb: [] });
    const text = await run('--verify', '--runs', '2');
    expect(text.stdout).toContain('✗ Run 2 differs: different: component01.fcl');
  });

  it('compares as many of the runs asked for by number as --limit allows, and fails if there are none', async () => {
    site.addRuns(1, 2);
    await run();
    const { code, stdout } = await run('--verify', '--runs', '1-2', '--limit', '1');
    expect(code).toBe(0);
    expect(stdout).toContain('1 runs were not compared');
    const none = await run('--verify', '--runs', '7');
    expect(none.code).toBe(1);
    expect(none.stdout).toContain('None of the runs asked for is in both artdaqDB and UconDB');
  });

  it('continues where it stopped, newest first, and starts again when it has compared all', async () => {
    site.addRuns(1, 2, 3);
    await run();
    const first = await run('--verify', '--limit', '2', '-v');
    expect(first.stdout).toContain('1 runs are left; the next --verify continues with them');
    expect(first.stdout).toContain('✓ Run 3: ');
    expect(first.stdout).not.toContain('✓ Run 1: ');
    const second = await run('--verify', '-v');
    expect(second.stdout).toContain('comparing 1 runs');
    expect(second.stdout).toContain('✓ Run 1: ');
    expect((await run('--verify')).stdout).toContain('comparing 3 runs');
  });

  it('ends however many runs differ, and names each until it is found equal', async () => {
    site.addRuns(1, 2, 3, 4);
    await run();
    const heal = [2, 3, 4].map((number) => falsify(number));
    const verify = async (...flags: string[]) => {
      const { code, stdout } = await run('--verify', '--json', ...flags);
      const { runs, unequal_before, left } = JSON.parse(stdout);
      return { code, runs: runs.map((each: { run: number }) => each.run), before: unequal_before, left };
    };
    const some = ['--limit', '2'];
    expect(await verify(...some)).toEqual({ code: 1, runs: [4, 3], before: [], left: 2 });
    const known = [{ first: 3, last: 4 }];
    expect(await verify(...some)).toEqual({ code: 1, runs: [2, 1], before: known, left: 0 });
    // The next round has those first that differed.
    expect(await verify('--limit', '3')).toEqual({ code: 1, runs: [4, 3, 2], before: [], left: 1 });
    const { code, stdout } = await run('--verify', '--dry-run');
    expect(code).toBe(1);
    expect(stdout).toContain('Not compared now, but unequal when compared last: 2-4');
    for (const makeGood of heal) makeGood();
    expect(await verify('--runs', '2-4')).toEqual({ code: 0, runs: [4, 3, 2], before: [], left: 0 });
    expect(await verify(...some)).toEqual({ code: 0, runs: [1], before: [], left: 0 });
    expect(await verify(...some)).toEqual({ code: 0, runs: [4, 3], before: [], left: 2 });
  });

  it('still names a run that differed and has since gone from one of the places', async () => {
    site.addRuns(1, 2);
    await run();
    falsify(2);
    expect((await run('--verify')).code).toBe(1);
    const elsewhere = [
      { artdaq_db: { database_uri: `filesystemdb://${site.database}-2` } },
      { ucon_db: { object_name: 'empty' } },
    ];
    for (const parameters of elsewhere) {
      site.configure(ucondb.url, parameters);
      const { code, stdout } = await run('--verify');
      expect([code, stdout]).toEqual([
        1,
        expect.stringContaining('Not compared now, but unequal when compared last: 2 '),
      ]);
    }
  });

  it('does not miss the blob of a run that came late and waits for its migration', async () => {
    site.addRuns(2, 3);
    await run('--incremental');
    site.addRun(1);
    await run('--import-only', '--incremental');
    const { code, stdout } = await run('--verify');
    expect(stdout).not.toContain('Missing in UconDB');
    expect(code).toBe(0);
  });

  it('reports a run that counts as migrated but is not in UconDB, and not one that still waits', async () => {
    site.addRuns(1, 2);
    await run();
    site.addRuns(3);
    await run('--import-only');
    expect((await run('--verify')).code).toBe(0);
    site.configure(ucondb.url, { ucon_db: { object_name: 'empty' } });
    const { code, stdout } = await run('--verify');
    expect([code, stdout]).toEqual([1, expect.stringContaining('counted as migrated: 1-2')]);
  });
});

describe('--restore', () => {
  const target = () => join(site.directory, 'restored', 'here');

  it("writes a run's files, and never over others without --force", async () => {
    site.addRuns(7);
    await run();
    expect((await run('--restore', '7', '--to', target(), '--dry-run')).code).toBe(0);
    expect(existsSync(target())).toBe(false);
    expect((await run('--restore', '7', '--to', target())).code).toBe(0);
    const blob = await ucondb.blob(7);
    for (const name of readdirSync(target())) {
      expect(blob).toContain(`\n#####\n${name}:\n#####\n${readFileSync(join(target(), name), 'utf8')}`);
    }
    expect(readdirSync(target())).toHaveLength(6);
    rmSync(join(target(), 'metadata.fcl'));
    writeFileSync(join(target(), 'boot.fcl'), 'mine');
    const refused = await run('--restore', '7', '--to', target());
    expect([refused.code, refused.stdout]).toEqual([1, expect.stringContaining('--force replaces files')]);
    expect(existsSync(join(target(), 'metadata.fcl'))).toBe(false);
    expect((await run('--restore', '7', '--to', target(), '--force')).code).toBe(0);
    expect(readFileSync(join(target(), 'boot.fcl'), 'utf8')).not.toBe('mine');
  });

  it('says clearly why it cannot', async () => {
    site.addRuns(7);
    await run();
    expect((await run('--restore', '8', '--to', target())).code).toBe(1);
    mkdirSync(join(site.directory, 'restored'));
    writeFileSync(target(), 'a file');
    expect((await run('--restore', '7', '--to', target())).stdout).toMatch(/restored to .*here: /);
    rmSync(target());
    mkdirSync(target());
    symlinkSync(join(site.directory, 'outside'), join(target(), 'boot.fcl'));
    const { code, stdout } = await run('--restore', '7', '--to', target(), '--force');
    expect([code, stdout]).toEqual([1, expect.stringContaining('exists and is no file')]);
    expect(existsSync(join(site.directory, 'outside'))).toBe(false);
  });

  const preloading = (name: string, env: Record<string, string>) => ({
    env: { NODE_OPTIONS: `--import=${new URL(`../helpers/${name}`, import.meta.url).href}`, ...env },
  });

  it('leaves nothing behind on a full disk', async () => {
    site.addRuns(7);
    await run();
    const restore = (...flags: string[]) =>
      start(
        ['--restore', '7', '--to', target(), ...flags],
        preloading('full-disk.mjs', { FULL_DISK_DIRECTORY: join(target(), '..'), FULL_DISK_BYTES: '300' }),
      ).ended;
    const { code, stdout } = await restore();
    expect([code, stdout]).toEqual([
      1,
      expect.stringMatching(/run 7 could not be restored to .*here: nothing was written: .*ENOSPC/),
    ]);
    expect(readdirSync(join(target(), '..'))).toEqual([]);
    mkdirSync(target());
    writeFileSync(join(target(), 'boot.fcl'), 'mine');
    expect((await restore('--force')).code).toBe(1);
    expect(readdirSync(target())).toEqual(['boot.fcl']);
    expect(readFileSync(join(target(), 'boot.fcl'), 'utf8')).toBe('mine');
  });

  it('leaves nothing behind when it is stopped, be it gracefully or at once', async () => {
    site.addRuns(7);
    await run();
    const restore = (env: Record<string, string>) =>
      start(
        ['--restore', '7', '--to', target()],
        preloading('stalled-write.mjs', { STALLED_DIRECTORY: join(target(), '..'), ...env }),
      );
    const stalled = 'the second file is stalled';
    const once = restore({});
    await once.says(stalled);
    once.kill('SIGINT');
    const { code, stdout } = await once.ended;
    expect([code, stdout]).toEqual([130, expect.stringContaining('Run 7 was not restored')]);
    expect(readdirSync(join(target(), '..'))).toEqual([]);
    const thrice = restore({ STALLED_FOR_EVER: 'yes' });
    await thrice.says(stalled);
    expect(readdirSync(join(target(), '..'))).toEqual([expect.stringMatching(/^\.here\..*archiver-tmp$/)]);
    for (const answer of ['GRACEFUL SHUTDOWN REQUESTED', 'pressed 2/3', 'IMMEDIATE SHUTDOWN']) {
      thrice.kill('SIGINT');
      await thrice.says(answer);
    }
    expect((await thrice.ended).code).toBe(130);
    expect(readdirSync(join(target(), '..'))).toEqual([]);
  });
});

describe('--restore of a blob that an older archiver stored', () => {
  const target = () => join(site.directory, 'restored');
  const restore = (...flags: string[]) => run('--restore', '7', '--to', target(), ...flags);

  /** Stores a blob of run 7 with these files. */
  async function store(
    ...files: readonly (readonly [name: string, content: Buffer | string])[]
  ): Promise<Buffer> {
    const time = 'Packed on Oct 24 15:30 UTC\n';
    const blob = Buffer.concat([
      Buffer.from(`Start of Record\nRun Number: 7\n${time}`),
      ...files.flatMap(([name, content]) => [
        Buffer.from(`\n#####\n${name}:\n#####\n`),
        Buffer.from(content as string),
      ]),
      Buffer.from(`\nEnd of Record\nRun Number: 7\n${time}`),
    ]);
    const { folder: folderName, user: writerUser, password: writerPassword } = account;
    const server = { serverUrl: ucondb.url, folderName, objectName: 'runs', writerUser, writerPassword };
    const client = new UconDbClient({ ...server, timeoutSeconds: 5 });
    await client.put(7, blob);
    await client.close();
    return blob;
  }

  it('puts directories and bytes below --to as they are', async () => {
    const bytes = Buffer.from([0xff, 0xfe, 0x0a, 0x80, 0]);
    await store(['sub/deep/a.fcl', bytes], ['sub/B.fcl', 'b: 1\n'], ['ä.fcl', 'ä: 1\n']);
    for (const flags of [[], ['--force']]) {
      expect((await restore(...flags)).code).toBe(0);
      expect(readFileSync(join(target(), 'sub', 'deep', 'a.fcl'))).toEqual(bytes);
      expect(readFileSync(join(target(), 'sub', 'B.fcl'), 'utf8')).toBe('b: 1\n');
      expect(readFileSync(join(target(), 'ä.fcl'), 'utf8')).toBe('ä: 1\n');
    }
    const again = await restore();
    expect([again.code, again.stdout]).toEqual([1, expect.stringContaining('--force replaces files')]);
  });

  it.each([[['sub/../../out.fcl']], [['sub/a.fcl', 'Sub']]])(
    'writes nothing of %j, unless as it is',
    async (names) => {
      const blob = await store(...names.map((name) => [name, 'x: 1\n'] as const));
      const { code, stdout } = await restore('--force');
      expect([code, stdout]).toEqual([1, expect.stringContaining('--raw writes the blob as it is')]);
      expect(existsSync(target())).toBe(false);
      expect((await restore('--raw')).code).toBe(0);
      expect(readdirSync(target())).toEqual(['run7.blob']);
      expect(readFileSync(join(target(), 'run7.blob'))).toEqual(blob);
      expect((await restore('--raw')).code).toBe(1);
    },
  );

  it('follows no link out of the directory', async () => {
    await store(['sub/out.fcl', 'x: 1\n']);
    mkdirSync(target());
    mkdirSync(join(site.directory, 'elsewhere'));
    symlinkSync(join(site.directory, 'elsewhere'), join(target(), 'sub'));
    const { code, stdout } = await restore('--force');
    expect([code, stdout]).toEqual([1, expect.stringContaining('exists and is no directory')]);
    expect(readdirSync(join(site.directory, 'elsewhere'))).toEqual([]);
  });

  it('shows a name as it is, whatever it would do to a terminal', async () => {
    await store(['lcf.\u202etxt', 'x: 1\n']);
    const { code, stdout } = await restore();
    expect([code, stdout]).toEqual([0, expect.stringContaining('lcf.\\u{202e}txt')]);
    expect(`${stdout}${site.read('archiver.log')}`).not.toContain('\u202e');
    expect(readdirSync(target())).toEqual(['lcf.\u202etxt']);
  });
});

describe('--validate', () => {
  it('warns about missing parameters of metadata.fcl, and passes a whole one', async () => {
    site.addRuns(1);
    site.addRun(2, {
      'metadata.txt':
        'Config name: test2\nComponent #0: component01\nsbndaq commit/version: v1\nDAQInterface start time: Thu Oct 24 15:30:00 UTC 2024\n',
    });
    const { code, stdout } = await run('--validate');
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /found \d errors for run 1: .*no matches for parameter 'sbndaq_commit_or_version'/,
    );
    expect(stdout).toMatch(/Blob validation passed for run 2: components: \[.*\], configuration: test2, /);
  });
});
