import { Command } from 'commander';
import { commandOutput } from '../run-tool.ts';

/** What the command line asks for. */
export interface FhiclFlags {
  readonly action: 'check' | 'format' | 'to-json';
  /** Files, `-` for standard input. */
  readonly files: readonly string[];
  /** For `to-json`: the whole stored document rather than its data. */
  readonly isWhole: boolean;
}

const AFTER_HELP = `
Without FILE, or with -, standard input is read. What is refused is named on standard error as file:line:column: reason.

Examples:
  run-archiver-fhicl check /daq/run_records/18010/*.fcl
  run-archiver-fhicl format boot.fcl | diff exported/boot.fcl -
  run-archiver-fhicl to-json boot.fcl | jq .main
  echo 'a: [1, 2' | run-archiver-fhicl check

Exit status:
  0  artdaqDB accepts every file
  1  a file is refused or can't be read; the others were gone through
  2  wrong usage, or an unexpected error`;

/**
 * Reads the command line.
 * @throws CommanderError with the exit code, after it printed help or what is wrong
 */
export function readFlags(argv: readonly string[]): FhiclFlags {
  let flags: FhiclFlags | undefined;
  const chosen = (action: FhiclFlags['action']) => (files: readonly string[], options: { stored?: true }) => {
    flags = { action, files: files.length === 0 ? ['-'] : files, isWhole: options.stored ?? false };
  };
  const command = new Command('run-archiver-fhicl')
    .configureOutput(commandOutput)
    .description('Reads FHiCL as artdaqDB does.')
    .addHelpText('after', AFTER_HELP)
    .exitOverride();
  command
    .command('check')
    .description('is it FHiCL that artdaqDB accepts?')
    .argument('[file...]', 'files to check')
    .action(chosen('check'));
  command
    .command('format')
    .description('what an export from artdaqDB would give')
    .argument('[file...]', 'files, one after the other')
    .action(chosen('format'));
  command
    .command('to-json')
    .description('the data of the document that artdaqDB would store, one document a file')
    .argument('[file...]', 'files, one after the other')
    .option(
      '--stored',
      'the whole document, byte for byte as it is stored; run, id and times are placeholders',
    )
    .action(chosen('to-json'));
  command.parse(argv, { from: 'user' });
  return flags ?? command.help({ error: true });
}
