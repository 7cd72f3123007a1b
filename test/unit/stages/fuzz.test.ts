import { describe, expect, it } from 'vitest';
import { ArchiverError, NotYetError } from '../../../src/errors.ts';
import { silentLogger } from '../../../src/log/logger.ts';
import { Fuzz, type FuzzSettings } from '../../../src/stages/fuzz.ts';

const off = { randomSkipPercent: 0, randomErrorPercent: 0, randomSkipRetry: false, randomErrorRetry: false };

function outcomes(settings: Partial<FuzzSettings>, seed: string, runs: readonly number[]): string[] {
  const fuzz = new Fuzz({ ...off, ...settings }, seed, silentLogger);
  return runs.map((run) => {
    try {
      fuzz.draw(run);
      return 'passes';
    } catch (error) {
      if (error instanceof NotYetError) return 'later';
      return error instanceof ArchiverError && error.retryable ? 'fails' : 'fails for good';
    }
  });
}

const count = (list: readonly string[], what: string) => list.filter((each) => each === what).length;

describe('the rehearsal of failures', () => {
  const runs = Array.from({ length: 2000 }, (_, index) => index);

  it('everything passes at 0 percent, and everything is skipped at 100', () => {
    expect(new Set(outcomes({}, 's', runs))).toEqual(new Set(['passes']));
    expect(new Set(outcomes({ randomSkipPercent: 100 }, 's', runs))).toEqual(new Set(['later']));
    expect(new Set(outcomes({ randomSkipPercent: 100, randomSkipRetry: true }, 's', runs))).toEqual(
      new Set(['fails for good']),
    );
  });

  it('half of the drawn runs fail', () => {
    const drawn = outcomes({ randomErrorPercent: 100 }, 's', runs);
    expect(count(drawn, 'fails') + count(drawn, 'passes')).toBe(2000);
    expect(Math.abs(count(drawn, 'fails') - 1000)).toBeLessThan(150);
    expect(
      count(outcomes({ randomErrorPercent: 100, randomErrorRetry: true }, 's', runs), 'fails for good'),
    ).toBe(count(drawn, 'fails'));
  });

  it("a rehearsed failure is the run's fault, so that no outage is rehearsed by accident", () => {
    const settings = { randomSkipPercent: 0, randomErrorPercent: 100 };
    const fuzz = new Fuzz(
      { ...settings, randomSkipRetry: false, randomErrorRetry: false },
      's',
      silentLogger,
    );
    const draw = () => {
      for (const run of runs) fuzz.draw(run);
    };
    expect(draw).toThrow(expect.objectContaining({ fault: 'run' }));
  });

  it('the same seed repeats a rehearsal in any order, and another seed does not', () => {
    const settings = { randomSkipPercent: 30, randomErrorPercent: 30 };
    const forward = outcomes(settings, 's', runs);
    expect(outcomes(settings, 's', [...runs].reverse()).reverse()).toEqual(forward);
    expect(outcomes(settings, 't', runs)).not.toEqual(forward);
    const [first, ...again] = outcomes(settings, 's', Array(50).fill(7));
    expect(new Set([first, ...again]).size).toBeGreaterThan(1);
  });
});
