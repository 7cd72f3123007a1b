import { resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { parseRunNumber, type RunNumber } from '../../src/runs/run-number.ts';
import { commandOutput } from '../run-tool.ts';
import { type LineOptions, type LinePattern, readLinePattern } from './line-options.ts';

/** What the command line asks for. */
export interface CompareFlags {
  readonly configPath: string;
  /** First and last run, both included. */
  readonly start: RunNumber;
  readonly end: RunNumber;
  /** Directories that keep exported and unpacked files. */
  readonly artdaqdbDir: string | undefined;
  readonly ucondbDir: string | undefined;
  readonly verbose: boolean;
  readonly showDiff: boolean;
  /** How differing files are normalised; `program` is the site's fhicl-dump. */
  readonly normalisation: 'none' | 'own' | { readonly program: string };
  readonly lines: LineOptions;
  /** Names with or without ending. */
  readonly ignoreFiles: readonly string[];
  readonly json: boolean;
}

interface Options {
  readonly start: RunNumber;
  readonly end: RunNumber;
  readonly artdaqdbDir?: string;
  readonly ucondbDir?: string;
  readonly verbose?: true;
  readonly showDiff?: true;
  readonly withFhiclDump?: true;
  readonly fhiclDump?: string;
  readonly ignoreCase?: true;
  readonly ignoreAllSpace?: true;
  readonly ignoreBlankLines?: true;
  readonly ignoreMatchingLines?: LinePattern;
  readonly ignoreFiles?: readonly string[];
  readonly json?: true;
}

const AFTER_HELP = `
Nothing is changed in artdaqDB, in UconDB or in what the archiver keeps, and the archiver may be at work meanwhile.
Ctrl-C once: runs in progress are finished, and the summary so far is printed.

Examples:
  compare-artdaqdb-ucondb config.yaml --start 18000 --end 18099
  compare-artdaqdb-ucondb config.yaml --start 18010 --end 18010 --show-diff
  compare-artdaqdb-ucondb --start 18000 --end 18099 --ignore-files RunHistory2,settings --json
  compare-artdaqdb-ucondb --start 18000 --end 18099 --artdaqdb-dir a --ucondb-dir u && diff -r a u

Exit status:
  0    no difference (runs that are missing in one place are no difference: see the summary)
  1    a run differs or could not be compared, or a place could not be read
  2    wrong usage, or an unexpected error
  130  stopped by request`;

/**
 * Reads the command line.
 * @throws CommanderError with the exit code, after it printed help or what is wrong
 */
export function readFlags(argv: readonly string[]): CompareFlags {
  const command = new Command('compare-artdaqdb-ucondb')
    .configureOutput(commandOutput)
    .description('Compares the files of runs in artdaqDB with those of their blobs in UconDB.')
    .argument('[config]', 'the configuration file', 'config.yaml')
    .requiredOption('--start <run>', 'first run', runNumber)
    .requiredOption('--end <run>', 'last run, included', runNumber)
    .option('--artdaqdb-dir <directory>', 'keep the files exported from artdaqDB there, in run_<number>')
    .option('--ucondb-dir <directory>', 'keep the files unpacked from UconDB there, in run_<number>')
    .option('-v, --verbose', 'log each equal run, and what is done (DEBUG)')
    .option('--show-diff', 'show what differs in unified format')
    .option(
      '--with-fhicl-dump',
      'compare what the files mean as FHiCL: comments, order and notation do not count',
    )
    .option(
      '--fhicl-dump <program>',
      "as --with-fhicl-dump, with the site's fhicl-dump in place of our own parser",
    )
    .option('--ignore-case', 'upper and lower case are equal')
    .option('--ignore-all-space', 'white space in lines does not count')
    .option('--ignore-blank-lines', 'empty lines do not count')
    .option('--ignore-matching-lines <regex>', 'lines in which this is found do not count', linePattern)
    .option('--ignore-files <names>', 'files that are not compared, e.g. RunHistory2,settings', fileNames)
    .option('--json', 'the result as JSON on stdout')
    .allowExcessArguments(false)
    .addHelpText('after', AFTER_HELP)
    .exitOverride()
    .parse(argv, { from: 'user' });
  const [configPath = ''] = command.processedArgs;
  const options = command.opts<Options>();
  const { start, end, artdaqdbDir, ucondbDir } = options;
  if (end < start) command.error(`error: --end ${end} is below --start ${start}`);
  if (artdaqdbDir !== undefined && ucondbDir !== undefined && resolve(artdaqdbDir) === resolve(ucondbDir)) {
    command.error('error: --artdaqdb-dir and --ucondb-dir must be two directories');
  }
  return {
    configPath: String(configPath),
    start,
    end,
    artdaqdbDir,
    ucondbDir,
    verbose: options.verbose ?? false,
    showDiff: options.showDiff ?? false,
    normalisation: normalisationOf(options),
    lines: {
      ignoreCase: options.ignoreCase ?? false,
      ignoreAllSpace: options.ignoreAllSpace ?? false,
      ignoreBlankLines: options.ignoreBlankLines ?? false,
      ignoreMatchingLines: options.ignoreMatchingLines?.pattern,
    },
    ignoreFiles: options.ignoreFiles ?? [],
    json: options.json ?? false,
  };
}

function normalisationOf({ withFhiclDump, fhiclDump }: Options): CompareFlags['normalisation'] {
  if (fhiclDump !== undefined) return { program: fhiclDump };
  return withFhiclDump === true ? 'own' : 'none';
}

function runNumber(text: string): RunNumber {
  const run = parseRunNumber(text);
  if (run === undefined) throw new InvalidArgumentError('It is no run number.');
  return run;
}

function linePattern(text: string): LinePattern {
  try {
    return readLinePattern(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new InvalidArgumentError(error.message);
  }
}

function fileNames(text: string): string[] {
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}
