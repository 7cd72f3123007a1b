import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { exitCodes } from '../exit-codes.ts';
import { exitStatus, files, modeFlags, modifierFlags, referenceFlags } from './flags.ts';
import { type OptionValues, readRequest, refuseTwoModes, UsageError } from './read-request.ts';
import type { RunRequest } from './request.ts';

/** What a command line asks for: work, or only words and an exit code. */
export type ParsedArguments =
  | { readonly kind: 'run'; readonly request: RunRequest }
  | { readonly kind: 'exit'; readonly code: number; readonly stdout: string; readonly stderr: string };

/** What `--version` tells. */
export interface Versions {
  readonly program: string;
  /** Of the runtime, such as `v20.19.0`. */
  readonly node: string;
}

const helpAliases: ReadonlySet<string> = new Set(['/?', '/h', '/help']);

/**
 * Reads a command line; touches nothing else.
 * @param argv the arguments after the program's name
 */
export function parseArguments(argv: readonly string[], versions: Versions): ParsedArguments {
  let stdout = '';
  let stderr = '';
  const command = makeCommand(versions).configureOutput({
    writeOut: (text) => {
      stdout += text;
    },
    writeErr: (text) => {
      stderr += text;
    },
    getOutHelpWidth: () => 110,
    getErrHelpWidth: () => 110,
    getOutHasColors: () => false,
    getErrHasColors: () => false,
  });
  try {
    command.parse(completed(argv, command), { from: 'user' });
    const [configPath = 'config.yaml'] = command.args;
    if (configPath.startsWith('-') && !argv.includes('--'))
      command.error(`error: unknown option '${configPath}'`);
    const given = givenOptions(command);
    meantOrRefused(() => refuseTwoModes(given), command);
    return { kind: 'run', request: meantOrRefused(() => readRequest(given, configPath), command) };
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return exit(error.exitCode === 0 ? exitCodes.success : exitCodes.wrongUsage, stdout, stderr);
  }
}

function exit(code: number, stdout: string, stderr: string): ParsedArguments {
  return { kind: 'exit', code, stdout, stderr };
}

function makeCommand(versions: Versions): Command {
  const command = new Command('run-archiver')
    .description(
      'Archives run records: run directories -> artdaqDB -> UconDB. Without a mode: import, then migrate.',
    )
    .argument('[config]', 'the configuration file', 'config.yaml')
    .helpOption('-h, --help', 'this text (also /?, /h and /help)')
    .allowExcessArguments(false)
    .showHelpAfterError("'run-archiver --help' lists all flags.")
    .addHelpText('after', `${exitStatus}\n${files}`)
    .exitOverride();
  const groups = [
    { heading: 'Modes (at most one):', flags: modeFlags },
    { heading: 'Options:', flags: modifierFlags },
  ];
  for (const { heading, flags } of groups) {
    for (const flag of flags) {
      const option = new Option(flag.flags, flag.description).helpGroup(heading);
      command.addOption(option.required ? option.argParser(givenOnce) : option);
    }
  }
  return command.version(
    `run-archiver ${versions.program} (Node ${versions.node})`,
    '--version',
    'the versions of this program and of Node',
  );
}

function completed(argv: readonly string[], command: Command): string[] {
  const known = [...command.options.flatMap(({ long }) => long ?? []), '--help'];
  const result = completePrefixes(
    argv.map((argument) => (helpAliases.has(argument) ? '--help' : argument)),
    known,
  );
  if (Array.isArray(result)) return result;
  return command.error(
    `error: ambiguous option '${result.argument}': could be ${result.candidates.join(' or ')}`,
  );
}

function meantOrRefused<Result>(read: () => Result, command: Command): Result {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return command.error(`error: ${error.message}`);
  }
}

/** The last of two values would silently win. */
function givenOnce(value: string, previous: string | undefined): string {
  if (previous !== undefined) throw new InvalidArgumentError('It was given more than once.');
  return value;
}

function givenOptions(command: Command): OptionValues {
  const given = command.options.filter(
    (option) => command.getOptionValueSource(option.attributeName()) === 'cli',
  );
  return new Map(
    given.map((option) => [option.long ?? '', String(command.getOptionValue(option.attributeName()))]),
  );
}

/** An abbreviation that could stand for several flags. */
export interface Ambiguity {
  readonly argument: string;
  readonly candidates: readonly string[];
}

/**
 * Writes out abbreviated long flags, as Python's argparse accepts them. What is unique among the flags of the reference
 * program keeps its meaning, whatever has been added since.
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
