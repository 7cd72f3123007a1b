import { CommanderError } from 'commander';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { readFlags } from '../../../../tools/repair-filesystemdb/flags.ts';

afterEach(() => vi.restoreAllMocks());

describe('the command line of repair-filesystemdb', () => {
  it('by default the command changes nothing and reads little', () => {
    const none = new Set();
    expect(readFlags(['/db'])).toEqual({
      database: '/db',
      apply: false,
      deep: false,
      setAside: false,
      json: false,
      runs: none,
      whole: none,
      reimport: none,
      settle: 10,
    });
  });

  it('runs and ranges are read', () => {
    const { runs, whole } = readFlags(['/db', '--runs', '5,8-10', '--runs', '12', '--whole', '1']);
    expect([...runs]).toEqual([5, 8, 9, 10, 12]);
    expect([...whole]).toEqual([1]);
  });

  it.each(['', 'x', '5-', '-5', '5-3', '1-2-3', '01', '1,,2', '1-9000000'])(
    'the run list "%s" is refused',
    (list) => {
      vi.spyOn(process.stderr, 'write').mockReturnValue(true);
      expect(() => readFlags(['/db', '--runs', list])).toThrow(CommanderError);
    },
  );
});
