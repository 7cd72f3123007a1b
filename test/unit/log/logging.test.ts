import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UconDbError } from '../../../src/errors.ts';
import { createLogging, type LoggingOptions } from '../../../src/log/logging.ts';

let directory: string;
let shown: string;
beforeEach(() => {
  directory = fs.mkdtempSync(join(tmpdir(), 'logging-'));
  shown = '';
});
afterEach(() => {
  fs.rmSync(directory, { recursive: true });
});

const stdout = {
  write: (text: string) => {
    shown += text;
    return true;
  },
};
const time = new Date(2026, 0, 2, 3, 4, 5, 6);

function open(options: Partial<LoggingOptions> = {}) {
  return createLogging({
    level: 'DEBUG',
    logFile: undefined,
    quiet: false,
    secrets: [],
    stdout,
    clock: () => time,
    ...options,
  });
}

describe('the log', () => {
  it('writes the same lines to standard output and to the file before a call returns', () => {
    const logFile = join(directory, 'sub', 'archiver.log');
    const logger = open({ logFile }).logger('run_record_archiver.importer');
    logger.debug('one');
    logger.info('✓ Run 5 imported successfully');
    logger.warning('100%% of %s {"a":1} \u{1F600}');
    logger.error('four\n  at x');
    logger.critical('five');
    const prefix = '2026-01-02 03:04:05,006 - run_record_archiver.importer -';
    expect(shown).toBe(
      `${prefix} DEBUG - one\n${prefix} INFO - ✓ Run 5 imported successfully\n` +
        `${prefix} WARNING - 100%% of %s {"a":1} \u{1F600}\n${prefix} ERROR - four\n      at x\n${prefix} CRITICAL - five\n`,
    );
    expect(fs.readFileSync(logFile, 'utf8')).toBe(shown);
  });

  it.each([
    ['DEBUG', 5],
    ['INFO', 4],
    ['WARNING', 3],
    ['ERROR', 2],
    ['CRITICAL', 1],
  ] as const)('at level %s shows %i of five', (level, count) => {
    const logger = open({ level }).logger('m');
    logger.debug('x');
    logger.info('x');
    logger.warning('x');
    logger.error('x');
    logger.critical('x');
    expect(shown.split('\n')).toHaveLength(count + 1);
  });

  it('lets a child name its run, which is shown only where the message lacks it', () => {
    const logger = open().logger('module').child({ stage: 'import', run: 12 });
    logger.info('no converter for a.txt');
    logger.info('✓ Run 12 done');
    logger.info('line 123\nmore');
    expect(shown.split('\n').map((line) => line.slice(26))).toEqual([
      'module - INFO - no converter for a.txt [run 12]',
      'module - INFO - ✓ Run 12 done',
      'module - INFO - line 123 [run 12]',
      '',
      '',
    ]);
    expect(shown.split('\n')[3]).toBe('    more');
  });

  it('writes one JSON object a line in JSON, whatever the message holds', () => {
    const logFile = join(directory, 'archiver.log');
    const logger = open({ logFile, format: 'json', secrets: ['geheim'] }).logger('m');
    logger.info('first\n"second" geheim \u001b\u009b\u202e\u2028\ud83d {"level":"x"}');
    logger
      .child({ stage: 'import', run: 12 })
      .child({ error: new UconDbError('x', { fault: 'site' }) })
      .error('x');
    logger.child({ error: new TypeError('x') }).critical('x');
    logger.child({ error: 'x' }).warning('x');
    expect(shown).toMatch(/^[\x20-\x7e\n]*$/);
    const at = { time: time.toISOString(), module: 'm', message: 'x' };
    expect(
      shown
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual([
      { ...at, level: 'INFO', message: 'first\n"second" *** \u001b\u009b\u202e\u2028\ud83d {"level":"x"}' },
      { ...at, level: 'ERROR', stage: 'import', run: 12, error_kind: 'UconDBError', fault: 'site' },
      { ...at, level: 'CRITICAL', error_kind: 'TypeError' },
      { ...at, level: 'WARNING' },
    ]);
    expect(fs.readFileSync(logFile, 'utf8')).toBe(shown);
  });

  it('tells in JSON, too, that the file can not be opened', () => {
    open({ logFile: directory, format: 'json', lastResort: { write: () => true } });
    expect(JSON.parse(shown)).toMatchObject({
      level: 'ERROR',
      message: expect.stringContaining('file logging'),
    });
  });

  it('never shows a secret in any form, and lets no message forge lines or garble the terminal', () => {
    const logger = open({ secrets: ['pa ss"wörd', 'x', ''] }).logger('m');
    logger.info('a pa ss"wörd b mongodb://u:pa%20ss%22w%C3%B6rd@h {"p":"pa ss\\"wörd"} xx');
    logger.info('\u001b[2J\r\u009b\u202e\u2028\ud83d');
    logger.warning(
      'the server says: x\n2026-01-02 03:04:05,006 - m - INFO - ✓ Run 7 migrated and verified successfully',
    );
    expect(shown).toContain('a *** b mongodb://u:***@h {"p":"***"} xx\n');
    expect(shown).toContain('\\x1b[2J\\r\\x9b\\u{202e}\\u{2028}\\u{d83d}\n');
    const entries = shown.split('\n').filter((line) => /^\S/.test(line));
    expect(entries.map((line) => line.split(' - ')[2])).toEqual(['INFO', 'INFO', 'WARNING']);
  });

  it('shows nothing with quiet, while the file still gets everything', () => {
    const logFile = join(directory, 'archiver.log');
    open({ logFile, quiet: true }).logger('m').error('x');
    expect(shown).toBe('');
    expect(fs.readFileSync(logFile, 'utf8')).toContain('m - ERROR - x\n');
  });

  it('sends errors that the file can not take to standard error, with quiet too', () => {
    const missed: string[] = [];
    const lastResort = { write: (line: string) => missed.push(line.slice(26)) > 0 };
    const logFile = join(directory, 'archiver.log');
    fs.symlinkSync('/dev/full', logFile);
    const logger = open({ logFile, quiet: true, lastResort }).logger('m');
    logger.info('plain');
    logger.error('bad');
    logger.critical('worse');
    expect(missed).toEqual([
      expect.stringMatching(/^run_record_archiver.logging - ERROR - Cannot write the log file .*ENOSPC/),
      'm - ERROR - bad\n',
      'm - CRITICAL - worse\n',
    ]);
    expect(shown).toBe('');
  });

  it('sends errors that the console can not take to standard error, and all errors if nothing else takes them', () => {
    const missed: string[] = [];
    const lastResort = { write: (line: string) => missed.push(line.slice(26)) > 0 };
    open({ stdout: { write: () => false }, lastResort })
      .logger('m')
      .error('one');
    open({ quiet: true, lastResort }).logger('m').error('two');
    open({ lastResort }).logger('m').error('three');
    expect(missed).toEqual(['m - ERROR - one\n', 'm - ERROR - two\n']);
  });

  it.each(['a directory', 'below a file'])(
    'reports a log file that is %s, and continues without it',
    (kind) => {
      fs.writeFileSync(join(directory, 'file'), '');
      const logFile = kind === 'a directory' ? directory : join(directory, 'file', 'archiver.log');
      const missed: string[] = [];
      const lastResort = { write: (line: string) => missed.push(line) > 0 };
      const logger = open({ logFile, lastResort }).logger('m');
      logger.info('goes on');
      expect(missed).toEqual([expect.stringContaining('Failed to configure file logging')]);
      expect(shown).toMatch(
        /ERROR - Failed to configure file logging at '.*': .*the archiver continues without it\n.*goes on\n$/,
      );
    },
  );

  it('keeps the old lines of the file, and only shows lines after it was closed', () => {
    const logFile = join(directory, 'archiver.log');
    fs.writeFileSync(logFile, 'before\n');
    const logging = open({ logFile });
    logging.logger('m').info('x');
    logging.close();
    logging.logger('m').info('y');
    expect(fs.readFileSync(logFile, 'utf8')).toMatch(/^before\n.* x\n$/);
    expect(shown).toContain(' y\n');
  });
});
