import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { FilesystemDb } from '../../../src/artdaqdb/filesystem/filesystem-db.ts';
import { ArchiverHere, archiveHere } from '../../helpers/archiver-here.ts';
import { ArchiverProcess } from '../../helpers/archiver-process.ts';
import { Site } from '../../helpers/site.ts';
import { hasSshd, Sshd } from '../../helpers/sshd.ts';
import { StandInTools } from '../../helpers/stand-in-tools.ts';

describe.runIf(hasSshd())('the archiver with the tools of another host', () => {
  let sshd: Sshd;
  let site: Site;
  let tools: StandInTools;
  let env: Record<string, string>;

  beforeAll(async () => {
    sshd = await Sshd.start();
  });
  afterAll(() => sshd.close());

  beforeEach(() => {
    site = new Site().make('http://127.0.0.1:1/app', {
      app: { parallel_workers: 1 },
      artdaq_db: { use_tools: true, remote_host: Sshd.host },
    });
    tools = new StandInTools(join(site.directory, 'far-bin'));
    for (const directory of ['far-tmp', 'bin']) mkdirSync(join(site.directory, directory));
    putSsh('');
    env = { PATH: `${site.directory}/bin:${process.env.PATH}` };
    login(join(site.directory, 'far-tmp'));
  });

  /** ssh takes the home directory, and with it its configuration, from the account. */
  function putSsh(before: string): void {
    const ssh = `#!/bin/sh\n${before}\nexec /usr/bin/ssh -F '${sshd.config}' "$@"\n`;
    writeFileSync(join(site.directory, 'bin', 'ssh'), ssh, { mode: 0o755 });
  }

  function login(temporary: string): void {
    sshd.login({ env: { PATH: `${tools.directory}:${process.env.PATH}`, TMPDIR: temporary } });
  }

  afterEach(() => {
    const left = readdirSync(join(site.directory, 'far-tmp'));
    site.remove();
    expect(left).toEqual([]);
  });

  /** How many documents the database holds of each entity. */
  async function documents(run: number): Promise<Record<string, number>> {
    const database = new FilesystemDb(site.database);
    const found = await database.composition(run, `test${run}`);
    await database.close();
    const count: Record<string, number> = {};
    for (const { entry } of found) count[entry.entity] = (count[entry.entity] ?? 0) + 1;
    return count;
  }

  it('imports runs', async () => {
    site.addRuns(5, 6);
    const { code, stdout } = await archiveHere([site.config, '--import-only'], env);
    expect(stdout).not.toMatch(/error|warning/i);
    expect(code).toBe(0);
    const calls = tools.calls();
    expect(calls.map(({ run }) => run).toSorted()).toEqual(['5', '5', '6', '6']);
    expect(new Set(calls.map(({ uri }) => uri))).toEqual(new Set([`filesystemdb://${site.database}`]));
    expect(Object.values(await documents(6)).every((count) => count === 1)).toBe(true);
  });

  it.each([
    ['killed', async (archiver: ArchiverProcess) => archiver.kill('SIGKILL')],
    [
      'stopped by three Ctrl-C',
      async (archiver: ArchiverProcess) => {
        for (const answer of ['GRACEFUL SHUTDOWN', 'pressed 2/3', 'IMMEDIATE SHUTDOWN']) {
          archiver.kill('SIGINT');
          await archiver.says(answer);
        }
      },
    ],
  ])('stores nothing twice if it is %s while the host loads a run', async (_how, stop) => {
    site.addRun(5);
    tools.spoil('bulkloader', { at: 1, pause: true });
    const killed = new ArchiverProcess([site.config, '--import-only'], { env });
    await tools.reached('paused');
    await stop(killed);
    await killed.ended;
    const next = new ArchiverHere([site.config, '--import-only'], { env });
    await next.says('A killed archiver left tools at work');
    tools.resume();
    expect((await next.ended).code).toBe(0);
    const stored = await documents(5);
    expect(Object.keys(stored)).toEqual(expect.arrayContaining(['boot', 'schema']));
    expect(Object.values(stored).every((count) => count === 1)).toBe(true);
  });

  it.each<[what: string, spoil: () => void, repair: () => void]>([
    [
      'has no temporary directory any more',
      () => login(join(site.directory, 'none')),
      () => login(join(site.directory, 'far-tmp')),
    ],
    [
      'goes away after the first run',
      () => {
        // One for the check, two for each run.
        const limit = 'echo x >>"$0.calls"; if [ "$(wc -l <"$0.calls")" -gt 3 ]; then';
        putSsh(`${limit} echo "ssh: connect to host: Connection refused" >&2; exit 255; fi`);
      },
      () => putSsh(''),
    ],
    [
      'has no room for its tools',
      () =>
        tools.spoil('bulkloader', { fail: 'boot', says: 'No space left on device', skip: 2, always: true }),
      () => tools.spoil('bulkloader', {}),
    ],
  ])('condemns no run if the host %s, and imports all once that is over', async (_what, spoil, repair) => {
    const runs = [5, 6, 7, 8, 9];
    site.addRuns(...runs);
    spoil();
    const { code, stdout } = await archiveHere([site.config, '--incremental', '--import-only'], env);
    expect(code).toBe(1);
    expect(existsSync(join(site.work, 'import_failures.log'))).toBe(false);
    expect(stdout).toMatch(/run\(s\) wait since .* because of a fault at (?:host far-host|artdaqDB write)/);
    const tried = new Set([...stdout.matchAll(/Processing run (\d+)/g)].map(([, run]) => run));
    expect(tried.size).toBeLessThan(runs.length);
    repair();
    expect((await archiveHere([site.config, '--incremental', '--import-only'], env)).code).toBe(0);
    expect(await new FilesystemDb(site.database).listRuns()).toEqual(runs);
  });

  it('names what the host lacks, and tries no run', async () => {
    site.addRun(5);
    sshd.login({});
    const { code, stdout } = await archiveHere([site.config, '--import-only'], env);
    expect(code).toBe(1);
    expect(stdout).toContain(`${Sshd.host} has no bulkloader, bulkdownloader on PATH`);
    expect(tools.calls()).toEqual([]);
  });
});
