import { describe, expect, it } from 'vitest';
import { toSegments } from '../../../../src/report/html/segments.ts';
import { RunSet } from '../../../../src/runs/run-set.ts';
import { type StatusFacts, statusOf } from '../../../helpers/status.ts';

/** `first-last filesystem/artdaqDB/UconDB` of each segment. */
function segmentsOf(facts: StatusFacts, selection?: RunSet): string[] {
  return toSegments(statusOf(facts), selection).map(
    ({ first, last, cells, failedIn }) =>
      `${first}-${last} ${cells.filesystem}/${cells.artdaqDB}/${cells.UconDB}${failedIn.length > 0 ? ` failed: ${failedIn.join()}` : ''}`,
  );
}

const at = (run: number) => ({ lastContiguousRun: run, lastAttemptedRun: run });

describe('segments', () => {
  it('do not exist without runs, and a single run makes one', () => {
    expect(segmentsOf({ files: [], artdaqDb: [], uconDb: [] })).toEqual([]);
    expect(segmentsOf({ files: [0], artdaqDb: [0], uconDb: [0] })).toEqual(['0-0 present/present/present']);
  });

  it('distinguish runs that failed, are skipped, came late or wait', () => {
    const files = [1, 2, 3, 4, 5, 6, 9];
    expect(
      segmentsOf({
        files,
        artdaqDb: [1, 5],
        uconDb: [1],
        importing: { state: at(5), failed: [2], isKnown: (run) => run !== 4 },
        migrating: { state: at(1), failed: [5] },
      }),
    ).toEqual([
      '1-1 present/present/present',
      '2-2 present/failed/waiting failed: import',
      '3-3 present/skipped/waiting',
      '4-4 present/late/waiting',
      '5-5 present/present/failed failed: migrate',
      '6-6 present/waiting/waiting',
      '7-8 unused/unused/unused',
      '9-9 present/waiting/waiting',
    ]);
  });

  it('include runs that only a failure log, only artdaqDB, or only UconDB has', () => {
    expect(
      segmentsOf({ files: [], artdaqDb: [8], uconDb: [3, 8], importing: { failed: [5], state: at(9) } }),
    ).toEqual([
      '3-3 absent/absent/present',
      '4-4 unused/unused/unused',
      '5-5 unused/failed/unused failed: import',
      '6-7 unused/unused/unused',
      '8-8 absent/present/present',
    ]);
  });

  it('name archived runs without stop time, and blobs that lack it', () => {
    const runs = [1, 2, 3];
    expect(segmentsOf({ files: runs, artdaqDb: runs, uconDb: runs, unfinished: [1], amended: [2] })).toEqual([
      '1-1 present/incomplete/present',
      '2-2 present/present/incomplete',
      '3-3 present/present/present',
    ]);
  });

  it('claim nothing about a place that could not be asked', () => {
    expect(segmentsOf({ files: [1, 3], artdaqDb: undefined, uconDb: [1] })).toEqual([
      '1-1 present/unknown/present',
      '2-2 unused/unknown/unused',
      '3-3 present/unknown/absent',
    ]);
  });

  it('cover the selected runs only', () => {
    const runs = [10, 20];
    expect(
      segmentsOf({ files: runs, artdaqDb: runs, uconDb: runs }, RunSet.fromTexts(['5-11', '14-15', '20-90'])),
    ).toEqual([
      '10-10 present/present/present',
      '11-11 unused/unused/unused',
      '12-13 unselected/unselected/unselected',
      '14-15 unused/unused/unused',
      '16-19 unselected/unselected/unselected',
      '20-20 present/present/present',
    ]);
  });
});
