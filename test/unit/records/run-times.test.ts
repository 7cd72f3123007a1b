import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { history2File } from '../../../src/records/prepare.ts';
import {
  completes,
  daqTime,
  eventsIn,
  eventsInHistory,
  lacksStop,
  lastStart,
  type RunEvent,
} from '../../../src/records/run-times.ts';

const events = (...names: RunEvent['event'][]): RunEvent[] =>
  names.map((event, place) => ({ event, time: `t${place}` }));
const metadataOf = (all: readonly RunEvent[]): Buffer =>
  Buffer.from(all.map(({ event, time }) => `\nDAQInterface ${event} time: ${time}\n`).join(''));
const historyOf = (all: readonly RunEvent[]): string => history2File(metadataOf(all))?.file.text ?? '\n';

describe('daqTime', () => {
  it.each([
    'Thu Oct 24 15:30:00 UTC 2024',
    'Thu Oct 24 03:30:00 PM UTC 2024',
    'Thu 24 Oct 2024 03:30:00 PM UTC',
    ' "Thu Oct 24 15:30:00 UTC 2024" ',
  ])('reads %j', (text) => {
    expect(daqTime(text)).toBe(Date.UTC(2024, 9, 24, 15, 30));
  });

  it('tells noon from midnight, and reads days of one digit', () => {
    expect(daqTime('Sun Feb  4 12:00:01 AM UTC 2024')).toBe(Date.UTC(2024, 1, 4, 0, 0, 1));
    expect(daqTime('Sun Feb  4 12:00:01 PM UTC 2024')).toBe(Date.UTC(2024, 1, 4, 12, 0, 1));
  });

  it.each(['', '5', 'yesterday', 'Do 24. Okt 15:30:00 UTC 2024', 'Thu Oct 24 15:30:00 CEST 2024'])(
    'takes %j for no time',
    (text) => expect(daqTime(text)).toBeUndefined(),
  );
});

describe('eventsIn', () => {
  it('finds the times that any version of DAQInterface wrote, and no others', () => {
    const text =
      'Config name: start time: 5\r\nStart time: a\n# DAQInterface stop time: b\n DAQInterface start time: c \n' +
      'DAQInterface stop time:\nDAQInterface stop time (local): d\nStop time: e';
    expect(eventsIn(Buffer.from(text))).toEqual([
      { event: 'start', time: 'a' },
      { event: 'start', time: 'c' },
      { event: 'stop', time: 'e' },
    ]);
  });

  it('finds the same in RunHistory2, whatever the times hold', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            event: fc.constantFrom<RunEvent['event'][]>('start', 'stop'),
            time: fc.stringMatching(/^[a-z0-9][ -!#-[\]-~]{0,20}$/).map((time) => time.trim()),
          }),
          { minLength: 1 },
        ),
        (all) => {
          expect(eventsIn(metadataOf(all))).toEqual(all);
          expect(eventsInHistory(historyOf(all))).toEqual(all);
        },
      ),
    );
  });
});

describe('lacksStop', () => {
  it.each([
    [[], true],
    [['start'], true],
    [['stop'], false],
    [['start', 'stop'], false],
    [['stop', 'start'], false],
    [['start', 'stop', 'start'], true],
    [['start', 'start', 'stop'], false],
    [['start', 'stop', 'start', 'stop'], false],
  ] as const)('of %j is %j', (names, expected) => {
    expect(lacksStop(events(...names))).toBe(expected);
  });
});

describe('lastStart', () => {
  it('is the time of the last start, if it can be read', () => {
    const [first, second] = ['Thu Oct 24 15:30:00 UTC 2024', 'Thu Oct 24 16:30:00 UTC 2024'];
    const all = [first, second].map((time): RunEvent => ({ event: 'start', time }));
    expect(lastStart(all)).toBe(Date.UTC(2024, 9, 24, 16, 30));
    expect(lastStart(events('start'))).toBeUndefined();
    expect(lastStart([])).toBeUndefined();
  });
});

describe('completes', () => {
  it('lets a document replace a start alone, and one that it continues', () => {
    expect(completes(historyOf(events('start')), historyOf(events('start', 'stop')))).toBe(true);
    expect(completes(historyOf([{ event: 'start', time: 'x' }]), historyOf(events('start', 'stop')))).toBe(
      true,
    );
    const again = events('start', 'stop', 'start');
    expect(completes(historyOf(again), historyOf([...again, { event: 'stop', time: 'z' }]))).toBe(true);
    expect(
      completes('DAQInterface_start_time: "a"\nDAQInterface_stop_time: ""\n', historyOf(events('stop'))),
    ).toBe(true);
  });

  it('lets no document replace a stop time or anything else', () => {
    const newer = historyOf(events('start', 'stop'));
    expect(completes(newer, newer)).toBe(false);
    expect(completes(historyOf([{ event: 'stop', time: 'x' }]), newer)).toBe(false);
    expect(completes(historyOf(events('start', 'stop', 'start')), newer)).toBe(false);
    expect(completes('DAQInterface_start_time: "t0"\nremark: "kept"\n', newer)).toBe(false);
    expect(completes('DAQInterface_stop_time: { a: 1 }\n', newer)).toBe(false);
  });
});
