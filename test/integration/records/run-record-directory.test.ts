import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NotYetError, RunRecordError } from '../../../src/errors.ts';
import { silentLogger } from '../../../src/log/logger.ts';
import { type RecordReading, RunRecordDirectory } from '../../../src/records/run-record-directory.ts';
import { readStable } from '../../../src/records/stable-file.ts';
import { judge, lookAt } from '../../../src/records/wholeness.ts';
import { warningLogger } from '../../helpers/recording-logger.ts';

let top: string;
let records: string;

beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'records-'));
  records = join(top, 'records');
  mkdirSync(records);
});

afterEach(() => rmSync(top, { recursive: true, force: true }));

/** Writes a file below the records directory, with the directories it needs. */
function put(path: string, text = 'a: 1\n'): void {
  mkdirSync(dirname(join(records, path)), { recursive: true });
  writeFileSync(join(records, path), text);
}

function link(target: string, path: string): void {
  mkdirSync(dirname(join(records, path)), { recursive: true });
  symlinkSync(target, join(records, path));
}

function fifo(path: string): void {
  mkdirSync(dirname(join(records, path)), { recursive: true });
  execFileSync('mkfifo', [join(records, path)]);
}

/** No time passes between two looks, unless told so. */
function source(reading: RecordReading = {}): RunRecordDirectory {
  return new RunRecordDirectory(records, silentLogger, { sleep: async () => undefined, ...reading });
}

/** As {@link RunRecordDirectory.examine} gives it of a record that is whole. */
async function signatureOf(run: number): Promise<string | undefined> {
  const directory = join(records, String(run));
  return existsSync(directory) ? (await lookAt(realpathSync(directory))).signature : undefined;
}

async function readRun(run: number): Promise<{ paths: string[]; warnings: string }> {
  const record = await source().read(run, await signatureOf(run));
  return { paths: record.files.map((file) => file.path), warnings: record.warnings.join('\n') };
}

async function failureOf(run: number, from = source()): Promise<RunRecordError> {
  const outcome = await from.read(run, await signatureOf(run)).catch((error: unknown) => error);
  if (!(outcome instanceof RunRecordError)) throw new Error(`no RunRecordError but ${String(outcome)}`);
  expect(outcome.run).toBe(run);
  expect(outcome.message).toContain(`run ${run}`);
  return outcome;
}

class Warnings {
  readonly lines: string[] = [];
  readonly logger = warningLogger(this.lines);
}

describe('listing runs', () => {
  it('finds the directories named by plain numbers, in numeric order', async () => {
    for (const name of ['10', '9', '0', '9007199254740991', 'tmp', '.record_directory_info'])
      mkdirSync(join(records, name));
    expect(await new RunRecordDirectory(records).listRuns()).toEqual([0, 9, 10, Number.MAX_SAFE_INTEGER]);
  });

  it('leaves alone what only looks like a run, and says so in one line, once', async () => {
    for (const name of ['5', '00123', '١٢', '12', '１４', '²', '9007199254740992', ' 7', '-7', 'run8'])
      mkdirSync(join(records, name));
    put('6');
    link('nowhere', '11');
    link('6', '13');
    const warnings = new Warnings();
    const source = new RunRecordDirectory(records, warnings.logger);
    expect(await source.listRuns()).toEqual([5, 12]);
    expect(await source.listRuns()).toEqual([5, 12]);
    expect(warnings.lines).toHaveLength(1);
    for (const name of ['00123', '١٢', '１４', '²', '9007199254740992', ' 7', '-7', '6', '11', '13']) {
      expect(warnings.lines[0]).toContain(`"${name}"`);
    }
    expect(warnings.lines[0]).not.toContain('run8');
  });

  it('abbreviates that line', async () => {
    for (let i = 0; i < 100; i++) mkdirSync(join(records, `0${i}`));
    const warnings = new Warnings();
    expect(await new RunRecordDirectory(records, warnings.logger).listRuns()).toEqual([]);
    expect(warnings.lines[0]).toContain('and 80 more');
  });

  it('follows links to directories but counts each directory once', async () => {
    mkdirSync(join(top, 'elsewhere'));
    mkdirSync(join(records, '20'));
    link('20', '3');
    link(join(top, 'elsewhere'), '8');
    link(join(top, 'elsewhere'), '7');
    link('7', '30');
    expect(await new RunRecordDirectory(records).listRuns()).toEqual([7, 20]);
  });

  it('fails if there is nothing to list', async () => {
    await expect(new RunRecordDirectory(join(top, 'none')).listRuns()).rejects.toThrow(RunRecordError);
  });
});

describe('reading a run', () => {
  it('takes FHiCL at any depth and the text files that are converted, byte for byte', async () => {
    put('5/tpc01.fcl', 'x: "\u00e9\r\n"');
    put('5/sub/deep.fcl/pmt01.fcl');
    put('5/boot.txt');
    put('5/metadata.txt', '');
    const record = await source().read(5, await signatureOf(5));
    expect(record.files.map((file) => [file.path, file.bytes.toString()])).toEqual([
      ['boot.txt', 'a: 1\n'],
      ['metadata.txt', ''],
      ['sub/deep.fcl/pmt01.fcl', 'a: 1\n'],
      ['tpc01.fcl', 'x: "\u00e9\r\n"'],
    ]);
    expect(record).toMatchObject({ run: 5, directory: join(records, '5'), warnings: [] });
  });

  it('names everything that it leaves aside', async () => {
    put('5/a.fcl');
    const others = [
      'config.txt',
      'rc_info_start.txt',
      'sub/boot.txt',
      'x.fcl.bak',
      'my_schema.fcl',
      'core.123',
      'B.FCL',
      'x.fcl/y',
    ];
    for (const name of others) put(`5/${name}`);
    const { paths, warnings } = await readRun(5);
    expect(paths).toEqual(['a.fcl']);
    for (const name of others) expect(warnings).toContain(name);
  });

  it('reads modes as DAQInterface leaves them', async () => {
    put('5/a.fcl');
    chmodSync(join(records, '5/a.fcl'), 0o444);
    chmodSync(join(records, '5'), 0o555);
    expect((await readRun(5)).paths).toEqual(['a.fcl']);
    chmodSync(join(records, '5'), 0o755);
  });

  it('follows a run that is a link, but not to another run', async () => {
    mkdirSync(join(top, 'elsewhere'));
    writeFileSync(join(top, 'elsewhere', 'a.fcl'), 'a: 1');
    link(join(top, 'elsewhere'), '7');
    put('5/a.fcl');
    link('5', '6');
    expect((await readRun(7)).paths).toEqual(['a.fcl']);
    expect((await failureOf(6)).message).toContain('is a link to run 5');
  });

  it('follows links that stay inside', async () => {
    put('5/data/a.fcl', 'a: 1');
    link('data/a.fcl', '5/b.fcl');
    link('data', '5/more');
    link('.', '5/loop');
    const { paths, warnings } = await readRun(5);
    expect(paths).toEqual(['b.fcl', 'data/a.fcl']);
    expect(warnings).toContain('loop, more');
  });

  it('fails with the name of every file that belongs in the archive and can not go there', async () => {
    put('5/good.fcl');
    put('6/a.fcl');
    writeFileSync(join(top, 'secret'), 'x: 1');
    mkdirSync(join(records, '5/metadata.txt'));
    link(join(top, 'secret'), '5/out.fcl');
    link('../6/a.fcl', '5/neighbour.fcl');
    link('nowhere', '5/dangling.fcl');
    link('circle.fcl', '5/circle.fcl');
    link('/dev/null', '5/device.fcl');
    link(join(top), '5/directory');
    fifo('5/pipe.fcl');
    fifo('5/boot.txt');
    put('5/gr\u00fcn.fcl');
    put('5/.fcl');
    const { message, retryable } = await failureOf(5);
    for (const name of [
      'metadata.txt',
      'out.fcl',
      'neighbour.fcl',
      'dangling.fcl',
      'circle.fcl',
      'device.fcl',
    ]) {
      expect(message).toContain(`${name}: `);
    }
    for (const name of ['directory', 'pipe.fcl', 'boot.txt', 'gr\u00fcn.fcl', ' .fcl'])
      expect(message).toContain(`${name}: `);
    expect(message).not.toContain('good.fcl');
    expect(retryable).toBe(false);
  });

  it('only warns of such an entry if it would not be archived', async () => {
    put('5/a.fcl');
    link('nowhere', '5/dangling');
    link(join(top, 'elsewhere.log'), '5/x.log');
    writeFileSync(join(top, 'elsewhere.log'), '');
    fifo('5/pipe');
    fifo('5/config.txt');
    const { paths, warnings } = await readRun(5);
    expect(paths).toEqual(['a.fcl']);
    for (const name of ['dangling', 'x.log', 'pipe', 'config.txt']) expect(warnings).toContain(name);
  });

  it('says which name it can not open', async () => {
    mkdirSync(Buffer.concat([Buffer.from(join(records, '5/sub-')), Buffer.from([0xff])]), {
      recursive: true,
    });
    const error = await failureOf(5);
    expect(error.message).toMatch(/sub-.: the name is not UTF-8/);
    expect(error.retryable).toBe(false);
  });

  it('keeps messages on one line, whatever the names', async () => {
    put('5/a.fcl');
    put('5/b\n2026-01-01 - x.txt');
    expect((await readRun(5)).warnings).toContain('"b\\n2026-01-01 - x.txt"');
    put('5/c\n.fcl');
    expect((await failureOf(5)).message).toContain('"c\\n.fcl": ');
  });

  it('refuses a socket', async () => {
    mkdirSync(join(records, '5'));
    const server = createServer();
    await new Promise<void>((done) => server.listen(join(records, '5/s.fcl'), done));
    try {
      expect((await failureOf(5)).message).toContain('s.fcl: ');
    } finally {
      await new Promise((done) => server.close(done));
    }
  });

  it('names all unreadable files and directories', async () => {
    put('5/good.fcl');
    put('5/a.fcl');
    put('5/b.fcl');
    put('5/sub/c.fcl');
    for (const path of ['a.fcl', 'b.fcl', 'sub']) chmodSync(join(records, '5', path), 0);
    if (process.getuid?.() === 0) {
      expect((await readRun(5)).paths).toEqual(['a.fcl', 'b.fcl', 'good.fcl', 'sub/c.fcl']);
    } else {
      const { message, retryable } = await failureOf(5);
      for (const name of ['a.fcl', 'b.fcl', 'sub']) expect(message).toContain(`${name}: permission denied`);
      expect(retryable).toBe(true);
    }
    chmodSync(join(records, '5/sub'), 0o755);
  });

  it.each(['an empty directory', 'a directory without anything to archive', 'no directory'])(
    'asks for another attempt on %s',
    async (what) => {
      if (what !== 'no directory') mkdirSync(join(records, '5'));
      if (what === 'a directory without anything to archive') put('5/config.txt');
      expect((await failureOf(5)).retryable).toBe(true);
    },
  );

  it('fails on a file in place of a directory', async () => {
    put('5');
    expect((await failureOf(5)).message).toContain('is not a directory');
  });

  it('refuses sizes that can only be a mistake, without reading', async () => {
    put('5/a.fcl', 'x'.repeat(60));
    put('5/b.fcl', 'x'.repeat(60));
    const limited = (file: number, record: number) => source({ limits: { file, record } });
    expect((await failureOf(5, limited(59, 1000))).message).toMatch(/a\.fcl: .*60 bytes.*b\.fcl: /);
    expect((await failureOf(5, limited(60, 119))).message).toContain('119 bytes');
    expect((await limited(60, 120).read(5, await signatureOf(5))).files).toHaveLength(2);
  });

  it.each([
    ['a file grows', () => appendFileSync(join(records, '5/a.fcl'), 'more')],
    ['a file is replaced by one of the same length', () => put('5/a.fcl', 'b: 2\n')],
    ['a file comes', () => put('5/new.fcl')],
    ['a file goes', () => rmSync(join(records, '5/a.fcl'), { force: true })],
    ['a file that is not archived comes', () => put('5/core.123')],
    ['a file is renamed', () => renameSync(join(records, '5/a.fcl'), join(records, '5/b.fcl'))],
  ])('leaves the run for later if %s since it was found whole, or meanwhile', async (_, change) => {
    put('5/a.fcl');
    utimesSync(join(records, '5/a.fcl'), 1, 1);
    const before = await signatureOf(5);
    const limits = {
      record: 1000,
      get file() {
        change();
        return 1000;
      },
    };
    await expect(source({ limits }).read(5, before)).rejects.toThrow(NotYetError);
    await expect(source().read(5, before)).rejects.toThrow(NotYetError);
  });

  it('leaves a run for later if it could not be looked at', async () => {
    put('5/a.fcl');
    await expect(source().read(5, undefined)).rejects.toThrow(NotYetError);
  });
});

describe('records that may still be being copied', () => {
  const MINUTE = 60_000;
  const DAY = 1440 * MINUTE;

  /** Examines all records, at a time of our clock, with what happens between the two looks. */
  async function examine(between: () => void = () => undefined, clock = Date.now()) {
    let pauses = 0;
    const directory = source({
      now: () => clock,
      sleep: async (milliseconds) => {
        expect(milliseconds).toBeGreaterThanOrEqual(2000);
        pauses++;
        between();
      },
    });
    const examined = await directory.examine(await directory.listRuns());
    const of = (state: string) =>
      [...examined.keys()].filter((run) => examined.get(run)?.is === state).sort();
    const why = (run: number): string => {
      const found = examined.get(run);
      return found?.is === 'copying' ? found.why : '';
    };
    return { directory, examined, whole: of('whole'), copying: of('copying'), why, pauses };
  }

  const setTimes = (path: string, seconds: number) => utimesSync(join(records, path), seconds, seconds);

  it('are looked at together, so that they wait once', async () => {
    for (const run of [5, 6, 7]) put(`${run}/a.fcl`);
    const { whole, copying, pauses, directory, examined } = await examine(() => put('6/b.fcl'));
    expect([whole, copying, pauses]).toEqual([[5, 7], [6], 1]);
    const five = examined.get(5);
    const { files } = await directory.read(5, five?.is === 'whole' ? five.signature : undefined);
    expect(files.map(({ path }) => path)).toEqual(['a.fcl']);
  });

  it.each([
    ['a file grows while rsync keeps its old time', () => appendFileSync(join(records, '5/a.fcl'), '#')],
    ['an empty directory comes', () => mkdirSync(join(records, '5/sub'))],
    ['a file below comes', () => put('5/deep/er/b.fcl')],
    ['a file that is not archived grows', () => appendFileSync(join(records, '5/run.log'), 'x')],
    ['what a link leads to grows', () => appendFileSync(join(records, '5/deep/er/target'), 'x')],
    ['a file goes', () => rmSync(join(records, '5/run.log'))],
    ['nothing but the permissions change', () => chmodSync(join(records, '5/a.fcl'), 0o400)],
    [
      'a file is replaced by its like',
      () => {
        put('5/new');
        renameSync(join(records, '5/new'), join(records, '5/a.fcl'));
      },
    ],
  ])('wait if %s, whatever the times say', async (_, change) => {
    put('5/a.fcl');
    put('5/run.log');
    put('5/deep/er/target');
    link('deep/er/target', '5/x.fcl');
    const ageAll = () => {
      for (const path of ['5/a.fcl', '5/run.log', '5/deep/er/target', '5/deep/er', '5/deep', '5']) {
        if (existsSync(join(records, path))) setTimes(path, 1);
      }
    };
    ageAll();
    expect((await examine()).whole).toEqual([5]);
    const { copying, why } = await examine(() => {
      change();
      ageAll();
    });
    expect([copying, why(5)]).toEqual([[5], 'it changed between two looks']);
  });

  it('are found whole even if their times lie in the future, because the clock of a file server is ahead', async () => {
    put('5/a.fcl');
    setTimes('5/a.fcl', 9e9);
    expect(await examine()).toMatchObject({ whole: [5], pauses: 1 });
  });

  it('need a second look if only our clock says that they are old', async () => {
    put('5/a.fcl');
    const clock = Date.now() + 11 * MINUTE;
    expect(await examine(undefined, clock)).toMatchObject({ whole: [5], pauses: 1 });
    put('6/a.fcl');
    expect(await examine(undefined, clock)).toMatchObject({ whole: [5, 6], pauses: 1 });
    expect(await examine(undefined, clock - 60 * DAY)).toMatchObject({ whole: [5, 6], pauses: 1 });
  });

  it.each([
    '.metadata.txt.Xy12Zz',
    'sub/.tpc02.fcl.0aB9zQ',
    'boot.txt.part',
    'tpc02.fcl.filepart',
    'x.partial',
    'x.tmp',
  ])('wait as long as they hold %s', async (name) => {
    put('5/a.fcl');
    put(`5/${name}`);
    const { copying, why } = await examine();
    expect([copying, why(5)]).toEqual([[5], `${name} looks like a copy in progress`]);
    expect((await readRun(5)).warnings).toContain(`${name} (the name is that of a copy`);
    rmSync(join(records, '5', name));
    expect((await examine()).whole).toEqual([5]);
  });

  it('do not wait because of a removed file that NFS keeps for a process', async () => {
    put('5/a.fcl');
    put('5/.nfs00000000000a4f3c0000001d');
    expect((await examine()).whole).toEqual([5]);
  });

  it.each(['metadata.txt', 'boot.txt', 'tpc01.fcl', 'sub/tpc02.fcl'])(
    'wait for the content of an empty %s',
    async (name) => {
      put('5/a.fcl');
      put(`5/${name}`, '');
      // A single witness is not enough.
      const { copying, why } = await examine(undefined, Date.now() + DAY);
      expect([copying, why(5)]).toEqual([[5], `${name} is empty`]);
      put(`5/${name}`, 'a: 1\n');
      expect((await examine()).whole).toEqual([5]);
    },
  );

  it('do not wait for the content of files that are not archived', async () => {
    put('5/a.fcl');
    for (const name of ['config.txt', 'core', 'sub/boot.txt', 'x.fcl.bak', '._a.fcl']) put(`5/${name}`, '');
    expect((await examine()).whole).toEqual([5]);
  });

  it('wait as long as there is nothing to archive', async () => {
    mkdirSync(join(records, '5'));
    put('6/config.txt');
    const { copying, why } = await examine();
    expect([copying, why(5), why(6)]).toEqual([[5, 6], ...Array(2).fill('it holds nothing to archive yet')]);
  });

  it('wait while rsync makes directories before it fills them', async () => {
    mkdirSync(join(records, '5'));
    const look = await lookAt(join(records, '5'));
    const aged = (time: number) => {
      const now = look.newest + time;
      return judge(look, look, { clock: now, others: now }).is;
    };
    expect([aged(11 * MINUTE), aged(DAY), aged(DAY + MINUTE)]).toEqual(['copying', 'copying', 'whole']);
  });

  it('are missing in the result if their directory can not be looked at', async () => {
    put('5/a.fcl');
    link('5', '6');
    const examined = await source().examine([5, 6, 7]);
    expect([...examined.keys()]).toEqual([5]);
  });
});

describe('readStable', () => {
  it('does not wait for a writer of a FIFO that took the place of a file', async () => {
    fifo('pipe');
    await expect(readStable(join(records, 'pipe'), () => undefined)).rejects.toThrow('is not a regular file');
  });

  it('does not follow a link that took the place of a file', async () => {
    put('a');
    link('a', 'b');
    await expect(readStable(join(records, 'b'), () => undefined)).rejects.toMatchObject({ code: 'ELOOP' });
  });

  it.each([
    ['grows', () => appendFileSync(join(records, 'a'), 'more')],
    ['shrinks', () => put('a', '')],
  ])('notices a file that %s between its size and its bytes', async (_, change) => {
    put('a');
    await expect(readStable(join(records, 'a'), change)).rejects.toMatchObject({ retryable: true });
  });
});
