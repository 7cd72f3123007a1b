import { describe, expect, it } from 'vitest';
import { optionFlags } from '../../../src/cli/description.ts';
import { flagsLike } from '../../../src/cli/flag-hint.ts';
import { flagName } from '../../../src/cli/flags.ts';
import { modes } from '../../../src/modes/all.ts';

const flags = [...modes.flatMap((mode) => mode.flags), ...optionFlags(modes)].map(flagName).concat('--help');

describe('a word without dashes', () => {
  it.each([
    ['status', ['--report-status']],
    ['Status', ['--report-status']],
    ['report-status', ['--report-status']],
    ['report', ['--report-status']],
    ['verify', ['--verify']],
    ['restore', ['--restore']],
    ['recover', ['--recover-import-state', '--recover-migrate-state']],
    ['retry', ['--retry-failed-import', '--retry-failed-migrate']],
    ['import', ['--import-only']],
    ['check', ['--check-config']],
    ['help', ['--help']],
    ['incremental', ['--incremental']],
    ['stauts', ['--report-status']],
    ['verfy', ['--verify']],
    ['incremetnal', ['--incremental']],
  ])('%s hints at the flags that it resembles', (word, expected) => {
    expect(flagsLike(word, flags)).toEqual(expected);
  });

  it.each([
    'config',
    'config.yaml',
    './status',
    'state',
    'run',
    'x',
    'prod',
    'archiver',
    'sbnd',
    'icarus',
    '',
  ])("'%s' may be a configuration file", (word) => {
    expect(flagsLike(word, flags)).toEqual([]);
  });
});
