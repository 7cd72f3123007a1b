import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lastUnits, layOut, piecesBetween, ticks, toStripes } from '../../../../src/report/html/axis.ts';
import { lanePaths, PICTURE_WIDTH } from '../../../../src/report/html/chart.ts';
import { describeStripe } from '../../../../src/report/html/describe.ts';
import { toSegments } from '../../../../src/report/html/segments.ts';
import { statusOf } from '../../../helpers/status.ts';

const runSets = fc
  .array(fc.record({ first: fc.nat(900), length: fc.integer({ min: 1, max: 120 }) }), { maxLength: 12 })
  .map((ranges) => {
    const runs = ranges.flatMap(({ first, length }) => Array.from({ length }, (_, index) => first + index));
    return [...new Set(runs)].sort((a, b) => a - b);
  });

const statuses = fc
  .record({
    files: runSets,
    artdaqDb: runSets,
    uconDb: runSets,
    failed: runSets,
    far: fc.option(fc.maxSafeNat()),
  })
  .map(({ files, far, failed, ...others }) => {
    const all = far === null || files.includes(far) ? files : [...files, far].sort((a, b) => a - b);
    return statusOf({ files: all, ...others, importing: { failed } });
  });

/** The boxes of a path as [left, top, right, bottom]. */
function boxesOf(path: string): number[][] {
  return [...path.matchAll(/M([\d.]+) ([\d.]+)H([\d.]+)V([\d.]+)/g)].map((match) =>
    match.slice(1).map(Number),
  );
}

describe('columns', () => {
  it('hold every run exactly once, in order', () => {
    fc.assert(
      fc.property(statuses, fc.integer({ min: 1, max: 300 }), (status, most) => {
        const segments = toSegments(status, undefined);
        const stripes = toStripes(layOut(segments), most);
        const parts = stripes.flatMap((stripe) => stripe.parts);
        expect(stripes.length).toBeLessThanOrEqual(most);
        expect([parts[0]?.first, parts.at(-1)?.last]).toEqual([segments[0]?.first, segments.at(-1)?.last]);
        for (const [index, { first, last, cells }] of parts.entries()) {
          expect(last).toBeGreaterThanOrEqual(first);
          if (index > 0) expect(first).toBe((parts[index - 1]?.last ?? Number.NaN) + 1);
          const original = segments.find((segment) => segment.first <= first && segment.last >= last);
          expect(cells).toEqual(original?.cells);
        }
        for (const { first, last, parts: own, from, to } of stripes) {
          expect([own[0]?.first, own.at(-1)?.last]).toEqual([first, last]);
          expect(to).toBeGreaterThan(from);
        }
      }),
    );
  });

  it('hide no missing run: its lane is never whole there', () => {
    fc.assert(
      fc.property(statuses, fc.integer({ min: 1, max: 300 }), (status, most) => {
        const stripes = toStripes(layOut(toSegments(status, undefined)), most);
        for (const { place, runs = [] } of status.places) {
          const here = new Set(runs);
          const whole = lanePaths(stripes, place, 10)
            .filter(([shape]) => shape === 'present')
            .flatMap(([, path]) => boxesOf(path))
            .filter(([, top, , bottom]) => top === 0 && bottom === 10);
          for (const { parts, from, to, last, first } of stripes) {
            const isWhole = parts.every((part) => part.cells[place] === 'present');
            const counted = runs.filter((run) => run >= first && run <= last && here.has(run)).length;
            expect(isWhole).toBe(counted === last - first + 1);
            const center = ((from + to) / 2) * PICTURE_WIDTH;
            const isDrawnWhole = whole.some(([left = 0, , right = 0]) => left < center && center < right);
            expect(isDrawnWhole).toBe(isWhole);
          }
        }
      }),
    );
  });

  it('are one per run if enough fit into the picture', () => {
    const status = statusOf({ files: [1, 2, 3, 4], artdaqDb: [1, 3, 4], uconDb: [] });
    const stripes = toStripes(layOut(toSegments(status, undefined)), 600);
    expect(stripes.map(({ first, last, from, to }) => [first, last, from, to])).toEqual([
      [1, 1, 0, 0.25],
      [2, 2, 0.25, 0.5],
      [3, 4, 0.5, 1],
    ]);
  });

  it('describe their runs at each place', () => {
    const files = Array.from({ length: 99 }, (_, index) => index + 1);
    const status = statusOf({
      files,
      artdaqDb: files.filter((run) => run % 9 !== 0),
      uconDb: undefined,
      importing: { failed: [9, 18], state: { lastContiguousRun: 8, lastAttemptedRun: 99 } },
    });
    const [stripe] = toStripes(layOut(toSegments(status, undefined)), 1);
    expect(stripe && describeStripe(stripe).split('\n')).toEqual([
      'Runs 1-99 (99)',
      'Filesystem: present',
      'ArtdaqDB: 88 present, 2 import failed (9, 18), 9 skipped by --incremental (27, 36, 45, 54, 63 and 4 more)',
      'UconDB: could not be asked',
      'In the import failure log: 9, 18',
    ]);
  });
});

describe('the axis', () => {
  const far = [1, 2, 3, 9_000_000];
  const segments = toSegments(statusOf({ files: far, artdaqDb: far, uconDb: far }), undefined);

  it('shortens a stretch that would leave the runs no room, and says so', () => {
    const pieces = layOut(segments);
    expect(pieces.map(({ units, isBreak }) => [units, isBreak])).toEqual([
      [3, false],
      [1, true],
      [1, false],
    ]);
    const stripes = toStripes(pieces, 600);
    expect(stripes[1] && describeStripe(stripes[1])).toContain('Runs 4-8999999 (8,999,996, drawn short)');
    expect(ticks(pieces, 3).map(({ text }) => text)).toEqual(['1', '2', '≈', '9000000']);
  });

  it('ends with the newest runs', () => {
    const newest = (units: number) => lastUnits(layOut(segments), units).map(({ segment }) => segment.first);
    expect([newest(1), newest(2), newest(3), newest(100)]).toEqual([
      [9_000_000],
      [9_000_000],
      [3, 4, 9_000_000],
      [1, 4, 9_000_000],
    ]);
  });

  it('can show only the surroundings of a run', () => {
    const pieces = piecesBetween(segments, 3, 12);
    expect(pieces.map(({ segment, units }) => [segment.first, segment.last, units])).toEqual([
      [3, 3, 1],
      [4, 12, 9],
    ]);
  });
});
