import { Command, Option } from 'commander';
import { messageOf } from '../../src/errors.ts';
import { parseRunNumber, type RunNumber } from '../../src/runs/run-number.ts';
import { RunSet } from '../../src/runs/run-set.ts';
import { commandOutput } from '../run-tool.ts';
import { PathPattern, PatternError } from './path-pattern.ts';
import { SOURCES, type SourceName } from './record-source.ts';

/** How the answer is written: for people, or for programs. */
export type AnswerFormat = 'text' | 'json' | 'csv';

/** What is asked for. */
export type Question =
  | { readonly action: 'diff'; readonly runs: readonly [RunNumber, RunNumber]; readonly all: boolean }
  | {
      readonly action: 'find';
      readonly pattern: PathPattern;
      /** All that the place holds if absent. */
      readonly runs: RunSet | undefined;
      readonly changes: boolean;
      readonly all: boolean;
    }
  | { readonly action: 'show'; readonly run: RunNumber; readonly pattern: PathPattern };

/** What the command line asks for. */
export interface RunConfigFlags {
  readonly configPath: string;
  readonly from: SourceName;
  readonly format: AnswerFormat;
  readonly question: Question;
}

interface Options {
  readonly from: SourceName;
  readonly runs?: string;
  readonly changes?: true;
  readonly all?: true;
  readonly json?: true;
  readonly csv?: true;
}

const ACTIONS = ['diff', 'find', 'show'] as const;
type Action = (typeof ACTIONS)[number];
/** The options that only some actions take. */
const OPTIONS_OF: Readonly<Record<Action, readonly string[]>> = {
  diff: ['all'],
  find: ['runs', 'changes', 'all'],
  show: [],
};

const AFTER_HELP = `
Questions:
  diff A B               what differs between two runs, parameter by parameter
  find PATTERN           the values of parameters over the runs
  show RUN [PATTERN]     the values of a run

PATTERN is FILE:name.name[0], as diff prints it. In each part * stands for any characters and ? for one; ** stands for
any number of names. Without FILE: all files are meant. Quote it, so that the shell leaves it alone.

Nothing is changed anywhere, and the archiver may be at work meanwhile.

Examples:
  run-config config.yaml diff 5080 5081
  run-config config.yaml find component01.fcl:daq.fragment_receiver.gain --runs 5001-5090
  run-config config.yaml find '*:**.gain' --changes
  run-config config.yaml show 5081 'boot.fcl:' --from ucondb
  run-config diff 5080 5081 --from files --json | jq .parameters

Exit status:
  0    diff: the runs are equal; find, show: something was found
  1    diff: they differ; find, show: nothing was found; or a run, a place or the configuration could not be read
  2    wrong usage, or an unexpected error
  130  stopped by request`;

/**
 * Reads the command line.
 * @throws CommanderError with the exit code, after it printed help or what is wrong
 */
export function readFlags(argv: readonly string[]): RunConfigFlags {
  const command = new Command('run-config')
    .configureOutput(commandOutput)
    .description('Shows the configuration of runs, and what changed between them.')
    .usage('[options] [config] diff|find|show <what>...')
    .argument('[words...]', 'the configuration file (config.yaml if left out), and the question')
    .addOption(
      new Option('--from <place>', 'where the runs are read: artdaqDB, UconDB, or the run directories')
        .choices([...SOURCES])
        .default('artdaqdb'),
    )
    .option('--runs <list>', 'find: only these runs, such as 100-120,130')
    .option('--changes', 'find: only where a value is not that of the run before')
    .option('--all', 'diff, find --changes: also what differs in every run, such as times and log files')
    .option('--json', 'the answer as JSON')
    .option('--csv', 'the answer as comma-separated values')
    .addHelpText('after', AFTER_HELP)
    .exitOverride()
    .parse(argv, { from: 'user' });
  const refuse = (message: string): never => command.error(`error: ${message}`);
  const words = [...command.args];
  const configPath = isAction(words[0]) ? 'config.yaml' : words.shift();
  const action = words.shift();
  if (configPath === undefined) return command.help({ error: true });
  if (!isAction(action)) {
    return refuse(
      `${action === undefined ? 'the question is missing' : `there is no question '${action}'`}: diff, find or show`,
    );
  }
  const options = command.opts<Options>();
  for (const [name, actions] of [
    ['runs', 'find'],
    ['changes', 'find'],
    ['all', 'diff and find --changes'],
  ] as const) {
    if (options[name] !== undefined && !OPTIONS_OF[action].includes(name))
      refuse(`--${name} is for ${actions}`);
  }
  if (options.json && options.csv) refuse('--json and --csv are two formats; choose one');
  return {
    configPath,
    from: options.from,
    format: options.json ? 'json' : options.csv ? 'csv' : 'text',
    question: questionOf(action, words, options, refuse),
  };
}

function isAction(word: string | undefined): word is Action {
  return ACTIONS.some((action) => action === word);
}

type Refuse = (message: string) => never;

function questionOf(action: Action, words: readonly string[], options: Options, refuse: Refuse): Question {
  const all = options.all ?? false;
  if (action === 'diff') {
    const [a, b, ...rest] = words;
    if (a === undefined || b === undefined || rest.length > 0) return refuse('diff needs two runs');
    return { action, runs: [runOf(a, refuse), runOf(b, refuse)], all };
  }
  if (action === 'show') {
    const [run, ...pattern] = words;
    if (run === undefined) return refuse('show needs a run');
    return {
      action,
      run: runOf(run, refuse),
      pattern: patternOf(pattern.length === 0 ? ['*:'] : pattern, refuse),
    };
  }
  if (words.length === 0) return refuse('find needs a pattern; *: stands for everything');
  const runs = options.runs === undefined ? undefined : runsOf(options.runs, refuse);
  const changes = options.changes ?? false;
  if (all && !changes)
    return refuse('--all is for diff and find --changes; find shows everything else anyway');
  return { action, pattern: patternOf(words, refuse), runs, changes, all };
}

function runOf(text: string, refuse: Refuse): RunNumber {
  return parseRunNumber(text) ?? refuse(`'${text}' is no run number`);
}

function runsOf(text: string, refuse: Refuse): RunSet {
  const runs = RunSet.fromTexts(text.split(',').map((part) => part.trim()));
  return runs ?? refuse(`--runs needs run numbers and ranges such as 100-120,130, not '${text}'`);
}

/** What a list for people shows has a blank behind the file, which makes two words of it unless it is quoted. */
function patternOf(words: readonly string[], refuse: Refuse): PathPattern {
  const [first = '', second, ...rest] = words;
  if (rest.length > 0 || (second !== undefined && !first.endsWith(':'))) {
    refuse(`one pattern is taken at a time, not also '${second}'; was it quoted?`);
  }
  try {
    return new PathPattern(words.join(''));
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    return refuse(`pattern '${words.join(' ')}': ${messageOf(error)}`);
  }
}
