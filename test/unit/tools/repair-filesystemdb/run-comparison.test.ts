import { describe, expect, it } from 'vitest';
import { RunComparison } from '../../../../tools/repair-filesystemdb/run-comparison.ts';

const entities = new Map(
  Object.entries({
    '9/a': ['boot', 'old'],
    '10/a': ['boot'],
    '11/b': ['boot', 'other'],
    '12/a': ['boot', 'old', 'new'],
    '13/a': ['boot', 'old', 'new'],
    '20/c': [],
  }).map(([name, held]) => [name, new Set(held)] as const),
);
const stored = ['13/a', '12/a', '9/a', '11/b', 'no run'];
const comparison = new RunComparison(entities, stored);

describe('a comparison of a run with its neighbours', () => {
  it('the neighbours are the nearest stored runs of the same configuration name, by number', () => {
    expect(comparison.withNearest('10/a')).toEqual({ peers: ['9/a', '12/a'], missing: ['old'] });
    expect(comparison.withNearest('13/a')).toEqual({ peers: ['12/a'], missing: [] });
  });

  it('without a run of that name the neighbours are the nearest of all', () => {
    expect(comparison.withNearest('20/c')).toEqual({ peers: ['13/a'], missing: ['boot', 'new', 'old'] });
    expect(new RunComparison(entities, []).withNearest('10/a')).toEqual({ peers: [], missing: [] });
  });

  it('stored runs are found that lack what both neighbours have', () => {
    expect([...comparison.smallerThanNeighbours()]).toEqual([]);
    const all = new RunComparison(entities, [...stored, '10/a']);
    expect([...all.smallerThanNeighbours()]).toEqual([
      ['10/a', { peers: ['9/a', '12/a'], missing: ['old'] }],
    ]);
  });
});
