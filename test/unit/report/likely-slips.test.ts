import { describe, expect, it } from 'vitest';
import { likelySlips } from '../../../src/report/likely-slips.ts';
import { recommendations } from '../../../src/report/recommendations.ts';
import { statusOf } from '../../helpers/status.ts';

const from = (first: number, count: number) => Array.from({ length: count }, (_, index) => first + index);

describe('likely slips', () => {
  it.each([
    ['one number far above all others', [...from(5001, 100), 9_999_999], [9_999_999]],
    ['up to three of them', [...from(5001, 100), 51_000, 51_001, 9_999_999], [51_000, 51_001, 9_999_999]],
    ['not more, which may be a new campaign', [...from(1, 500), ...from(10_000, 4)], []],
    ['not the next hundred', [...from(5001, 100), 5300], []],
    ['not the next thousand', [...from(1, 500), 1000], []],
    ['not among a few runs', [1, 2, 3, 9_999_999], []],
    ['nothing among no runs', [], []],
  ])('are %s', (_, runs, expected) => {
    expect(likelySlips(runs)).toEqual(expected);
  });

  it('are named with what to do, at the end of the recommendations', () => {
    const runs = [...from(5001, 30), 9_999_999];
    const status = statusOf({ files: runs, artdaqDb: runs, uconDb: runs });
    expect(recommendations(status).map(({ level, text }) => `${level} ${text}`)).toEqual([
      'info All systems are synchronized - no action needed',
      'info INFO: 1 run(s) far above all others (9999999, the others are 5001-5030): probably a slip in the name of the run ' +
        'directory. If so, rename it; what is archived keeps the wrong number',
    ]);
  });
});
