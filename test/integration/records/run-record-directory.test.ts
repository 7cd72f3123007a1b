import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RunRecordError } from '../../../src/errors.ts';
import { type RecordReading, RunRecordDirectory } from '../../../src/records/run-record-directory.ts';
import { SETTLING } from '../../../src/records/settling.ts';
import { readStable } from '../../../src/records/stable-file.ts';
import { type Logger, silentLogger } from '../../../src/services/logger.ts';

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

/** Does not wait until a record has settled, unless told to. */
function source(reading: RecordReading = {}): RunRecordDirectory {
  return new RunRecordDirectory(records, silentLogger, { settling: { ...SETTLING, quiet: 0 }, ...reading });
}

async function readRun(run: number): Promise<{ paths: string[]; warnings: string }> {
  const record = await source().read(run);
  return { paths: record.files.map((file) => file.path), warnings: record.warnings.join('\n') };
}

async function failureOf(run: number, from = source()): Promise<RunRecordError> {
  const outcome = await from.read(run).catch((error: unknown) => error);
  if (!(outcome instanceof RunRecordError)) throw new Error(`no RunRecordError but ${String(outcome)}`);
  expect(outcome.run).toBe(run);
  expect(outcome.message).toContain(`run ${run}`);
  return outcome;
}

class Warnings {
  readonly lines: string[] = [];
  readonly logger: Logger = { ...silentLogger, warning: (message) => void this.lines.push(message) };
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
    const record = await source().read(5);
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

  it('fails by name on every file that belongs into the archive and can not go there', async () => {
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

  it('only warns of such an entry that would not be archived', async () => {
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
    expect((await limited(60, 120).read(5)).files).toHaveLength(2);
  });

  it.each([
    ['a file grows', () => appendFileSync(join(records, '5/a.fcl'), 'more')],
    ['a file is replaced by one of the same length', () => put('5/a.fcl', 'b: 2\n')],
    ['a file comes', () => put('5/new.fcl')],
    ['a file goes', () => rmSync(join(records, '5/a.fcl'), { force: true })],
  ])('notices that %s meanwhile', async (_, change) => {
    put('5/a.fcl');
    utimesSync(join(records, '5/a.fcl'), 1, 1);
    const limits = {
      record: 1000,
      get file() {
        change();
        return 1000;
      },
    };
    const error = await failureOf(5, source({ limits }));
    expect(error.retryable).toBe(true);
  });
});

describe('a record that is still being copied', () => {
  /** Time goes on while we sleep, and whoever copies goes on with it. */
  function copying(steps: readonly (() => void)[]): RecordReading {
    let time = Date.now();
    const todo = [...steps];
    const sleep = async (milliseconds: number) => {
      time += milliseconds;
      todo.shift()?.();
    };
    return { settling: { quiet: 2000, patience: 10_000, now: () => time, sleep } };
  }

  /** As a file that comes `seconds` from now does to it and to its directory. */
  function arrive(path: string, seconds: number): void {
    put(path);
    const then = Date.now() / 1000 + seconds;
    for (const changed of [path, dirname(path)]) utimesSync(join(records, changed), then, then);
  }

  it('is read when all files are there', async () => {
    put('5/a.fcl');
    const reading = copying([() => arrive('5/b.fcl', 2), () => arrive('5/sub/c.fcl', 3)]);
    const { files } = await source(reading).read(5);
    expect(files.map(({ path }) => path)).toEqual(['a.fcl', 'b.fcl', 'sub/c.fcl']);
  });

  it('fails for now if the copy takes too long', async () => {
    put('5/a.fcl');
    const steps = Array.from({ length: 10 }, (_, i) => () => arrive(`5/b${i}.fcl`, 2 * (i + 1)));
    const error = await failureOf(5, source(copying(steps)));
    expect(error.message).toContain('is it still being copied?');
    expect(error.retryable).toBe(true);
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
