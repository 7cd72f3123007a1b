import { describe, expect, it } from 'vitest';
import { waitsForStopTime } from '../../../src/records/run-times.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = Date.UTC(2026, 5, 15, 12);
const start = (time: number): string =>
  `DAQInterface start time: ${new Date(time).toUTCString().replace(/^(\w+), (\d+) (\w+) (\d+) (\S+) GMT$/, '$1 $3 $2 $5 UTC $4')}\n`;
const glance = (metadata: string | undefined, modified: number, changed = modified) => ({
  metadata: metadata === undefined ? undefined : Buffer.from(metadata),
  signature: '',
  modified,
  changed,
});
/** A run that began an hour ago. */
const young = glance(start(NOW - HOUR), NOW - HOUR);
const old = glance(start(NOW - 2 * DAY), NOW - 2 * DAY);

describe('a run without stop time', () => {
  it('waits until it is old enough', () => {
    expect(waitsForStopTime(young, 24, NOW, NOW)).toBe(true);
    expect(waitsForStopTime(old, 24, NOW, NOW)).toBe(false);
  });

  it.each([
    ['60 days ahead', 60 * DAY],
    ['60 days behind', -60 * DAY],
    ['a day ahead', DAY],
  ])('is not archived because our clock is %s', (_, error) => {
    expect(waitsForStopTime(young, 24, NOW + error, NOW - HOUR / 2)).toBe(true);
  });

  it.each([60 * DAY, -60 * DAY])('is not archived because the file server is %i ms off', (error) => {
    const there = glance(start(NOW - HOUR), NOW - HOUR + error);
    expect(waitsForStopTime(there, 24, NOW, NOW + error)).toBe(true);
  });

  it('waits for another record to tell the time if it is the last of all', () => {
    expect(waitsForStopTime(old, 24, NOW, NOW - 2 * DAY)).toBe(true);
    expect(waitsForStopTime(old, 24, NOW, undefined)).toBe(true);
    expect(waitsForStopTime(old, 24, NOW, NOW - DAY + HOUR)).toBe(false);
  });

  it('tells the time itself if it was changed that long after it began', () => {
    expect(waitsForStopTime({ ...old, changed: NOW - HOUR }, 24, NOW, undefined)).toBe(false);
  });

  it('counts from its last modification if there is no start time, or one in the future', () => {
    for (const metadata of [undefined, 'Config name: x\n', start(NOW + 1000 * DAY)]) {
      expect(waitsForStopTime(glance(metadata, NOW - HOUR), 24, NOW, NOW)).toBe(true);
      expect(waitsForStopTime(glance(metadata, NOW - 2 * DAY, NOW - HOUR), 24, NOW, NOW)).toBe(false);
    }
    const late = glance(undefined, NOW + 1000 * DAY, NOW - 2 * DAY);
    expect(waitsForStopTime(late, 24, NOW, NOW)).toBe(false);
  });

  it('waits no more once it has its stop time', () => {
    const ended = glance(`${start(NOW)}DAQInterface stop time: x\n`, NOW);
    expect(waitsForStopTime(ended, 24, NOW, NOW)).toBe(false);
  });
});
