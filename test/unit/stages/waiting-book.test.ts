import { describe, expect, it } from 'vitest';
import type { ErrorFault, Place } from '../../../src/errors.ts';
import type { RunEnd } from '../../../src/stages/attempts.ts';
import { WaitingBook } from '../../../src/stages/waiting-book.ts';
import type { WaitingRun } from '../../../src/state/waiting-runs.ts';

const write: Place = 'UconDB write';

function archived(...reached: Place[]): RunEnd {
  return { kind: 'archived', reached: new Set(reached) };
}

function failed(fault: ErrorFault, place: Place = write, isFullCycle = true): RunEnd {
  return { kind: 'failed', reached: new Set(), fault, place, message: `${place} said no`, isFullCycle };
}

/** The book of a further execution. */
function nextExecution(
  before: ReadonlyMap<number, WaitingRun> = new Map(),
  inFailureLog = new Set<number>(),
) {
  const now = (): Date => new Date('2026-12-01T00:00:00Z');
  return new WaitingBook({ before, inFailureLog, usualPlace: write, now });
}

describe('WaitingBook', () => {
  it('a run that failed by its own fault is condemned at once', () => {
    const book = nextExecution();
    expect(book.ended(5, failed('run'))).toEqual([{ run: 5, message: 'UconDB write said no' }]);
    expect(book.runs.size).toBe(0);
  });

  it('a run is condemned that failed directly between two successes of others in two executions', () => {
    const first = nextExecution();
    first.ended(1, archived(write));
    first.ended(5, failed('unknown'));
    expect(first.ended(2, archived(write))).toEqual([]);
    const second = nextExecution(first.runs);
    second.ended(3, archived(write));
    expect(second.ended(5, failed('unknown'))).toEqual([]);
    // The outcome after it comes in the next execution.
    const third = nextExecution(second.runs);
    expect(third.ended(4, archived(write))).toMatchObject([{ run: 5 }]);
    expect(third.runs.size).toBe(0);
  });

  it.each<[string, (book: WaitingBook) => void]>([
    ['no success came before', (book) => void book.ended(5, failed('unknown'))],
    [
      'the success before was at another place',
      (book) => {
        book.ended(1, archived('UconDB read'));
        book.ended(5, failed('unknown'));
      },
    ],
    [
      'the fault was that of the site',
      (book) => {
        book.ended(1, archived(write));
        book.ended(5, failed('site'));
      },
    ],
    [
      'not all attempts were made',
      (book) => {
        book.ended(1, archived(write));
        book.ended(5, failed('unknown', write, false));
      },
    ],
    [
      'another run failed there directly after it',
      (book) => {
        book.ended(1, archived(write));
        book.ended(5, failed('unknown'));
        book.ended(6, failed('unknown'));
      },
    ],
    [
      'another run failed there directly before it',
      (book) => {
        book.ended(1, archived(write));
        book.ended(6, failed('unknown'));
        book.ended(5, failed('unknown'));
      },
    ],
  ])('condemns nobody if %s', (_what, fail) => {
    let before: ReadonlyMap<number, WaitingRun> = new Map();
    for (let execution = 0; execution < 5; execution++) {
      const book = nextExecution(before);
      fail(book);
      expect(book.ended(10 + execution, archived(write))).toEqual([]);
      before = book.runs;
    }
    expect(before.has(5)).toBe(true);
  });

  it('a waiting run that fails by its own fault leaves the book', () => {
    const first = nextExecution();
    first.ended(5, failed('site'));
    const second = nextExecution(first.runs);
    expect(second.ended(5, failed('run'))).toMatchObject([{ run: 5 }]);
    expect(second.runs.size).toBe(0);
  });

  describe('decides about a run that failed directly after a success', () => {
    const undecided: WaitingRun = {
      place: write,
      fault: 'unknown',
      cause: 'x',
      since: '2026-11-01T00:00:00.000Z',
      cycles: 2,
      successes: 1,
      undecided: true,
    };
    const book = () => nextExecution(new Map([[5, undecided]]));

    it('by what happens to others, not by its own success there', () => {
      expect(book().ended(5, archived(write))).toEqual([]);
      const later = book();
      const end: RunEnd = { ...failedAt('UconDB read'), reached: new Set([write]) };
      expect(later.ended(5, end)).toEqual([]);
      expect(later.runs.get(5)).toMatchObject({ place: 'UconDB read' });
    });

    it('by what happens at that place, not by successes and failures at others', () => {
      const later = book();
      expect(later.ended(1, archived('UconDB read'))).toEqual([]);
      later.ended(2, failed('unknown', 'artdaqDB read'));
      expect(later.runs.get(5)).toEqual(undecided);
      expect(later.ended(3, archived(write))).toMatchObject([{ run: 5 }]);
    });
  });

  it('a success at one place counts even if the run failed at another', () => {
    const first = nextExecution();
    first.ended(1, archived('artdaqDB read'));
    first.ended(5, failed('unknown', 'artdaqDB read'));
    const failedLater: RunEnd = { ...failedAt(write), reached: new Set<Place>(['artdaqDB read']) };
    first.ended(2, failedLater);
    expect(first.runs.get(5)).toMatchObject({ successes: 1, undecided: false });
  });

  it('runs of the failure log stay there, whatever they fail by', () => {
    const book = nextExecution(new Map(), new Set([5]));
    expect(book.ended(5, failed('site'))).toEqual([{ run: 5, message: 'UconDB write said no' }]);
    expect(book.runs.size).toBe(0);
  });

  it('the book keeps since when a run waits, and counts successes anew at another place', () => {
    const since = '2026-11-01T00:00:00.000Z';
    const before: WaitingRun = {
      place: 'UconDB read',
      fault: 'site',
      cause: 'x',
      since,
      cycles: 4,
      successes: 1,
      undecided: false,
    };
    const book = nextExecution(new Map([[5, before]]));
    book.ended(5, failed('unknown'));
    expect(book.runs.get(5)).toMatchObject({ place: write, since, cycles: 5, successes: 0 });
    book.ended(5, archived(write));
    expect(book.runs.size).toBe(0);
  });

  it('a shared write that failed is a failure of the place, which no run answers for', () => {
    const book = nextExecution();
    book.ended(1, archived(write));
    book.ended(5, failed('unknown'));
    for (const run of [6, 7]) book.ended(run, { kind: 'returned', place: write, isWhole: true });
    book.ended(8, failed('unknown'));
    expect(book.ended(9, archived(write))).toEqual([]);
    expect([...book.runs.keys()]).toEqual([5, 8]);
    expect(book.runs.get(5)).toMatchObject({ successes: 0, undecided: false });
    expect(book.runs.get(8)).toMatchObject({ successes: 0, undecided: false });
  });

  it('a run that failed alone among others says nothing about the place before it was tried alone', () => {
    const book = nextExecution();
    book.ended(1, archived(write));
    book.ended(5, { kind: 'returned', place: write, isWhole: false });
    book.ended(5, failed('unknown'));
    book.ended(2, archived(write));
    expect(book.runs.get(5)).toMatchObject({ successes: 1 });
  });
});

function failedAt(place: Place) {
  const end = failed('unknown', place);
  if (end.kind !== 'failed') throw new Error('it did not fail');
  return end;
}
