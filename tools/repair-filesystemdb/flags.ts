import { Command, InvalidArgumentError } from 'commander';
import { parseRunNumber, type RunNumber } from '../../src/runs/run-number.ts';
import { commandOutput } from '../run-tool.ts';

/** The command line. */
export interface RepairFlags {
  readonly database: string;
  readonly apply: boolean;
  readonly deep: boolean;
  readonly runs: ReadonlySet<RunNumber>;
  readonly whole: ReadonlySet<RunNumber>;
  readonly reimport: ReadonlySet<RunNumber>;
  readonly setAside: boolean;
  readonly backupDir?: string;
  /** Seconds. */
  readonly settle: number;
  readonly json: boolean;
}

const UNLESS_GIVEN: Omit<RepairFlags, 'database' | 'backupDir'> = {
  apply: false,
  deep: false,
  runs: new Set(),
  whole: new Set(),
  reimport: new Set(),
  setAside: false,
  settle: 10,
  json: false,
};

const LONGEST_RANGE = 1_000_000;

const AFTER_HELP = `
Without --apply nothing is changed. Only indexes, names of files and documents that don't fit are read; --deep reads all
documents. The backup directory keeps whatever --apply replaces or removes.

Exit status:
  0    nothing found, or all of it repaired
  1    something is left: see the findings
  2    wrong usage, no FilesystemDB, or it can't be read or written
  130  interrupted; repeat the command to continue`;

/**
 * Reads the command line.
 * @throws CommanderError with the exit code, after it has printed help or what is wrong
 */
export function readFlags(argv: readonly string[]): RepairFlags {
  const command = new Command('repair-filesystemdb')
    .configureOutput(commandOutput)
    .description('Checks a FilesystemDB of artdaqDB, and repairs what racing or killed writers left behind.')
    .argument('<database>', 'directory of the database, or filesystemdb:///its/directory')
    .option('--apply', 'repair what can be determined with certainty')
    .option('--deep', 'read every document')
    .option('--runs <list>', 'read every document of these runs, e.g. 5001,5010-5020', runList)
    .option(
      '--whole <list>',
      'these runs are whole: list their schemas in the index, so that they count as stored',
      runList,
    )
    .option(
      '--reimport <list>',
      'stop counting these runs as stored, so that an import completes them',
      runList,
    )
    .option('--set-aside', 'also move unreadable documents and foreign files to the backup')
    .option(
      '--backup-dir <directory>',
      'directory for the backup of each repair (default: <database>.repairs)',
    )
    .option(
      '--settle <seconds>',
      `wait once for younger files, which may be on their way into the index (default: ${UNLESS_GIVEN.settle})`,
      seconds,
    )
    .option('--json', 'print the report as JSON')
    .addHelpText('after', AFTER_HELP)
    .exitOverride()
    .parse(argv, { from: 'user' });
  const [database = ''] = command.args;
  return { ...UNLESS_GIVEN, ...command.opts<Partial<RepairFlags>>(), database };
}

function runList(text: string, earlier: ReadonlySet<RunNumber> = new Set()): Set<RunNumber> {
  const runs = new Set(earlier);
  for (const part of text.split(',')) {
    const [first, last, ...more] = part.trim().split('-').map(parseRunNumber);
    const end = part.includes('-') ? last : first;
    if (first === undefined || end === undefined || more.length > 0 || end < first) {
      throw new InvalidArgumentError('Run numbers and ranges, e.g. 5001,5010-5020.');
    }
    if (end - first >= LONGEST_RANGE)
      throw new InvalidArgumentError(`At most ${LONGEST_RANGE} runs in a range.`);
    for (let run = first; run <= end; run++) runs.add(run);
  }
  return runs;
}

function seconds(text: string): number {
  if (!/^\d{1,4}$/.test(text)) throw new InvalidArgumentError('Seconds, 0 to 9999.');
  return Number(text);
}
