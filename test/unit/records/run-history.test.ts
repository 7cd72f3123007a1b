import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runHistory, runHistory2 } from '../../../src/records/run-history.ts';
import { entriesOf, tableOf } from '../../helpers/fhicl-entries.ts';
import { goldenRuns } from '../../helpers/golden-records.ts';

const bytes = (...lines: string[]): Buffer => Buffer.from(lines.map((line) => `${line}\n`).join(''));

describe('RunHistory and RunHistory2', () => {
  it.each(goldenRuns())('of golden run $run equal those of the reference', ({ run, directory }) => {
    const metadata = readFileSync(join(directory, 'source/metadata.txt'));
    const golden = readFileSync(join(directory, 'prepared/RunHistory.fcl'), 'latin1');
    expect(runHistory(run, metadata)).toEqual({ text: golden, warnings: [] });
    const update = join(directory, 'update/RunHistory2.fcl');
    if (existsSync(update)) expect(runHistory2(metadata)?.text).toBe(readFileSync(update, 'latin1'));
  });
});

describe('RunHistory', () => {
  it('keeps names with quotes, backslashes and what looks like numbers', () => {
    const { text } = runHistory(5, bytes('Config name: 3.10', 'Component #0: a"b', 'Component #1: c\\d\\'));
    expect(tableOf(text)).toEqual({ run_number: '5', config_name: '3.10', components: ['a"b', 'c\\d\\'] });
    expect(text).toContain('config_name: "3.10"');
  });

  it('reads a quoted name as metadata.fcl does', () => {
    expect(tableOf(runHistory(5, bytes('Config name: "a b"')).text)).toMatchObject({ config_name: 'a b' });
  });

  it('holds only the run number if metadata.txt says nothing', () => {
    expect(runHistory(5, Buffer.alloc(0)).text).toBe('run_number: 5\n\n');
  });

  it('keeps a second name', () => {
    expect(tableOf(runHistory(5, bytes('Config name: a', 'Config name: b')).text)).toMatchObject({
      config_name: 'a',
      config_name_2: 'b',
    });
  });
});

describe('RunHistory2', () => {
  it('is omitted without times', () => {
    expect(
      runHistory2(bytes('Config name: a', 'Start time: b', '# DAQInterface stop time: c')),
    ).toBeUndefined();
  });

  it('holds all times in the order of the file', () => {
    const times = [
      'DAQInterface stop time: a"b\\',
      'DAQInterface start time: é\u2028\x85x',
      'DAQInterface stop time:\tc ',
    ];
    const history = runHistory2(bytes('x: 1', ...times));
    expect(entriesOf(history?.text ?? '')).toEqual([
      ['DAQInterface_stop_time', 'a"b\\'],
      ['DAQInterface_start_time', '...x'],
      ['DAQInterface_stop_time', 'c '],
    ]);
    expect(history?.warnings.map(({ line }) => line)).toEqual([3]);
  });
});
