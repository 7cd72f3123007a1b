import { execFileSync } from 'node:child_process';
import { EventEmitter } from 'node:events';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { packBlob } from '../../src/blob/pack.ts';
import { unpackBlob } from '../../src/blob/unpack.ts';
import { UconDbClient } from '../../src/ucondb/ucondb-client.ts';
import { compareRuns } from '../../tools/compare-artdaqdb-ucondb/compare.ts';
import { readFlags } from '../../tools/compare-artdaqdb-ucondb/flags.ts';
import { caughtStream } from '../helpers/archiver-here.ts';
import { documentOf, removeDocument } from '../helpers/database-damage.ts';
import { goldenRuns } from '../helpers/golden-records.ts';
import { account } from '../helpers/site.ts';
import { type ToolEnd, ToolProcess } from '../helpers/tool-process.ts';
import { useSite } from '../helpers/use-site.ts';

const tool = 'compare-artdaqdb-ucondb';

const { site, ucondb, run } = useSite({}, 'file');
let scratch: string;

/** Puts a blob beside or in place of what the archiver stored. */
async function put(run: number, blob: Buffer): Promise<void> {
  const parameters = { serverUrl: ucondb.url, folderName: account.folder, objectName: 'runs' };
  const writer = { writerUser: account.user, writerPassword: account.password };
  const client = new UconDbClient({ ...parameters, ...writer, timeoutSeconds: 5 });
  await client.replace(run, blob);
  await client.close();
}

/** Changes the text of one file in a run's blob; undefined takes the file out. */
async function change(run: number, name: string, edit: (text: string) => string | undefined): Promise<void> {
  const { files } = unpackBlob(Buffer.from(await ucondb.blob(run)));
  const changed = files.flatMap((file) => {
    const text = file.name === name ? edit(file.text) : file.text;
    return text === undefined ? [] : [{ name: file.name, text }];
  });
  await put(run, packBlob(run, changed, new Date()));
}

const compare = (first: number, last: number, ...flags: string[]) =>
  compareIn({}, site.config, first, last, ...flags);

/** In the process of the test, from its sources. */
async function compareIn(
  env: Readonly<Record<string, string>>,
  config: string,
  first: number,
  last: number,
  ...flags: string[]
): Promise<ToolEnd> {
  const [stdout, stderr] = [caughtStream(), caughtStream()];
  const code = await compareRuns(
    readFlags([config, '--start', `${first}`, '--end', `${last}`, ...flags]),
    mkdtempSync(join(site.directory, 'tmp-')),
    {
      env: { ...process.env, ...env },
      stdout,
      stderr,
      process: new EventEmitter(),
      exit: () => expect.unreachable(),
      now: () => new Date(),
      sleep: async () => undefined,
    },
  );
  return { code, stdout: stdout.text, stderr: stderr.text };
}

/** As users start it, in a process of its own. */
const start = (
  env: Readonly<Record<string, string>>,
  config: string,
  first: number,
  last: number,
  ...flags: string[]
) =>
  new ToolProcess(tool, [config, '--start', `${first}`, '--end', `${last}`, ...flags], {
    env: { TMPDIR: scratch, ...env },
  });

/** Everything below a directory, with contents and times of change. */
function snapshot(directory: string): Map<string, string> {
  const names = readdirSync(directory, { recursive: true, withFileTypes: true });
  return new Map(
    names.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [path, entry.isFile() ? readFileSync(path, 'base64') : String(statSync(path).mtimeMs)];
    }),
  );
}

const COMPONENT = 'component01.fcl';

beforeAll(async () => {
  scratch = join(site.directory, 'tmp');
  mkdirSync(scratch);
  // 1, 2: equal; 3: a value; 4: notation; 5: a file each is missing; 6: no record; 7: another run's; 8: document lost
  site.addRuns(1, 2, 3, 4, 5, 6, 7, 8, 9);
  expect((await run()).code).toBe(0);
  await change(3, COMPONENT, (text) => text.replace('run: 3', 'run: 33'));
  await change(4, COMPONENT, (text) => `# remark\n\n${text.replace('run: 4', 'run:  0x4 // hex')}`);
  await change(5, 'metadata.fcl', () => undefined);
  await put(6, Buffer.from('Start of something else\n'));
  await put(7, Buffer.from(await ucondb.blob(1)));
  removeDocument(site.database, 'RunHistory', documentOf(site.database, '8/test8', 'boot').id);
  removeDocument(site.database, 'RunHistory', documentOf(site.database, '9/test9', 'boot').id);
  await put(9, Buffer.alloc(10));
  // 11: in UconDB alone; 12: in artdaqDB alone; 10, 13: nowhere
  await put(11, packBlob(11, [{ name: 'a.fcl', text: 'a: 1\n' }], new Date()));
  site.addRun(12);
  expect((await run('--import-only')).code).toBe(0);
});

describe('a comparison of artdaqDB and UconDB', () => {
  it('tells matching, different, failed and missing runs, and changes nothing', async () => {
    const before = [site.database, site.work].map(snapshot);
    const { code, stdout, stderr } = await start({}, site.config, 1, 13).ended;
    expect([code, stderr]).toEqual([1, '']);
    expect([site.database, site.work].map(snapshot)).toEqual(before);
    expect(readdirSync(scratch)).toEqual([]);
    const lines = stdout.split('\n');
    expect(lines.slice(0, 6)).toEqual([
      'Run 3 differs',
      `    different: ${COMPONENT}`,
      'Run 4 differs',
      `    different: ${COMPONENT}`,
      'Run 5 differs',
      '    missing in UconDB: metadata.fcl',
    ]);
    expect(stdout).toMatch(/^Run 6 could not be compared: UconDB: not a run record/m);
    expect(stdout).toMatch(/^Run 7 could not be compared: .*key 7 is that of run 1$/m);
    expect(stdout).toMatch(/^Run 8 could not be compared: artdaqDB: .*is missing.*restore the file$/m);
    expect(stdout).toMatch(/^Run 9 could not be compared: artdaqDB: .*is missing.*; UconDB: not a run/m);
    expect(lines).toEqual(
      expect.arrayContaining([
        'COMPARISON SUMMARY, runs 1-13',
        'Total runs compared:  9',
        'Matching runs:        2',
        'Different runs:       3  (3-5)',
        'Failed runs:          4  (6-9)',
        'Missing in artdaqDB:  1  (11)',
        'Missing in UconDB:    1  (12)',
        'In neither place:     2',
      ]),
    );
    expect(stdout).toContain(site.database);
    expect(stdout).toContain(ucondb.url);
    expect(stdout).not.toContain(account.password);
  });

  it('succeeds if nothing differs, also where a run is missing in one place', async () => {
    const { code, stderr } = await compare(1, 2, '-v');
    expect([code, stderr]).toEqual([0, expect.stringMatching(/DEBUG.*Run 2: \d+ files are equal/)]);
    expect((await compare(10, 13)).code).toBe(0);
  });

  it('gives the same as JSON', async () => {
    const { code, stdout, stderr } = await compare(1, 13, '--json', '--show-diff');
    expect(code).toBe(1);
    expect(stderr).toContain('Run 3 differs');
    const { runs, ...rest } = JSON.parse(stdout);
    expect(rest).toEqual({
      version: 1,
      range: { first: 1, last: 13 },
      artdaqdb: expect.stringContaining(site.database),
      ucondb: expect.stringContaining(ucondb.url),
      interrupted: false,
      missing_in_artdaqdb: [{ first: 11, last: 11 }],
      missing_in_ucondb: [{ first: 12, last: 12 }],
      in_neither: [
        { first: 10, last: 10 },
        { first: 13, last: 13 },
      ],
      not_compared: [],
    });
    expect(runs).toHaveLength(9);
    expect(runs[0]).toEqual({
      run: 1,
      status: 'matching',
      error: null,
      matching: expect.any(Number),
      different: [],
      only_in_artdaqdb: [],
      only_in_ucondb: [],
      diffs: {},
      notes: [],
    });
    expect(runs[2].diffs[COMPONENT]).toContain('+run: 33 ');
    expect(runs[4]).toMatchObject({ run: 5, only_in_artdaqdb: ['metadata.fcl'], different: [] });
    expect(runs[5]).toEqual({ run: 6, status: 'failed', error: expect.stringContaining('run record') });
  });

  it('shows what differs in unified format', async () => {
    const { stdout } = await compare(3, 3, '--show-diff');
    expect(stdout).toContain(
      `--- artdaqDB/run_3/${COMPONENT}\n+++ UconDB/run_3/${COMPONENT}\n@@ -1,6 +1,6 @@\n`,
    );
    expect(stdout).toContain('\n-run: 3 \n+run: 33 \n');
  });
});

describe('what does not count', () => {
  const edits: readonly [run: number, flag: string, edit: (text: string) => string][] = [
    [20, '--ignore-case', (text) => text.replace('one', 'ONE')],
    [21, '--ignore-all-space', (text) => text.replace(': "one"', ' :\t"one" ')],
    [22, '--ignore-blank-lines', (text) => `\n${text}\n\n`],
    [23, '--ignore-matching-lines=^text: "(one|two)"', (text) => text.replace('one', 'two')],
    [24, '', (text) => text.replace('one', 'five').replace('text', 'five')],
  ];

  beforeAll(async () => {
    for (const [run] of edits) site.addRun(run, { [COMPONENT]: 'text: "one"\n' });
    expect((await run()).code).toBe(0);
    for (const [run, , edit] of edits) await change(run, COMPONENT, edit);
  });

  const differing = async (...flags: string[]) => {
    const { stdout } = await compare(20, 24, '--json', ...flags);
    const runs: { run: number; status: string }[] = JSON.parse(stdout).runs;
    return runs.filter(({ status }) => status === 'different').map(({ run }) => run);
  };

  it.each(edits.slice(0, 4))('in run %i is found out under %s alone', async (run, flag) => {
    expect(await differing(flag)).toEqual([20, 21, 22, 23, 24].filter((each) => each !== run));
  });

  it('still counts without an option, or under an expression that is empty or matches one of two lines', async () => {
    expect(await differing()).toEqual([20, 21, 22, 23, 24]);
    expect(await differing('--ignore-matching-lines', '')).toEqual([20, 21, 22, 23, 24]);
    expect(await differing('--ignore-matching-lines', 'f.ve')).toEqual([20, 21, 22, 23, 24]);
  });

  it('is a file that is named with or without its ending', async () => {
    expect(await differing('--ignore-files', 'x, component01')).toEqual([]);
    expect((await compare(3, 5, '--ignore-files', `metadata,${COMPONENT}`)).code).toBe(0);
  });
});

describe('normalised FHiCL', () => {
  let program: string;

  /** A stand-in for the site's program that drops comments. */
  function standIn(script: string): void {
    writeFileSync(program, `#!/bin/sh\n${script}`);
    chmodSync(program, 0o755);
  }

  beforeEach(() => {
    program = join(site.directory, 'fhicl-dump-stand-in');
    standIn(
      'echo "# Produced from $0 using:\n#   Input  : $2\n"\n[ "$1" = -c ] && grep -v "^#" "$2" | sed "s/0x4.*/4/;s/  */ /g;/^ *$/d"\n',
    );
  });

  it('is compared by its meaning', async () => {
    expect((await compare(4, 4, '--with-fhicl-dump')).code).toBe(0);
    const { code, stdout } = await compare(3, 3, '--with-fhicl-dump', '--show-diff');
    expect(code).toBe(1);
    expect(stdout).toContain('\n daq: {\n-   run: 3\n+   run: 33\n }\n');
  });

  it("comes from the site's program where that is asked for", async () => {
    expect((await compare(4, 4, '--fhicl-dump', program, '--ignore-all-space')).code).toBe(0);
    const path = { PATH: `${site.directory}:${process.env.PATH}` };
    const found = ['--with-fhicl-dump', '--fhicl-dump', 'fhicl-dump-stand-in', '--ignore-all-space'];
    expect((await start(path, site.config, 4, 4, ...found).ended).code).toBe(0);
    expect(readdirSync(scratch)).toEqual([]);
  });

  it('keeps a text that is no FHiCL as it is, with a notice', async () => {
    let original = '';
    await change(2, COMPONENT, (text) => {
      original = text;
      return 'a: [1, 2\n';
    });
    const own = await compare(2, 2, '--with-fhicl-dump');
    expect(own.code).toBe(1);
    expect(own.stdout).toMatch(/component01\.fcl of UconDB is not normalised: .*line 1, column 4/);
    await change(2, COMPONENT, () => original);
    standIn('case $2 in *probe.fcl) exit 0;; esac\necho no such thing >&2; exit 3\n');
    const sites = await compare(4, 4, '--fhicl-dump', program);
    expect(sites.code).toBe(1);
    expect(sites.stdout).toMatch(
      /component01\.fcl of artdaqDB is not normalised: .* failed \(3\): no such thing/,
    );
  });

  it('is not tried with a program that does not work', async () => {
    const { code, stdout, stderr } = await compare(1, 4, '--fhicl-dump', 'no-such-program');
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain('no-such-program');
    standIn('exit 127\n');
    expect((await compare(1, 4, '--fhicl-dump', program)).stderr).toContain('failed (127)');
  });
});

describe('directories for the files', () => {
  const places = () => ({ a: join(site.directory, 'kept', 'a'), u: join(site.directory, 'kept', 'u') });
  const flags = () => ['--artdaqdb-dir', places().a, '--ucondb-dir', places().u];

  it('get what was compared, anew each time', async () => {
    const { a, u } = places();
    expect((await compare(1, 8, ...flags())).code).toBe(1);
    for (const { name, text } of unpackBlob(Buffer.from(await ucondb.blob(3))).files) {
      expect(readFileSync(join(u, 'run_3', name), 'utf8')).toBe(text);
      expect(existsSync(join(a, 'run_3', name))).toBe(true);
    }
    expect(readdirSync(a)).toEqual(['run_1', 'run_2', 'run_3', 'run_4', 'run_5', 'run_6', 'run_7']);
    expect(readdirSync(u)).toEqual(['run_1', 'run_2', 'run_3', 'run_4', 'run_5', 'run_8']);
    writeFileSync(join(a, 'run_1', 'old.fcl'), '');
    expect((await compare(1, 1, ...flags())).code).toBe(0);
    expect(existsSync(join(a, 'run_1', 'old.fcl'))).toBe(false);
  });

  it('keep what an export did not leave there', async () => {
    const { a } = places();
    writeFileSync(join(a, 'run_1', 'mine.txt'), '');
    const { code, stdout } = await compare(1, 2, ...flags());
    expect(code).toBe(1);
    expect(stdout).toMatch(/^Run 1 could not be compared: .*run_1 .*mine\.txt/m);
    expect(existsSync(join(a, 'run_1', 'mine.txt'))).toBe(true);
    writeFileSync(join(site.directory, 'file'), '');
    const { stderr } = await compare(1, 1, '--artdaqdb-dir', join(site.directory, 'file', 'x'));
    expect(stderr).toContain("can't be made");
  });
});

describe('the compare tool', () => {
  it('ends with 2 on wrong usage', async () => {
    const { code, stdout, stderr } = await start({}, site.config, 1, 2, '--ignore-matching-lines', '(').ended;
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^error: .*--ignore-matching-lines/);
  });

  it('ends with 1 if a place cannot be read', async () => {
    const config = join(site.directory, 'elsewhere.yaml');
    writeFileSync(config, readFileSync(site.config, 'utf8').replace(ucondb.url, 'http://127.0.0.1:1/app'));
    const { code, stdout, stderr } = await start({}, config, 1, 2).ended;
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain('127.0.0.1:1');
    const none = await start({}, join(site.directory, 'none.yaml'), 1, 2).ended;
    expect([none.code, none.stderr]).toEqual([1, expect.stringContaining('none.yaml')]);
  });

  it('finishes runs in progress when it is stopped, and prints the summary', async () => {
    const config = join(site.directory, 'alone.yaml');
    const parameters = JSON.parse(readFileSync(site.config, 'utf8'));
    parameters.app.parallel_workers = 1;
    writeFileSync(config, JSON.stringify(parameters));
    const [begun, goOn] = [join(site.directory, 'begun'), join(site.directory, 'go-on')];
    execFileSync('mkfifo', [begun, goOn]);
    const program = join(site.directory, 'fhicl-dump-that-waits');
    const wait = `mkdir ${site.directory}/claimed 2>/dev/null && { echo > ${begun}; read x < ${goOn}; }`;
    writeFileSync(program, `#!/bin/sh\ncase $2 in *probe.fcl) exit 0;; esac\n${wait}\nexit 0\n`);
    chmodSync(program, 0o755);
    await change(1, COMPONENT, (text) => `# x\n${text}`);
    const comparison = start({}, config, 1, 4, '--fhicl-dump', program);
    const interrupted = comparison.complains('GRACEFUL SHUTDOWN');
    await readFile(begun);
    comparison.kill('SIGINT');
    await interrupted;
    await writeFile(goOn, 'x\n');
    const { code, stdout } = await comparison.ended;
    expect(code).toBe(130);
    expect(stdout).toContain('Matching runs:        1\n');
    expect(stdout).toContain('Not compared:         3  (2-4)');
    expect(readdirSync(scratch)).toEqual([]);
  });
});

describe('golden data', () => {
  it('is the same in the database of the C++ tools and in blobs of the Python archiver', async () => {
    const database = join(site.directory, 'golden-db');
    const config = join(site.directory, 'golden.yaml');
    const parameters = JSON.parse(readFileSync(site.config, 'utf8'));
    parameters.artdaq_db.database_uri = `filesystemdb://${database}`;
    writeFileSync(config, JSON.stringify(parameters));
    const runs = goldenRuns().filter(({ loaded }) => loaded);
    const [some] = runs;
    if (some === undefined) throw new Error('there are no golden runs');
    cpSync(join(some.directory, '../../db'), database, { recursive: true });
    const stored = runs.filter(({ directory }) => directory.startsWith(join(some.directory, '..')));
    for (const { run, directory } of stored) await put(run, readFileSync(join(directory, 'blob.txt')));
    const numbers = stored.map(({ run }) => run);
    const range = [Math.min(...numbers), Math.max(...numbers)] as const;
    const { stdout } = await compareIn({}, config, ...range, '--json', '--show-diff');
    const { runs: compared } = JSON.parse(stdout);
    expect(compared.map(({ run }: { run: number }) => run)).toEqual(numbers.sort((a, b) => a - b));
    const differing = compared.filter(({ status }: { status: string }) => status !== 'matching');
    expect(differing).toEqual([]);
  });
});
