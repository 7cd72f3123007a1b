import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RunSet } from '../../../src/runs/run-set.ts';
import {
  advance as advanceState,
  type Progress,
  positionOf,
  recompute,
} from '../../../src/state/position.ts';
import type { StageState } from '../../../src/state/state.ts';

/** Advances by lists. */
function advance(
  state: StageState,
  {
    successes,
    archivedBefore = [],
    ...progress
  }: Omit<Progress, 'successes' | 'archivedBefore'> & {
    readonly successes: readonly number[];
    readonly archivedBefore?: readonly number[];
  },
): StageState {
  const lists = { successes: new Set(successes), archivedBefore: RunSet.of(archivedBefore) };
  return advanceState(state, { ...progress, ...lists });
}

const empty = { lastContiguousRun: 0, lastAttemptedRun: 0 };
const run = fc.integer({ min: 1, max: 60 });
const runs = fc.uniqueArray(run, { maxLength: 40 });

describe('advance', () => {
  it.each([
    ['moves while each run is one above the last', 10, [14, 12, 11], {}, 12],
    ['stops at a gap', 10, [12, 13], {}, 10],
    ['ignores runs below', 10, [3, 4], {}, 10],
    ['begins an empty state at the lowest run of the batch', 0, [12346, 12345], {}, 12346],
    ['does not begin above a failed run', 0, [12346], { lowestKnown: 12345 }, 0],
    ['counts what was archived before for an empty state', 0, [103], { archivedBefore: [101, 102] }, 103],
    ['begins at the lowest archived run, not at the batch', 0, [103], { archivedBefore: [7] }, 7],
    ['counts what a killed execution archived', 10, [14], { archivedBefore: [11, 12, 13] }, 14],
    ['does not begin above run 0 before it is archived', 0, [1, 2], { lowestKnown: 0 }, 0],
    ['begins at run 0', 0, [1, 2], { archivedBefore: [0] }, 2],
  ])('%s', (_, contiguous, successes, more, expected) => {
    const state = { lastContiguousRun: contiguous, lastAttemptedRun: 0 };
    expect(advance(state, { successes, attempted: [], ...more }).lastContiguousRun).toBe(expected);
  });

  it('does not begin above a run that was tried and failed', () => {
    expect(advance(empty, { successes: [6], attempted: [5, 6] })).toEqual({
      lastContiguousRun: 0,
      lastAttemptedRun: 6,
    });
  });

  it('counts runs that the contiguous run passes as tried', () => {
    const killed = { lastContiguousRun: 10, lastAttemptedRun: 10 };
    expect(advance(killed, { successes: [], attempted: [], archivedBefore: [11, 12, 20] })).toEqual({
      lastContiguousRun: 12,
      lastAttemptedRun: 12,
    });
  });

  it('never goes back, and gives the same however a batch is cut into steps', () => {
    fc.assert(
      fc.property(run, run, runs, (contiguous, attempted, successes) => {
        const start = { lastContiguousRun: contiguous, lastAttemptedRun: attempted };
        const whole = advance(start, { successes, attempted: successes });
        const stepwise = successes.reduce(
          (state, _, index) =>
            advance(state, {
              successes: successes.slice(0, index + 1),
              attempted: successes.slice(0, index + 1),
            }),
          start,
        );
        expect(stepwise).toEqual(whole);
        expect(whole.lastContiguousRun).toBeGreaterThanOrEqual(contiguous);
        expect(whole.lastAttemptedRun).toBe(Math.max(attempted, ...successes));
        for (let n = contiguous + 1; n <= whole.lastContiguousRun; n++) expect(successes).toContain(n);
        expect(successes).not.toContain(whole.lastContiguousRun + 1);
      }),
    );
  });

  it('begins an empty state as recomputing it from the target would', () => {
    fc.assert(
      fc.property(runs, (atTarget) => {
        const half = Math.floor(atTarget.length / 2);
        const archivedBefore = atTarget.slice(0, half).sort((a, b) => a - b);
        const advanced = advance(empty, { successes: atTarget.slice(half), attempted: [], archivedBefore });
        expect(advanced.lastContiguousRun).toBe(recompute(atTarget).lastContiguousRun);
      }),
    );
  });

  it('copes with a hundred thousand runs', () => {
    const successes = Array.from({ length: 100_000 }, (_, index) => index + 5);
    expect(advance(empty, { successes, attempted: successes })).toEqual({
      lastContiguousRun: 100_004,
      lastAttemptedRun: 100_004,
    });
  });
});

describe('recompute', () => {
  it.each([
    [[], 0, 0],
    [[7], 7, 7],
    [[12, 10, 11, 14], 12, 14],
  ])('of the runs %j gives %i and %i', (atTarget, lastContiguousRun, lastAttemptedRun) => {
    expect(recompute(atTarget)).toEqual({ lastContiguousRun, lastAttemptedRun });
  });
});

it('the position is the higher of the two numbers of a state', () => {
  expect(positionOf({ lastContiguousRun: 3, lastAttemptedRun: 9 })).toBe(9);
  expect(positionOf({ lastContiguousRun: 9, lastAttemptedRun: 3 })).toBe(9);
});
