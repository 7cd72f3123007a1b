import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openScreen, type Screen, wrapped } from '../../../src/log/screen.ts';
import { type ScreenHead, statusScreen } from '../../../src/report/status-screen.ts';
import { type StatusFacts, statusOf } from '../../helpers/status.ts';

const head: ScreenHead = { host: 'evb02', time: new Date(0), configPath: '/etc/run-archiver/config.yaml' };
const command = '/opt/run-record-archiver-1.0.0/bin/run-archiver /etc/run-archiver/config.yaml';
const noSink = { write: () => true };
const screenOf = (columns: number, hasColours = false): Screen =>
  openScreen({ sink: noSink, terminal: undefined, columns, hasColours });
const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);
const time = new Date(2026, 2, 1, 12, 30).toISOString();

/** Of 30 runs without 20 to 22, 3 to 8 failed, most of them for one reason. */
const runs = upTo(30).filter((run) => run < 20 || run > 22);
const facts: StatusFacts = {
  files: [...runs, 9_999_999],
  artdaqDb: runs.filter((run) => run < 3 || run > 8),
  uconDb: undefined,
  importing: {
    failed: [3, 4, 5, 6, 7, 8],
    state: { lastContiguousRun: 2, lastAttemptedRun: 30 },
    reasons: {
      byRun: new Map(
        [3, 4, 5, 6, 7].map((run) => [
          run,
          { time, message: run === 4 ? 'no schema' : 'component.fcl is torn' },
        ]),
      ),
      problem: undefined,
    },
  },
  location: '/daq/run_records',
};
const textOf = (given: StatusFacts, columns = 80, compareState = false) =>
  statusScreen({ ...statusOf(given), command, unequal: [] }, head, compareState, screenOf(columns));

describe('the report on a terminal', () => {
  it('begins with what matters, and fits', () => {
    const lines = textOf(facts).split('\n');
    expect(lines.slice(2, 10)).toEqual([
      '✗ No answer: UconDB · 6 runs failed',
      '',
      '  Last archived       nothing is noted',
      '  Waiting             1 to import, about 21 to migrate; the oldest is run',
      '                      9999999',
      '  Failed              6 to import; the oldest is run 3 (2026-03-01 12:30):',
      '                      component.fcl is torn',
      '  Unequal blobs       none',
    ]);
    expect(lines).toContain('      /opt/run-record-archiver-1.0.0/bin/run-archiver \\');
    expect(lines).toContain('        /etc/run-archiver/config.yaml --retry-failed-import');
  });

  it('tells gaps as ranges, slips apart, and each cause of failures once', () => {
    const text = textOf(facts);
    expect(text).toContain('  Filesystem          28 runs, 1-30 and 9999999, 3 gaps: 20-22\n');
    expect(text).toContain('  UconDB              no answer: connection refused');
    expect(text.slice(text.indexOf('Why runs failed'))).toBe(
      [
        'Why runs failed',
        '  2026-03-01 12:30    component.fcl is torn – import of 4 runs (3, 5-7)',
        '  2026-03-01 12:30    no schema – import of 1 run (4)',
        '  Not noted why       import of 1 run (8)',
        '',
      ].join('\n'),
    );
    expect(text).not.toContain('State of');
    expect(textOf(facts, 80, true)).toContain('State of the import stage\n  Last Contiguous Run 2\n');
  });

  it('is short when all is well', () => {
    const text = textOf({ files: [1, 2], artdaqDb: [1, 2], uconDb: [1, 2] });
    expect(text).toContain('\n✓ All places are in step\n');
    expect(text.split('\n').length).toBeLessThan(24);
    expect(textOf({ files: [], artdaqDb: [], uconDb: [] })).toContain('  Filesystem          no runs\n');
  });

  it('has no line that is longer than the screen, whatever it says', () => {
    const words = fc.string({ unit: 'grapheme-ascii', maxLength: 200 });
    fc.assert(
      fc.property(words, words, fc.integer({ min: 40, max: 100 }), (location, message, columns) => {
        const reasons = { byRun: new Map([[3, { time, message }]]), problem: undefined };
        const text = textOf({ ...facts, location, importing: { failed: [3, 9], reasons } }, columns, true);
        const lines = text.split('\n').filter((line) => !line.includes('/opt/run-record'));
        expect(lines.filter((line) => line.length > columns)).toEqual([]);
      }),
      { numRuns: 50 },
    );
  });

  it('hides no control character of a text in its own', () => {
    const text = textOf({ ...facts, location: '/daq/\x1b[2Jrecords' });
    expect(text).toContain('/daq/\\x1b[2Jrecords');
    expect(text).not.toContain('\x1b');
  });

  it('has colours only where it may', () => {
    const painted = statusScreen({ ...statusOf(facts), command }, head, false, screenOf(80, true));
    expect(painted).toContain('\x1b[31m✗ No answer: UconDB');
    expect(stripVTControlCharacters(painted)).toBe(
      statusScreen({ ...statusOf(facts), command }, head, false, screenOf(80)),
    );
  });
});

describe('wrapped', () => {
  it('breaks at blanks, then behind slashes, then anywhere', () => {
    expect(wrapped('one two three', 8)).toEqual(['one two', 'three']);
    expect(wrapped('/daq/run_records/5001', 12)).toEqual(['/daq/', 'run_records/', '5001']);
    expect(wrapped('x'.repeat(10), 4)).toEqual(['xxxx', 'xxxx', 'xx']);
    expect(wrapped('', 4)).toEqual(['']);
  });
});
