import { Command, CommanderError, Option } from 'commander';
import { modeFlags, modifierFlags } from './cli/flags.ts';
import { exitStatus, files } from './cli/help-text.ts';
import { notYetFlags } from './cli/not-yet.ts';
import { completePrefixes } from './cli/prefixes.ts';
import type { StageName } from './errors.ts';
import { exitCodes } from './exit-codes.ts';

interface CommonRequest {
  readonly configPath: string;
  /** DEBUG logging, whatever the configuration says. */
  readonly verbose: boolean;
  /** Nothing on stdout and stderr. */
  readonly quiet: boolean;
}

interface StagesRequest {
  readonly mode: 'pipeline' | 'import-only' | 'migrate-only';
  /** Only runs above the saved position, and at most `batch_size` of them. */
  readonly incremental: boolean;
  /** Check each blob after its migration. */
  readonly validate: boolean;
}

interface RetryRequest {
  readonly mode: 'retry-failed';
  readonly stage: StageName;
  readonly validate: boolean;
}

interface RecoverRequest {
  readonly mode: 'recover-state';
  readonly stage: StageName;
}

interface ReportRequest {
  readonly mode: 'report-status';
  /** Compare with the state files and failure logs. */
  readonly compareState: boolean;
}

/** What one execution is to do. */
export type RunRequest = CommonRequest & (StagesRequest | RetryRequest | RecoverRequest | ReportRequest);

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
    const given = givenFlags(command);
    refuseConflicts(given, command);
    const missing = [...given].filter((flag) => notYetFlags.has(flag));
    if (missing.length > 0) {
      const verb = missing.length === 1 ? 'is' : 'are';
      return exit(
        exitCodes.failure,
        '',
        `error: ${missing.join(', ')} ${verb} not available in this version yet; nothing was done\n`,
      );
    }
    return { kind: 'run', request: asRequest(given, configPath) };
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
      if (notYetFlags.has(option.long ?? '')) option.description += ' (not available yet)';
      command.addOption(option);
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

function givenFlags(command: Command): ReadonlySet<string> {
  const given = command.options.filter(
    (option) => command.getOptionValueSource(option.attributeName()) === 'cli',
  );
  return new Set(given.map(({ long }) => long ?? ''));
}

function refuseConflicts(given: ReadonlySet<string>, command: Command): void {
  const modes = modeFlags.map(({ flags }) => flags.split(' ')[0] ?? '').filter((flag) => given.has(flag));
  if (modes.length > 1) command.error(`error: ${modes.join(' and ')} can't be used together`);
}

function asRequest(given: ReadonlySet<string>, configPath: string): RunRequest {
  const common = { configPath, verbose: given.has('--verbose'), quiet: given.has('--quiet') };
  const validate = given.has('--validate');
  for (const stage of ['import', 'migrate'] as const) {
    if (given.has(`--recover-${stage}-state`)) return { ...common, mode: 'recover-state', stage };
  }
  const compareState = given.has('--compare-state');
  if (compareState || given.has('--report-status')) return { ...common, mode: 'report-status', compareState };
  for (const stage of ['import', 'migrate'] as const) {
    if (given.has(`--retry-failed-${stage}`)) return { ...common, mode: 'retry-failed', stage, validate };
  }
  const only = (['import-only', 'migrate-only'] as const).find((mode) => given.has(`--${mode}`));
  return { ...common, mode: only ?? 'pipeline', incremental: given.has('--incremental'), validate };
}
