import { describe, expect, it } from 'vitest';
import { completePrefixes, parseArguments } from '../../../src/cli/cli.ts';
import { optionFlags } from '../../../src/cli/description.ts';
import { flagName } from '../../../src/cli/flags.ts';
import { programVersion } from '../../../src/installation.ts';
import { modes } from '../../../src/modes/all.ts';
import { RunSet } from '../../../src/runs/run-set.ts';

const versions = { program: '9.8.7', node: 'v20.19.0' };
const parse = (...argv: string[]) => parseArguments(argv, modes, versions);

/** The long names of all flags but help and version. */
const modeFlags = modes.flatMap(({ flags }) => flags);
const flagNames = [...modeFlags, ...optionFlags(modes)].map(flagName);

const common = { configPath: 'config.yaml', verbose: false, quiet: false, dryRun: false };
const stages = { runs: undefined, limit: undefined, incremental: false, validate: false };
const report = {
  mode: 'report-status',
  runs: undefined,
  compareState: false,
  json: false,
  html: undefined,
  ignored: [],
};

describe('a command line', () => {
  it.each<[string[], object]>([
    [[], { mode: 'pipeline', ...stages }],
    [['other.yaml'], { configPath: 'other.yaml', mode: 'pipeline', ...stages }],
    [
      ['--incremental', 'x', '-v'],
      { configPath: 'x', verbose: true, mode: 'pipeline', ...stages, incremental: true },
    ],
    [['--import-only', '--incremental'], { mode: 'import-only', ...stages, incremental: true }],
    [['-qv', '--migrate-only'], { verbose: true, quiet: true, mode: 'migrate-only', ...stages }],
    [['--quiet', '--report-status'], { quiet: true, ...report }],
    [['--incremental', '--report-status'], { ...report, ignored: ['--incremental'] }],
    [['--compare-state'], { ...report, compareState: true }],
    [
      ['--migrate-only', '--compare-state', '--validate'],
      { ...report, compareState: true, ignored: ['--validate', '--migrate-only'] },
    ],
    [
      ['--retry-failed-import', '--compare-state'],
      { ...report, compareState: true, ignored: ['--retry-failed-import'] },
    ],
    [['--compare-state', '--recover-import-state'], { mode: 'recover-state', stage: 'import' }],
    [['--import-only', '--import-only'], { mode: 'import-only', ...stages }],
    [['--imp', '--inc'], { mode: 'import-only', ...stages, incremental: true }],
    [['--rep', '--q', '--verb'], { verbose: true, quiet: true, ...report }],
    [['--', '--odd.yaml'], { configPath: '--odd.yaml', mode: 'pipeline', ...stages }],
    [
      ['--retry-failed-import', '--runs', '5-7, 9', '--limit', '2', '--dry-run'],
      {
        mode: 'retry-failed',
        stage: 'import',
        validate: false,
        dryRun: true,
        limit: 2,
        runs: RunSet.of([5, 6, 7, 9]),
      },
    ],
    [['--check-config', '--json'], { mode: 'check-config', json: true }],
    [['--recover-migrate-state'], { mode: 'recover-state', stage: 'migrate' }],
  ])('%j asks for this', (argv, request) => {
    expect(parse(...argv)).toEqual({ kind: 'run', request: { ...common, ...request } });
  });

  it.each([
    [['-h']],
    [['--help']],
    [['/?']],
    [['/h']],
    [['/help']],
    [['--h']],
    [['--import-only', '--migrate-only', '-h']],
  ])('%j shows the help text', (argv) => {
    const help = parse(...argv);
    expect(help).toMatchObject({ kind: 'exit', code: 0, stderr: '' });
    const text = help.kind === 'exit' ? help.stdout : '';
    for (const name of flagNames) expect(text).toContain(name);
    for (const part of ['EXIT STATUS', '130', 'FILES', 'archiver.env', '/?']) expect(text).toContain(part);
  });

  it('--help fits a terminal of 80 columns, and needs no more than 110', () => {
    for (const [columns, widest] of [
      [80, 80],
      [300, 110],
      [undefined, 110],
    ] as const) {
      const help = parseArguments(['--help'], modes, versions, columns);
      const lines = (help.kind === 'exit' ? help.stdout : '').split('\n');
      expect(lines.filter((line) => line.length > widest)).toEqual([]);
    }
  });

  it('--help lists the flags that belong together one after the other', () => {
    const help = parse('--help');
    const listed = [...(help.kind === 'exit' ? help.stdout : '').matchAll(/^ +(?:-\w, )?(--[a-z-]+)/gm)];
    const expected = `--import-only --migrate-only --retry-failed-import --retry-failed-migrate --report-status
      --recover-import-state --recover-migrate-state --check-config --verify --list-archived --restore --give-up --take-up
      --incremental --compare-state --validate --dry-run --runs --limit --time-limit --with-files --json --html --older-than --expendable --to --force --raw
      --to-artdaqdb --configuration --reason --result-json --verbose --quiet --log-format --version --help --init --set --completion`;
    expect(listed.map(([, name]) => name)).toEqual(expected.split(/\s+/));
  });

  it('--version names the versions of the program and of Node', () => {
    expect(parse('--version')).toMatchObject({
      code: 0,
      stdout: 'run-archiver 9.8.7 (Node v20.19.0)\n',
      stderr: '',
    });
    expect(programVersion()).toMatch(/^\d+\.\d+\.\d+/);
  });
});

it.each(['bash', 'zsh', 'fish'])('--completion %s prints a script, whatever else is given', (shell) => {
  expect(parse('config.yaml', '--completion', shell)).toEqual({
    kind: 'exit',
    code: 0,
    stdout: expect.stringContaining(`--completion ${shell}`),
    stderr: '',
  });
});

it('--init asks for a new configuration, with what --set says', () => {
  const more = ['--set', 'app.work_dir=/w', '--set=ucon_db.server_url=https://u/app?a=b,c'];
  expect(parse('--init', '/etc/x', ...more)).toEqual({
    kind: 'init',
    request: {
      directory: '/etc/x',
      parameters: new Map([
        ['app.work_dir', '/w'],
        ['ucon_db.server_url', 'https://u/app?a=b,c'],
      ]),
    },
  });
});

describe('wrong usage', () => {
  it.each([
    [['--bogus'], /unknown option '--bogus'/],
    [['-x'], /unknown option '-x'/],
    [['-q1'], /unknown option '-1'/],
    [['--import-only=1'], /unknown option/],
    [['a.yaml', 'b.yaml'], /too many arguments/],
    [['--', 'status', 'b.yaml'], /too many arguments/],
    [['status'], /'status' needs dashes: did you mean --report-status\? .* is \.\/status\)/],
    [['a.yaml', 'verify'], /did you mean --verify\?/],
    [['recover'], /did you mean --recover-import-state or --recover-migrate-state\?/],
    [['--limit'], /argument missing/],
    [['--init', ''], /--init needs a directory/],
    [['--set', 'app.work_dir=/w'], /--set has no meaning without --init/],
    [['--init', 'x', '--set', 'work_dir=/w'], /--set needs section\.parameter=value, not 'work_dir=\/w'/],
    [['--init', 'x', '--dry-run'], /--dry-run has no meaning with --init/],
    [['--init', 'x', 'config.yaml'], /config\.yaml has no meaning with --init/],
    [['--completion', 'tcsh'], /--completion needs bash, zsh, fish, not 'tcsh'/],
    [['--runs', '5', '--runs', '6'], /--runs .*given more than once/],
    [['--runs', '7-5'], /--runs needs run numbers and ranges such as 100-120,130, not '7-5'/],
    [['--runs', '5,'], /--runs needs/],
    [['--runs', '5-6-7'], /--runs needs/],
    [['--restore', '5', '--to', ''], /--restore needs --to <directory>/],
    [['--give-up', '5'], /--give-up needs --reason/],
    [['--give-up', '5', '--reason', ' '], /--give-up needs --reason/],
    [['--give-up', 'all', '--reason', 'x'], /--give-up needs run numbers and ranges/],
    [['--take-up', '9-5'], /--take-up needs run numbers and ranges/],
    [['--take-up', '5', '--reason', 'x'], /--reason has no meaning with --take-up/],
    [['--give-up', '5', '--take-up', '6', '--reason', 'x'], /can't be used together/],
    [['--reason', 'x'], /--reason has no meaning without a mode/],
    [['--give-up', '5', '--reason', 'x', '--runs', '5'], /--runs has no meaning with --give-up/],
    [
      ['--restore', '5-3', '--to', 'x'],
      /--restore needs a run number, or several such as 100-120,130, not '5-3'/,
    ],
    [['--restore', '5'], /--restore needs --to <directory> or --to-artdaqdb/],
    [['--restore', '5', '--to-artdaqdb', '--to', 'x'], /--to-artdaqdb and --to can't be used together/],
    [['--restore', '5', '--to-artdaqdb', '--raw'], /--to-artdaqdb and --raw can't be used together/],
    [
      ['--restore', '5', '--to', 'x', '--configuration', 'c'],
      /--configuration has no meaning without --to-artdaqdb/,
    ],
    [['--restore', '5', '--to-artdaqdb', '--configuration', ''], /--configuration needs a name/],
    [['--report-status', '--html', ''], /--html needs a file/],
    [['--limit', '0'], /--limit needs a whole number above zero, not '0'/],
    [['--limit', '1e3'], /--limit needs/],
    [['--recover-import-state', '--runs', '5'], /--runs has no meaning with --recover-import-state/],
    [['--report-status', '--limit', '5'], /--limit has no meaning with --report-status/],
    [['--re'], /ambiguous option '--re': could be .*--report-status/],
    [['--import-only', '--migrate-only'], /--import-only and --migrate-only can't be used together/],
    [['--verify', '--compare-state'], /--verify and --compare-state can't be used together/],
    [['--compare-state', '--check-config', '--json'], /--check-config and --compare-state can't be used/],
    [['--compare-state', '--restore', '5', '--to', 'x'], /--restore and --compare-state can't be used/],
    [
      ['--imp', '--report-status', '--compare-state'],
      /--import-only and --report-status can't be used together/,
    ],
  ])('%j ends with exit code 2 and a message on stderr', (argv, message) => {
    expect(parse(...argv)).toEqual({
      kind: 'exit',
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(message),
    });
  });

  it('includes any two different modes', () => {
    const choices = modeFlags.map((flag) => flag.flags.replace(/<.*>/, '5').split(' '));
    for (const [index, one] of choices.entries()) {
      for (const other of choices.slice(index + 1))
        expect(parse(...one, ...other)).toMatchObject({ code: 2 });
    }
  });
});

describe('abbreviations', () => {
  const known = ['--verbose', '--version', '--verify', '--json', '--html', '--help', '--limit', '--lines'];

  it.each([
    [['--ver'], ['--verbose']],
    [
      ['--vers', '--h', '--ht=x'],
      ['--version', '--help', '--html=x'],
    ],
    [
      ['--j', 'x', '-v', '--unknown'],
      ['--json', 'x', '-v', '--unknown'],
    ],
    [
      ['--lim=5', '--', '--j'],
      ['--limit=5', '--', '--j'],
    ],
    [['--version'], ['--version']],
  ])('%j stands for %j', (argv, expected) => {
    expect(completePrefixes(argv, known)).toEqual(expected);
  });

  it('are refused if they are ambiguous', () => {
    expect(completePrefixes(['--li=5'], known)).toEqual({
      argument: '--li',
      candidates: ['--limit', '--lines'],
    });
  });
});
