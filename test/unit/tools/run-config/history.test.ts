import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Histories, type RunValues } from '../../../../tools/run-config/history.ts';
import { textOf } from '../../../../tools/run-config/parameters.ts';
import { PathPattern } from '../../../../tools/run-config/path-pattern.ts';
import { ValueFinder } from '../../../../tools/run-config/values-of-run.ts';

/** Values of the runs, each a text of `a.fcl`; undefined where there is no such file. */
function valuesOf(pattern: string, texts: readonly (string | undefined)[]): RunValues[] {
  const finder = new ValueFinder(new PathPattern(pattern));
  return texts.map((text) => finder.valuesOf(text === undefined ? [] : [{ name: 'a.fcl', text }]));
}

/** Lines of a history: `path 1-3: value`. */
function historyOf(pattern: string, runs: ReadonlyMap<number, string | undefined>): string[] {
  const histories = new Histories();
  const values = valuesOf(pattern, [...runs.values()]);
  [...runs.keys()].forEach((run, i) => {
    histories.add(run, values[i] ?? new Map());
  });
  return histories
    .all()
    .flatMap(({ path, ranges }) =>
      ranges.map(
        ({ first, last, runs: count, value }) => `${path} ${first}-${last} (${count}): ${value ?? 'not set'}`,
      ),
    );
}

describe('the history of a parameter', () => {
  it('joins runs with equal values, over gaps too', () => {
    const runs = new Map([
      [1, 'gain: 12 x: 1'],
      [2, 'gain: 0xC x: 2'],
      [5, 'gain: 12.0 x: 3'],
      [6, 'gain: 14'],
      [9, 'gain: 14'],
      [10, 'gain: 12'],
    ]);
    expect(historyOf('gain', runs)).toEqual(['gain 1-5 (3): 12', 'gain 6-9 (2): 14', 'gain 10-10 (1): 12']);
  });

  it('says where it is not set', () => {
    const runs = new Map([
      [1, undefined],
      [2, 'other: 1'],
      [3, 'gain: 1'],
      [4, undefined],
      [5, 'gain: 1'],
    ]);
    expect(historyOf('gain', runs)).toEqual([
      'gain 1-2 (2): not set',
      'gain 3-3 (1): 1',
      'gain 4-4 (1): not set',
      'gain 5-5 (1): 1',
    ]);
  });

  it('has a sequence as one parameter, unless elements are asked for', () => {
    const runs = new Map([
      [1, 's: [1, 2]'],
      [2, 's: [1, 3]'],
    ]);
    expect(historyOf('s', runs)).toEqual(['s 1-1 (1): [1, 2]', 's 2-2 (1): [1, 3]']);
    expect(historyOf('s[*]', runs)).toEqual(['s[0] 1-2 (2): 1', 's[1] 1-1 (1): 2', 's[1] 2-2 (1): 3']);
  });

  it('gives each run the value that the run shows', () => {
    const text = fc.option(
      fc
        .dictionary(fc.constantFrom('a', 'b', 'c'), fc.constantFrom('1', '2', '[1, 2]', '{d: 1}', '{d: 2}'))
        .map((entries) =>
          ['z: 0', ...Object.entries(entries).map(([name, value]) => `${name}: ${value}`)].join('\n'),
        ),
      { nil: undefined },
    );
    fc.assert(
      fc.property(
        fc.array(text, { maxLength: 12 }),
        fc.constantFrom('*', '**', 'a', '*.d', 'a[*]'),
        (texts, pattern) => {
          const shown = texts.map((each) => valuesOf(pattern, [each])[0]?.get('a.fcl') ?? new Map());
          const histories = new Histories();
          for (const [i, values] of valuesOf(pattern, texts).entries()) histories.add(2 * i, values);
          const paths = new Set(shown.flatMap((values) => [...values.keys()]));
          expect(new Set(histories.all().map(({ path }) => path))).toEqual(paths);
          for (const { path, ranges } of histories.all()) {
            const values = ranges.flatMap(({ first, last, runs, value }) => {
              expect(runs).toBe((last - first) / 2 + 1);
              return Array.from({ length: runs }, () => value);
            });
            expect(values).toEqual(
              shown.map((each) => each.get(path)).map((each) => each && textOf(each.parameter)),
            );
          }
        },
      ),
    );
  });
});
