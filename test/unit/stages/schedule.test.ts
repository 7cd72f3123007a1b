import { describe, expect, it } from 'vitest';
import { Schedule, type Sign } from '../../../src/stages/schedule.ts';

/** The runs that are tried, one after the other, and why no further one is. */
function play(
  runs: { readonly others: readonly number[]; readonly waiting?: readonly number[]; readonly limit?: number },
  sign: (run: number) => Sign,
) {
  const { others, waiting = [], limit = 100 } = runs;
  const schedule = new Schedule({ others, waiting, limit, isAlarmed: false });
  const tried: number[] = [];
  for (let run = schedule.next(); run !== undefined; run = schedule.next()) {
    tried.push(run);
    schedule.ended(run, sign(run));
  }
  return { tried, end: schedule.end };
}

describe('Schedule', () => {
  it('waiting runs alternate with others while all is well, and another one is first', () => {
    const { tried, end } = play({ others: [1, 2, 3], waiting: [7, 8, 9, 10] }, () => 'success');
    expect(tried).toEqual([1, 7, 2, 8, 3, 9, 10]);
    expect(end).toBeUndefined();
  });

  it('no more runs are tried than the limit allows', () => {
    expect(play({ others: [1, 2, 3], waiting: [7], limit: 2 }, () => 'success').tried).toEqual([1, 7]);
  });

  it('the stage ends with the run that meets a fault of the site', () => {
    const { tried, end } = play({ others: [1, 2, 3, 4] }, (run) => (run === 2 ? 'site' : 'success'));
    expect({ tried, end }).toEqual({ tried: [1, 2], end: 'site' });
  });

  it('the stage ends after three failures in a row and one from the other end', () => {
    const { tried, end } = play({ others: [1, 2, 3, 4, 5, 6, 7] }, () => 'unknown');
    expect({ tried, end }).toEqual({ tried: [1, 2, 3, 7], end: 'outage' });
  });

  it('the stage continues if the run from the other end succeeds: then the runs are at fault', () => {
    const { tried } = play({ others: [1, 2, 3, 4, 5] }, (run) => (run < 4 ? 'unknown' : 'success'));
    expect(tried).toEqual([1, 2, 3, 5, 4]);
  });

  it('runs that fail by their own fault say nothing about the site', () => {
    const sign = (run: number): Sign => (run % 2 === 0 ? 'own' : 'unknown');
    const { tried } = play({ others: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] }, sign);
    expect(tried).toEqual([1, 2, 3, 4, 5, 10, 9]);
  });

  it('others come after a failure, so that waiting runs do not look like an outage', () => {
    const { tried } = play({ others: [1, 2, 3, 4], waiting: [7, 8] }, (run) =>
      run > 6 ? 'unknown' : 'success',
    );
    expect(tried).toEqual([1, 7, 2, 8, 3, 4]);
  });

  it('the next execution tells whose fault it was if no other run is left', () => {
    const { tried, end } = play({ others: [1], waiting: [7, 8] }, (run) => (run > 6 ? 'unknown' : 'success'));
    expect({ tried, end }).toEqual({ tried: [1, 7], end: 'undecided' });
  });

  it('runs get one attempt each from the first failure on, and all attempts after a success', () => {
    const schedule = new Schedule({ others: [1, 2, 3], waiting: [], limit: 3, isAlarmed: false });
    expect(schedule.isAlarmed).toBe(false);
    schedule.ended(schedule.next() ?? 0, 'unknown');
    expect(schedule.isAlarmed).toBe(true);
    schedule.ended(schedule.next() ?? 0, 'success');
    expect(schedule.isAlarmed).toBe(false);
  });

  it('nothing begins while the run from the other end is in progress, and work continues if it is withdrawn', () => {
    const schedule = new Schedule({ others: [1, 2, 3, 4, 5], waiting: [], limit: 5, isAlarmed: false });
    for (let i = 0; i < 3; i++) schedule.ended(schedule.next() ?? 0, 'unknown');
    expect(schedule.next()).toBe(5);
    expect(schedule.next()).toBeUndefined();
    schedule.withdrawn(5);
    expect(schedule.next()).toBe(4);
  });

  it('runs that shared a write that failed come first, in order, and nothing begins beside them', () => {
    const schedule = new Schedule({ others: [1, 2, 3, 4, 5], waiting: [], limit: 5, isAlarmed: false });
    expect(schedule.isCalm).toBe(false);
    schedule.ended(schedule.next() ?? 0, 'success');
    expect(schedule.isCalm).toBe(true);
    expect([schedule.next(), schedule.next()]).toEqual([2, 3]);
    for (const run of [2, 3]) schedule.returned(run);
    expect(schedule.isCalm).toBe(false);
    expect([schedule.next(), schedule.next()]).toEqual([2, undefined]);
    schedule.ended(2, 'success');
    expect(schedule.isCalm).toBe(false);
    expect([schedule.next(), schedule.next()]).toEqual([3, undefined]);
    schedule.withdrawn(3);
    expect([schedule.next(), schedule.next(), schedule.next()]).toEqual([4, 5, undefined]);
  });

  it('runs that shared a write that failed come before runs that wait because of a fault', () => {
    const schedule = new Schedule({ others: [1, 2, 3, 4], waiting: [8, 9], limit: 6, isAlarmed: false });
    schedule.ended(schedule.next() ?? 0, 'success');
    expect([schedule.next(), schedule.next()]).toEqual([8, 2]);
    for (const run of [8, 2]) schedule.returned(run);
    const order: (number | undefined)[] = [];
    for (let run = schedule.next(); run !== undefined; run = schedule.next()) {
      order.push(run);
      schedule.ended(run, 'success');
    }
    expect(order.slice(0, 2)).toEqual([8, 2]);
    expect(order.slice(2).sort()).toEqual([3, 4, 9]);
  });

  it('a run from the other end that shared a write that failed is followed by another', () => {
    const schedule = new Schedule({ others: [1, 2, 3, 4, 5], waiting: [], limit: 5, isAlarmed: false });
    for (let i = 0; i < 3; i++) schedule.ended(schedule.next() ?? 0, 'unknown');
    expect(schedule.next()).toBe(5);
    schedule.returned(5);
    expect(schedule.next()).toBe(4);
    schedule.ended(4, 'unknown');
    expect(schedule.end).toBe('outage');
  });
});
