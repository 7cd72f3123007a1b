import { CommanderError } from 'commander';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { standardError } from '../../../../src/log/standard-stream.ts';
import { readFlags } from '../../../../tools/run-config/flags.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

/** What is said about a command line that is refused. */
function refusal(...argv: readonly string[]): string {
  const said = vi.spyOn(standardError, 'write').mockReturnValue(true);
  expect(() => readFlags(argv)).toThrow(CommanderError);
  return said.mock.calls.join('');
}

describe('the command line', () => {
  it('names the configuration file first, as the other tools do, or leaves it out', () => {
    expect(readFlags(['site.yaml', 'diff', '1', '2'])).toMatchObject({
      configPath: 'site.yaml',
      from: 'artdaqdb',
      format: 'text',
      question: { action: 'diff', runs: [1, 2], all: false },
    });
    expect(readFlags(['diff', '1', '2', '--all']).configPath).toBe('config.yaml');
    expect(readFlags(['--from', 'ucondb', 'site.yaml', '--json', 'show', '5'])).toMatchObject({
      configPath: 'site.yaml',
      from: 'ucondb',
      format: 'json',
      question: { action: 'show', run: 5 },
    });
  });

  it('takes a pattern as lists print it, in quotes or not', () => {
    for (const words of [['boot.fcl:a.b'], ['boot.fcl: a.b'], ['boot.fcl:', 'a.b']]) {
      const { question } = readFlags(['find', ...words, '--runs', '1-3, 7', '--changes', '--csv']);
      expect(question).toMatchObject({ action: 'find', changes: true });
      if (question.action !== 'find') throw new Error('another question');
      expect(question.pattern.selects('a.b')).toBe(true);
      expect(question.pattern.hasFile).toBe(true);
      expect(question.runs?.toTexts()).toEqual(['1-3', '7']);
    }
  });

  it.each([
    [['site.yaml'], 'the question is missing: diff, find or show'],
    [['site.yaml', 'dif', '1', '2'], "there is no question 'dif'"],
    [['diff', '1'], 'diff needs two runs'],
    [['diff', '1', '2', '3'], 'diff needs two runs'],
    [['diff', '1', 'x'], "'x' is no run number"],
    [['diff', '01', '2'], "'01' is no run number"],
    [['show'], 'show needs a run'],
    [['find'], 'find needs a pattern'],
    [['find', 'a', 'b'], "one pattern is taken at a time, not also 'b'; was it quoted?"],
    [['find', 'a:', 'b', 'c'], 'was it quoted?'],
    [['find', 'a['], "pattern 'a[': 'a[' is no name with indexes"],
    [['find', 'a', '--runs', '5-3'], "--runs needs run numbers and ranges such as 100-120,130, not '5-3'"],
    [['find', 'a', '--all'], '--all is for diff and find --changes'],
    [['diff', '1', '2', '--runs', '3'], '--runs is for find'],
    [['show', '1', '--changes'], '--changes is for find'],
    [['show', '1', '--all'], '--all is for diff and find --changes'],
    [['diff', '1', '2', '--json', '--csv'], '--json and --csv are two formats'],
    [['diff', '1', '2', '--from', 'tape'], 'Allowed choices are artdaqdb, ucondb, files.'],
    [['diff', '1', '2', '--frm', 'files'], "unknown option '--frm'"],
  ])('%j is refused: %s', (argv, message) => {
    expect(refusal(...argv)).toContain(message);
  });

  it('prints help without a question', () => {
    expect(refusal()).toContain('Usage: run-config');
  });
});
