import { describe, expect, it } from 'vitest';
import { archivedConfigName, archivedMissingTimes } from '../../../src/records/archived-record.ts';

const file = (name: string, text: string) => ({ name, text });

describe('archivedConfigName', () => {
  it.each([
    ['RunHistory.fcl', 'config_name: "physics_00012" \n', 'physics_00012'],
    ['metadata.fcl', 'config_name: 12 \n', '12'],
    ['metadata.fcl', 'config_name: "" \nconfig_name_2: "second" \n', 'second'],
    ['RunHistory.fcl', 'config_name: "a/b \\"c\\"*" \n', 'a_b _c__'],
    ['RunHistory.fcl', "config_name: 'ends\\' \n", 'ends_'],
    ['RunHistory.fcl', 'run_number: 5 \n', 'standard'],
    ['RunHistory.fcl', '', 'standard'],
    ['boot.fcl', 'config_name: "other" \n', 'standard'],
  ])('reads %s %j as %j', (name, text, expected) => {
    expect(archivedConfigName([file(name, text)])).toBe(expected);
  });

  it('takes the name of RunHistory before that of metadata', () => {
    const files = [
      file('metadata.fcl', 'config_name: 007 \n'),
      file('RunHistory.fcl', 'config_name: "007" \n'),
    ];
    expect(archivedConfigName(files)).toBe('007');
  });
});

describe('archivedMissingTimes', () => {
  const start = 'DAQInterface_start_time: "Thu Oct 24 15:30:00 UTC 2024" \n';
  const stop = 'DAQInterface_stop_time: "Thu Oct 24 15:40:00 UTC 2024" \n';

  it.each([
    ['both times', [file('RunHistory2.fcl', start + stop)], { stop: false, all: false }],
    ['a start alone', [file('RunHistory2.fcl', start)], { stop: true, all: false }],
    ['a second start', [file('RunHistory2.fcl', start + stop + start)], { stop: true, all: false }],
    ['more than times', [file('RunHistory2.fcl', `${start}\ncomment: 1 \n`)], { stop: false, all: false }],
    ['neither document', [file('boot.fcl', 'a: 1 \n')], { stop: true, all: true }],
    ['no times', [file('metadata.fcl', 'config_name: "x" \n')], { stop: true, all: true }],
    ['empty times', [file('metadata.fcl', 'daqinterface_start_time: "" \n')], { stop: true, all: true }],
    [
      'no RunHistory2 on purpose',
      [file('metadata.fcl', 'daqinterface_start_time: "x" \n')],
      { stop: false, all: false },
    ],
    ['a former start', [file('metadata.fcl', 'Start_time: "x" \n')], { stop: true, all: true }],
    [
      'former times',
      [file('metadata.fcl', 'Start_time: "x" \nStop_time: "y" \n')],
      { stop: false, all: false },
    ],
  ])('tells what a run with %s lacks', (_, files, expected) => {
    expect(archivedMissingTimes(files)).toEqual(expected);
  });
});
