/** A flag of the command line, in commander's notation. */
export interface Flag {
  readonly flags: string;
  readonly description: string;
}

/** Flags that say what to do; at most one may be given. */
export const modeFlags: readonly Flag[] = [
  { flags: '--import-only', description: 'only the import stage (run records to artdaqDB)' },
  { flags: '--migrate-only', description: 'only the migrate stage (artdaqDB to UconDB)' },
  { flags: '--retry-failed-import', description: "process the runs in the import stage's failure log" },
  { flags: '--retry-failed-migrate', description: "process the runs in the migrate stage's failure log" },
  { flags: '--report-status', description: 'report which runs are where; processes nothing' },
  {
    flags: '--recover-import-state',
    description: "rebuild the import stage's state file and failure log from the run records and artdaqDB",
  },
  {
    flags: '--recover-migrate-state',
    description: "rebuild the migrate stage's state file and failure log from artdaqDB and UconDB",
  },
  { flags: '--check-config', description: 'check the configuration and everything it names' },
  { flags: '--verify', description: 'compare the runs in artdaqDB with their blobs in UconDB, file by file' },
  { flags: '--restore <run>', description: "unpack a run's files from UconDB (with --to)" },
];

/** Flags that change how it is done. */
export const modifierFlags: readonly Flag[] = [
  {
    flags: '--incremental',
    description: 'only runs above the saved position, and at most batch_size of them (else batch_size * 10)',
  },
  {
    flags: '--compare-state',
    description:
      'report as --report-status does, and compare with the state files and failure logs; no stage is run then',
  },
  { flags: '--validate', description: "check each blob's metadata after its migration" },
  { flags: '--dry-run', description: 'say what would be done, and touch nothing' },
  { flags: '--runs <list>', description: 'only these runs, such as 100-120,130' },
  { flags: '--limit <number>', description: 'at most this many runs, whatever batch_size says' },
  { flags: '--time-limit <minutes>', description: 'after this time --verify begins no further run' },
  { flags: '--json', description: 'the report as JSON on stdout; the log goes to stderr' },
  { flags: '--html <file>', description: 'the report as a web page' },
  { flags: '--to <directory>', description: 'where --restore puts the files' },
  { flags: '--force', description: 'let --restore replace existing files' },
  { flags: '--raw', description: 'let --restore write the blob as it is, into one file run<number>.blob' },
  { flags: '-v, --verbose', description: 'DEBUG logging, whatever the configuration says' },
  {
    flags: '-q, --quiet',
    description:
      'nothing on stdout, and on stderr only errors that no log file takes; the log file gets everything',
  },
];

/** The long flags of the reference program. Abbreviations that meant one of them go on meaning it. */
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

/** Exit codes, as the end of the help text. They never change their meaning; treat any other than 0 as failure. */
export const exitStatus = `
EXIT STATUS
  0    success, also if there was nothing to do
  1    a known error (configuration, a place that can't be reached, another archiver running), or a run failed
  2    wrong usage, or an unexpected error
  130  stopped by request: a signal, or the lock file was removed; what was in progress ended well`;

/** The files that matter to an operator, as the end of the help text. */
export const files = `
FILES
  config.yaml           the configuration, in the current directory unless given; config.yaml.template explains it
  archiver.env          in the directory above bin/: KEY=value lines that go over the environment
  app.lock_file         holds the process id while the archiver runs; remove it to stop the archiver gracefully
  app.*_state_file      how far each stage has come
  app.*_failure_log     the runs that failed, one number a line
  app.log_file          the log; the five files before it are kept as .1 to .5`;
