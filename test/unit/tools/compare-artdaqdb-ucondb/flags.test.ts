import { CommanderError } from 'commander';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { readFlags } from '../../../../tools/compare-artdaqdb-ucondb/flags.ts';

afterEach(() => vi.restoreAllMocks());

const range = ['--start', '5', '--end', '9'];

describe('the command line of compare-artdaqdb-ucondb', () => {
  it('needs nothing but a range', () => {
    expect(readFlags(range)).toEqual({
      configPath: 'config.yaml',
      start: 5,
      end: 9,
      artdaqdbDir: undefined,
      ucondbDir: undefined,
      verbose: false,
      showDiff: false,
      normalisation: 'none',
      lines: {
        ignoreCase: false,
        ignoreAllSpace: false,
        ignoreBlankLines: false,
        ignoreMatchingLines: undefined,
      },
      ignoreFiles: [],
      json: false,
    });
  });

  it('reads names of files, and which normalisation is meant', () => {
    expect(readFlags(['other.yaml', ...range]).configPath).toBe('other.yaml');
    expect(readFlags([...range, '--ignore-files', ' a, b.fcl ,,']).ignoreFiles).toEqual(['a', 'b.fcl']);
    expect(readFlags([...range, '--with-fhicl-dump']).normalisation).toBe('own');
    expect(readFlags([...range, '--with-fhicl-dump', '--fhicl-dump', 'x']).normalisation).toEqual({
      program: 'x',
    });
  });

  it.each(['stop: {', '^\\s*\\#.*\\btime\\b', '(\\d)\\1[\\]\\w]'])('takes the expression "%s"', (text) => {
    const { lines } = readFlags([...range, '--ignore-matching-lines', text]);
    expect(lines.ignoreMatchingLines?.source).toBe(text);
  });

  it('takes an empty expression, which would be found in every line, for none', () => {
    const { lines } = readFlags([...range, '--ignore-matching-lines', '']);
    expect(lines.ignoreMatchingLines).toBeUndefined();
  });

  it.each([
    [],
    ['--start', '1'],
    ['--start', '9', '--end', '5'],
    ['--start', '-1', '--end', '5'],
    ['--start', '1.5', '--end', '5'],
    ['--start', '1', '--end', '99999999999999999999'],
    [...range, '--ignore-matching-lines', '['],
    [...range, '--ignore-matching-lines', '\\Atime'],
    [...range, '--ignore-matching-lines', '(?P<x>a)'],
    [...range, '--artdaqdb-dir', 'a/../b', '--ucondb-dir', 'b'],
    ['one', 'two', ...range],
    [...range, '--unknown'],
  ])('refuses %j', (...argv) => {
    vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    let code: number | undefined;
    try {
      readFlags(argv);
    } catch (error) {
      code = error instanceof CommanderError ? error.exitCode : undefined;
    }
    expect(code).toBe(1);
  });
});
