import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { exitCodeOf } from '../exit.ts';
import { completionScript } from './completion.ts';
import { type CommandDescription, type DescribedMode, describeArchiver, optionFlags } from './description.ts';
import { flagsLike } from './flag-hint.ts';
import {
  completionFlag,
  dryRunFlag,
  flagName,
  helpFlag,
  initFlag,
  logFormatFlag,
  referenceFlags,
  resultJsonFlag,
  setFlag,
  shells,
  versionFlag,
} from './flags.ts';
import { GivenFlags } from './given-flags.ts';

/** What every command line says. */
export interface CommonRequest {
  readonly configPath: string;
  /** DEBUG logging, whatever the configuration says. */
  readonly verbose: boolean;
  /** Nothing on stdout, and on stderr only errors that no log file takes. */
  readonly quiet: boolean;
  /** Say what would be done, and touch nothing. */
  readonly dryRun: boolean;
  /** The file for what the execution did; `-` is stdout. */
  readonly resultJson?: string | undefined;
  /** How log lines are written, whatever the configuration says. */
  readonly logFormat?: 'text' | 'json' | undefined;
}

/** What one execution is asked. */
export interface RunRequest extends CommonRequest {
  /** One of the mode's names. */
  readonly mode: string;
  /** The report as JSON on stdout. */
  readonly json?: boolean;
}

/** What the command line knows of a mode. */
export interface CliMode extends DescribedMode {
  /** A flag that also chooses the mode, unless the command line names another one than the first of all modes. */
  readonly impliedBy?: string;
  readRequest(given: GivenFlags, common: CommonRequest): RunRequest;
}

/** All modes in the order of the help text; the first one is meant if the command line names none. */
export type CliModes = readonly [CliMode, ...CliMode[]];

/** What a new configuration is to be. */
export interface InitRequest {
  readonly directory: string;
  /** Values of parameters by their names, such as `app.work_dir`. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** What a command line asks for: an execution, a new configuration, or only texts and an exit code. */
export type ParsedArguments =
  | { readonly kind: 'init'; readonly request: InitRequest }
  | { readonly kind: 'run'; readonly request: RunRequest }
  | { readonly kind: 'exit'; readonly code: number; readonly stdout: string; readonly stderr: string };

/** What `--version` shows. */
export interface Versions {
  readonly program: string;
  /** Of the runtime, such as `v20.19.0`. */
  readonly node: string;
}

/** Columns of the help text where there is room, as in a pipe. */
const WIDEST_HELP = 110;

const helpAliases: ReadonlySet<string> = new Set(['/?', '/h', '/help']);

/**
 * Reads a command line, without any effect.
 * @param argv the arguments after the program's name
 * @param columns the width of the terminal, for the help text
 */
export function parseArguments(
  argv: readonly string[],
  modes: CliModes,
  versions: Versions,
  columns = WIDEST_HELP,
): ParsedArguments {
  let stdout = '';
  let stderr = '';
  const description = describeArchiver(modes);
  const command = makeCommand(description, versions).configureOutput({
    writeOut: (text) => {
      stdout += text;
    },
    writeErr: (text) => {
      stderr += text;
    },
    getOutHelpWidth: () => Math.min(columns, WIDEST_HELP),
    getErrHelpWidth: () => Math.min(columns, WIDEST_HELP),
    getOutHasColors: () => false,
    getErrHasColors: () => false,
  });
  try {
    command.parse(completed(argv, command), { from: 'user' });
    refuseWords(command, argv.includes('--'));
    const given = new GivenFlags(command);
    const shell = given.value(flagName(completionFlag));
    if (shell !== undefined) {
      const script = completionScript(description, shell) ?? refuseShell(given, shell);
      return { kind: 'exit', code: 0, stdout: script, stderr };
    }
    const init = readInit(given, description, command.args);
    if (init !== undefined) return { kind: 'init', request: init };
    const [configPath = 'config.yaml'] = command.args;
    if (configPath.startsWith('-') && !argv.includes('--'))
      command.error(`error: unknown option '${configPath}'`);
    return { kind: 'run', request: readRequest(given, modes, configPath) };
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return { kind: 'exit', code: exitCodeOf(error), stdout, stderr };
  }
}

function makeCommand(description: CommandDescription, versions: Versions): Command {
  const { name, summary, argument, groups, texts } = description;
  const command = new Command(name)
    .description(summary)
    .argument(`[${argument.name}]`, argument.description, argument.byDefault)
    .helpOption(helpFlag.flags, helpFlag.description)
    // Counted below, where a hint can be given.
    .allowExcessArguments(true)
    .showHelpAfterError("'run-archiver --help' lists all flags.")
    .addHelpText('after', texts.join('\n'))
    .exitOverride();
  for (const { heading, flags } of groups) {
    for (const flag of flags.filter((each) => each !== versionFlag && each !== helpFlag)) {
      const option = new Option(flag.flags, flag.description).helpGroup(heading);
      const reader = flag === setFlag ? oneALine : givenOnce;
      command.addOption(option.required ? option.argParser(reader) : option);
    }
  }
  return command.version(
    `${name} ${versions.program} (Node ${versions.node})`,
    versionFlag.flags,
    versionFlag.description,
  );
}

/** Refuses words that resemble flags, unless `--` tells that they are none, and more than one configuration file. */
function refuseWords(command: Command, areFiles: boolean): void {
  for (const word of command.args) {
    const flags = areFiles ? [] : flagsLike(word, longFlags(command));
    if (flags.length > 0) {
      command.error(
        `error: '${word}' needs dashes: did you mean ${flags.join(' or ')}? (A configuration file of that name is ./${word})`,
      );
    }
  }
  if (command.args.length > 1) {
    command.error(`error: too many arguments. Expected 1 argument but got ${command.args.length}.`);
  }
}

function longFlags(command: Command): string[] {
  return [...command.options.flatMap(({ long }) => long ?? []), '--help'];
}

/** Takes any number of values. */
function oneALine(value: string, previous: string | undefined): string {
  return previous === undefined ? value : `${previous}\n${value}`;
}

/** Refuses a second value, which would silently win. */
function givenOnce(value: string, previous: string | undefined): string {
  if (previous !== undefined) throw new InvalidArgumentError('It was given more than once.');
  return value;
}

/** What the flags ask for; refuses flags that contradict each other. */
function readRequest(given: GivenFlags, modes: CliModes, configPath: string): RunRequest {
  const named = modes.flatMap(({ flags }) => flags.map(flagName)).filter((name) => given.has(name));
  const implying = modes.flatMap(({ impliedBy }) => impliedBy ?? []).find((name) => given.has(name));
  // The Python archiver settles which of its own flags wins; with other modes nobody could know it.
  const unknown = named.find((name) => !referenceFlags.includes(name));
  if (implying !== undefined && unknown !== undefined) {
    given.refuse(`${unknown} and ${implying} can't be used together`);
  }
  if (named.length > 1) given.refuse(`${named.join(' and ')} can't be used together`);
  const mode = chosenMode(given, modes);
  const request = mode.readRequest(given, {
    configPath,
    verbose: given.has('--verbose'),
    quiet: given.has('--quiet'),
    dryRun: given.has('--dry-run'),
    resultJson: resultFile(given),
    logFormat: logFormat(given),
  });
  const [name] = named;
  for (const option of optionFlags(modes)) {
    const flag = flagName(option);
    const isForAll =
      [dryRunFlag, resultJsonFlag, logFormatFlag].includes(option) || referenceFlags.includes(flag);
    if (given.has(flag) && !isForAll && !mode.options.includes(option)) {
      given.refuse(`${flag} has no meaning ${name === undefined ? 'without a mode' : `with ${name}`}`);
    }
  }
  return request;
}

function readInit(
  given: GivenFlags,
  { groups }: CommandDescription,
  args: readonly string[],
): InitRequest | undefined {
  const directory = given.value(flagName(initFlag));
  const set = given.value(flagName(setFlag));
  if (directory === '') given.refuse('--init needs a directory');
  if (directory === undefined) {
    return set === undefined ? undefined : given.refuse('--set has no meaning without --init');
  }
  const others = groups
    .flatMap(({ flags }) => flags)
    .filter((flag) => flag !== initFlag && flag !== setFlag)
    .map(flagName);
  const senseless = [...others.filter((name) => given.has(name)), ...args][0];
  if (senseless !== undefined) given.refuse(`${senseless} has no meaning with --init`);
  const parameters = (set?.split('\n') ?? []).map((text): [string, string] => {
    const [, name, value] = /^([a-z_]+(?:\.[a-z_]+)+)=(.*)$/.exec(text) ?? [];
    if (name === undefined || value === undefined) {
      return given.refuse(`--set needs section.parameter=value, not '${text}'`);
    }
    return [name, value];
  });
  return { directory, parameters: new Map(parameters) };
}

function refuseShell(given: GivenFlags, shell: string): never {
  return given.refuse(`--completion needs ${shells.join(', ')}, not '${shell}'`);
}

function resultFile(given: GivenFlags): string | undefined {
  const file = given.value('--result-json');
  if (file === '') given.refuse('--result-json needs a file, or - for stdout');
  if (file === '-' && given.has('--json')) {
    given.refuse("--json and --result-json - can't be used together, as both write to stdout: name a file");
  }
  return file;
}

function logFormat(given: GivenFlags): CommonRequest['logFormat'] {
  const format = given.value('--log-format');
  if (format === undefined || format === 'text' || format === 'json') return format;
  return given.refuse(`--log-format needs text or json, not '${format}'`);
}

function chosenMode(given: GivenFlags, [first, ...others]: CliModes): CliMode {
  return (
    others.find(({ flags }) => flags.some((flag) => given.has(flagName(flag)))) ??
    others.find(({ impliedBy }) => impliedBy !== undefined && given.has(impliedBy)) ??
    first
  );
}

function completed(argv: readonly string[], command: Command): string[] {
  const result = completePrefixes(
    argv.map((argument) => (helpAliases.has(argument) ? '--help' : argument)),
    longFlags(command),
  );
  if (Array.isArray(result)) return result;
  return command.error(
    `error: ambiguous option '${result.argument}': could be ${result.candidates.join(' or ')}`,
  );
}

/** An abbreviation that could stand for several flags. */
export interface Ambiguity {
  readonly argument: string;
  readonly candidates: readonly string[];
}

/**
 * Writes out abbreviated long flags, as Python's argparse accepts them. An abbreviation that is unique among the flags of the
 * Python archiver keeps its meaning, whatever flags came later.
 * @param known all long flags
 */
export function completePrefixes(argv: readonly string[], known: readonly string[]): string[] | Ambiguity {
  const end = argv.indexOf('--');
  const completed: string[] = [];
  for (const [index, argument] of argv.entries()) {
    const [, name = '', value = ''] = /^(--[^=]+)(=.*)?$/s.exec(argument) ?? [];
    if (name === '' || (end >= 0 && index >= end) || known.includes(name)) {
      completed.push(argument);
      continue;
    }
    const matches = known.filter((flag) => flag.startsWith(name));
    const original = matches.filter((flag) => referenceFlags.includes(flag));
    const candidates = original.length > 0 ? original : matches;
    const [match = name, second] = candidates;
    if (second !== undefined) return { argument: name, candidates };
    completed.push(match + value);
  }
  return completed;
}
