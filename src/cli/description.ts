import {
  completionFlag,
  dryRunFlag,
  type Flag,
  flagName,
  helpFlag,
  initFlag,
  jsonFlag,
  limitFlag,
  logFlags,
  logFormatFlag,
  resultJsonFlag,
  runsFlag,
  setFlag,
  versionFlag,
} from './flags.ts';

/** The flags of a mode. */
export interface DescribedMode {
  /** At most one flag of all modes may be given. */
  readonly flags: readonly Flag[];
  /** Flags that it understands besides those of every mode. */
  readonly options: readonly Flag[];
}

/** All modes in the order of the help text; the first one is meant if the command line names none. */
type DescribedModes = readonly [DescribedMode, ...DescribedMode[]];

/** Flags that belong together, under a heading of the help text. */
export interface FlagGroup {
  readonly heading: string;
  readonly flags: readonly Flag[];
}

/** What help text, completion and manual page say of a command line. */
export interface CommandDescription {
  readonly name: string;
  readonly summary: string;
  /** The only argument: its name and what it is. */
  readonly argument: { readonly name: string; readonly description: string; readonly byDefault: string };
  readonly groups: readonly FlagGroup[];
  /** What follows the flags, each with a heading in upper case. */
  readonly texts: readonly string[];
}

/** The command line of the archiver. */
export function describeArchiver(modes: DescribedModes): CommandDescription {
  return {
    name: 'run-archiver',
    summary:
      'Archives run records: run directories -> artdaqDB -> UconDB. Without a mode: import, then migrate.',
    argument: { name: 'config', description: 'the configuration file', byDefault: 'config.yaml' },
    groups: [
      { heading: 'Modes (at most one):', flags: modes.flatMap((mode) => mode.flags) },
      { heading: 'Options:', flags: [...optionFlags(modes), versionFlag, helpFlag] },
      { heading: 'To set up:', flags: [initFlag, setFlag, completionFlag] },
    ],
    texts: [EXIT_STATUS, FILES],
  };
}

/** The flags that change how a mode works, in the order of the help text. */
export function optionFlags([first, ...others]: DescribedModes): readonly Flag[] {
  const shared = [dryRunFlag, runsFlag, limitFlag, jsonFlag];
  const flags = [...first.options.filter((flag) => !shared.includes(flag)), ...shared];
  for (const flag of others.flatMap(({ options }) => options)) {
    if (flags.includes(flag)) continue;
    const before = flags.findIndex((other) => flagName(other) === flag.after);
    flags.splice(before === -1 ? flags.length : before + 1, 0, flag);
  }
  return [...flags, resultJsonFlag, ...logFlags, logFormatFlag];
}

/** Exit codes. They never change their meaning; treat any other than 0 as failure. */
const EXIT_STATUS = `
EXIT STATUS
  0    success, also if there was nothing to do
  1    a known error, a run that failed or waits, or another archiver is running
  2    wrong usage, or an unexpected error
  130  stopped by a signal or removal of the lock file, with everything in order`;

/** The files that matter to an operator. */
const FILES = `
FILES
  config.yaml           the configuration; config.yaml.template explains it
  archiver.env          variables that go over the environment, beside bin/
  app.lock_file         the id of a process at work; remove it to stop it gently
  app.*_state_file      how far each stage has come
  app.*_failure_log     the runs that failed, one number a line
  app.log_file          the log; the five files before it are kept as .1 to .5`;
