/** A flag of the command line. */
export interface Flag {
  /** In commander's notation, such as `--limit <number>`. */
  readonly flags: string;
  readonly description: string;
  /** The flag that the help text lists this one after. By default that is the last one that several modes share. */
  readonly after?: string;
}

/** The name of a flag, such as `--limit`. */
export function flagName({ flags }: Flag): string {
  return /--[a-z-]+/.exec(flags)?.[0] ?? flags;
}

/** Several modes understand it. */
export const runsFlag: Flag = {
  flags: '--runs <list>',
  description: 'only these runs, such as 100-120,130',
};

/** Several modes understand it. */
export const limitFlag: Flag = {
  flags: '--limit <number>',
  description: 'at most this many runs, whatever batch_size says',
};

/** Several modes understand it. */
export const jsonFlag: Flag = {
  flags: '--json',
  description: 'the report as JSON on stdout; the log goes to stderr',
};

/** Every mode understands it. */
export const dryRunFlag: Flag = {
  flags: '--dry-run',
  description: 'say what would be done, and touch nothing',
};

/** Every mode understands it. */
export const resultJsonFlag: Flag = {
  flags: '--result-json <file>',
  description: 'what this execution did as JSON, in a file or (-) on stdout; the log then goes to stderr',
};

/** Every mode understands it. */
export const logFormatFlag: Flag = {
  flags: '--log-format <format>',
  description: 'text, or one JSON object a line (json), whatever the configuration says',
};

/** How much is logged, in every mode. */
export const logFlags: readonly Flag[] = [
  { flags: '-v, --verbose', description: 'DEBUG logging, whatever the configuration says' },
  {
    flags: '-q, --quiet',
    description:
      'nothing on stdout, and on stderr only errors that no log file takes; the log file gets everything',
  },
];

/** The flags of the Python archiver. Each goes with every mode, and its abbreviations keep their meaning. */
export const referenceFlags: readonly string[] = [
  '--help',
  '--verbose',
  '--quiet',
  '--incremental',
  '--compare-state',
  '--validate',
  '--import-only',
  '--migrate-only',
  '--retry-failed-import',
  '--retry-failed-migrate',
  '--report-status',
  '--recover-import-state',
  '--recover-migrate-state',
];
