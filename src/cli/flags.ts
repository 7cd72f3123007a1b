/** A flag of the command line. */
export interface Flag {
  /** In commander's notation, such as `--limit <number>`. */
  readonly flags: string;
  readonly description: string;
  /** What a value can be, for completion; nothing is completed if absent. */
  readonly value?: 'file' | 'directory' | readonly string[];
  /** The flag that the help text lists this one after. By default that is the last one that several modes share. */
  readonly after?: string;
}

/** The name of a flag, such as `--limit`. */
export function flagName({ flags }: Flag): string {
  return /--[a-z-]+/.exec(flags)?.[0] ?? flags;
}

/** The shells that completion is made for. */
export const shells = ['bash', 'zsh', 'fish'] as const;

/** Needs no configuration. */
export const completionFlag: Flag = {
  flags: '--completion <shell>',
  description: 'print a script that completes these flags in a shell: bash, zsh or fish',
  value: shells,
};

/** Makes a configuration. */
export const initFlag: Flag = {
  flags: '--init <directory>',
  description: 'write config.yaml there, from a few questions or from --set, and check it; replaces nothing',
  value: 'directory',
};

/** May be given several times. */
export const setFlag: Flag = {
  flags: '--set <parameter=value>',
  description: 'with --init: a parameter, such as app.work_dir=/var/lib/run-archiver; may be repeated',
};

/** Needs no configuration. */
export const versionFlag: Flag = {
  flags: '--version',
  description: 'the versions of this program and of Node',
};

/** Needs no configuration. */
export const helpFlag: Flag = {
  flags: '-h, --help',
  description: 'this text (also /?, /h and /help)',
};

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
  value: 'file',
  description: 'what this execution did as JSON, in a file or (-) on stdout; the log then goes to stderr',
};

/** Every mode understands it. */
export const logFormatFlag: Flag = {
  flags: '--log-format <format>',
  value: ['text', 'json'],
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
