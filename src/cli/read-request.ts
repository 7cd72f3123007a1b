import type { StageName } from '../errors.ts';
import { parseRunNumber } from '../runs/run-number.ts';
import { RunSet } from '../runs/run-set.ts';
import { modeFlags } from './flags.ts';
import type { RunRequest } from './request.ts';

/** The options that were given, by long flag; those without a value as `true`. */
export type OptionValues = ReadonlyMap<string, string>;

/** A command line that can't be meant; the message says why. */
export class UsageError extends Error {}

type Mode = RunRequest['mode'];

const stages: readonly Mode[] = ['pipeline', 'import-only', 'migrate-only', 'retry-failed'];

/** Flags that would be ignored with other modes than these. The reference's own flags go with every mode, as they always did. */
const modesOf: ReadonlyMap<string, readonly Mode[]> = new Map([
  ['--runs', [...stages, 'report-status', 'verify']],
  ['--limit', [...stages, 'verify']],
  ['--time-limit', ['verify']],
  ['--json', ['report-status', 'check-config', 'verify']],
  ['--html', ['report-status']],
  ['--to', ['restore']],
  ['--force', ['restore']],
  ['--raw', ['restore']],
]);

/** What the reference's `--compare-state` and `--report-status` accept, and do nothing about. */
const workFlags = [
  '--incremental',
  '--validate',
  '--import-only',
  '--migrate-only',
  '--retry-failed-import',
  '--retry-failed-migrate',
];
/** Modes of our own: whoever combines them with `--compare-state` can't know which of the two wins. */
const modesWithoutComparison = ['--verify', '--check-config', '--restore'];

/** @throws UsageError if more than one mode is given, or one that can't be combined with a comparison */
export function refuseTwoModes(given: OptionValues): void {
  const modes = modesIn(given);
  const lonely = modes.find((mode) => modesWithoutComparison.includes(mode));
  if (lonely !== undefined && given.has('--compare-state')) {
    throw new UsageError(`${lonely} and --compare-state can't be used together`);
  }
  if (modes.length > 1) throw new UsageError(`${modes.join(' and ')} can't be used together`);
}

function modesIn(given: OptionValues): string[] {
  return modeFlags.map(({ flags }) => flags.split(' ')[0] ?? '').filter((flag) => given.has(flag));
}

/**
 * What the options ask for.
 * @throws UsageError if they contradict each other, or a value is none
 */
export function readRequest(given: OptionValues, configPath: string): RunRequest {
  const request = asRequest(given, configPath);
  for (const [flag, allowed] of modesOf) {
    if (given.has(flag) && !allowed.includes(request.mode)) {
      const [mode] = modesIn(given);
      throw new UsageError(
        `${flag} has no meaning ${mode === undefined ? 'without a mode' : `with ${mode}`}`,
      );
    }
  }
  return request;
}

function asRequest(given: OptionValues, configPath: string): RunRequest {
  const common = {
    configPath,
    verbose: given.has('--verbose'),
    quiet: given.has('--quiet'),
    dryRun: given.has('--dry-run'),
  };
  const validate = given.has('--validate');
  const json = given.has('--json');
  const runs = selectionOf(given);
  const selection = { runs, limit: wholeNumber(given, '--limit') };
  const recovered = stageOf((stage) => given.has(`--recover-${stage}-state`));
  if (recovered !== undefined) return { ...common, mode: 'recover-state', stage: recovered };
  const compareState = given.has('--compare-state');
  if (compareState || given.has('--report-status')) {
    const html = given.get('--html');
    if (html === '') throw new UsageError('--html needs a file');
    const ignored = workFlags.filter((flag) => given.has(flag));
    return { ...common, mode: 'report-status', runs, compareState, json, html, ignored };
  }
  if (given.has('--check-config')) return { ...common, mode: 'check-config', json };
  if (given.has('--verify')) {
    return { ...common, mode: 'verify', ...selection, json, timeLimit: wholeNumber(given, '--time-limit') };
  }
  const restored = given.get('--restore');
  if (restored !== undefined) return { ...common, mode: 'restore', ...restoreOptions(restored, given) };
  const retried = stageOf((stage) => given.has(`--retry-failed-${stage}`));
  if (retried !== undefined)
    return { ...common, mode: 'retry-failed', stage: retried, ...selection, validate };
  const only = (['import-only', 'migrate-only'] as const).find((mode) => given.has(`--${mode}`));
  const incremental = given.has('--incremental');
  return { ...common, mode: only ?? 'pipeline', incremental, ...selection, validate };
}

function stageOf(isGiven: (stage: StageName) => boolean): StageName | undefined {
  return (['import', 'migrate'] as const).find(isGiven);
}

function restoreOptions(text: string, given: OptionValues) {
  const run = parseRunNumber(text);
  if (run === undefined) throw new UsageError(`--restore needs a run number, not '${text}'`);
  const to = given.get('--to');
  if (!to) throw new UsageError('--restore needs --to <directory>');
  return { run, to, force: given.has('--force'), raw: given.has('--raw') };
}

function selectionOf(given: OptionValues): RunSet | undefined {
  const text = given.get('--runs');
  if (text === undefined) return undefined;
  const selection = RunSet.fromTexts(text.split(',').map((part) => part.trim()));
  if (selection === undefined) {
    throw new UsageError(`--runs needs run numbers and ranges such as 100-120,130, not '${text}'`);
  }
  return selection;
}

function wholeNumber(given: OptionValues, flag: string): number | undefined {
  const text = given.get(flag);
  if (text === undefined) return undefined;
  const number = Number(text);
  if (!/^[0-9]+$/.test(text) || number < 1 || !Number.isSafeInteger(number)) {
    throw new UsageError(`${flag} needs a whole number above zero, not '${text}'`);
  }
  return number;
}
