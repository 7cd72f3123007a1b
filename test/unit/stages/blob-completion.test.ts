import { expect, it } from 'vitest';
import { lacksTimesOnly, needOf } from '../../../src/stages/blob-completion.ts';

const history = (...events: string[]) => ({
  name: 'RunHistory2.fcl',
  text: events.map((event) => `DAQInterface_${event.split(' ')[0]}_time: "${event}"\n`).join(''),
});
const metadata = (...lines: string[]) => ({
  name: 'metadata.fcl',
  text: lines.map((line) => `\n${line} \n`).join(''),
});
const boot = { name: 'boot.fcl', text: 'a: 1\n' };
const [started, stopped] = ['daqinterface_start_time: "a"', 'daqinterface_stop_time: "b"'];

it('times that came later complete a blob, in RunHistory2 and in metadata.fcl', () => {
  const whole = [boot, metadata('config_name: "x"', started, stopped), history('start a', 'stop b')];
  expect(needOf(whole, whole)).toBe('nothing');
  for (const stored of [
    [boot, metadata('config_name: "x"', started, stopped), history('start a')],
    [boot, metadata('config_name: "x"', started), history('start a', 'stop b')],
    [boot, metadata('config_name: "x"', started), history('start a')],
    [boot, metadata('config_name: "x"')],
  ]) {
    expect(lacksTimesOnly(whole, stored)).toBe(true);
    expect(needOf(whole, stored)).toBe('replacement');
  }
  const begun = [boot, metadata('config_name: "x"', started), history('start a')];
  expect(needOf(begun, [boot, metadata('config_name: "x"')])).toBe('nothing-yet');
});

it('a blob that differs in anything else is not completed', () => {
  const whole = [boot, metadata('config_name: "x"', started, stopped), history('start a', 'stop b')];
  const [, whatever, times] = whole;
  if (whatever === undefined || times === undefined) throw new Error('no such file');
  for (const [stored, names] of [
    [[boot, metadata('config_name: "y"', started), times], ['metadata.fcl']],
    [[boot, metadata('config_name: "x"', started, 'total_events: 3'), times], ['metadata.fcl']],
    [[boot, metadata('config_name: "x"', 'daqinterface_start_time: "c"'), times], ['metadata.fcl']],
    [[boot, metadata(started, 'config_name: "x"'), times], ['metadata.fcl']],
    [
      [{ ...boot, text: 'a: 2\n' }, whatever, history('start a')],
      ['RunHistory2.fcl', 'boot.fcl'],
    ],
    [[boot, whatever, history('start other', 'stop b')], ['RunHistory2.fcl']],
    [[boot, whatever, { name: 'RunHistory2.fcl', text: 'no: [ FHiCL' }], ['RunHistory2.fcl']],
    [[boot, times], ['metadata.fcl']],
    [
      [boot, whatever, history('start a'), { name: 'more.fcl', text: '' }],
      ['RunHistory2.fcl', 'more.fcl'],
    ],
  ] as const) {
    expect(lacksTimesOnly(whole, stored)).toBe(false);
    expect(needOf(whole, stored)).toEqual(names);
  }
});
