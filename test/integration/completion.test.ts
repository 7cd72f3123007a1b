import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { completionScript } from '../../src/cli/completion.ts';
import { describeArchiver } from '../../src/cli/description.ts';
import { flagName, shells } from '../../src/cli/flags.ts';
import { modes } from '../../src/modes/all.ts';

const description = describeArchiver(modes);
const has = (shell: string): boolean => existsSync(`/usr/bin/${shell}`);
let directory: string;

/** A directory with files that can be completed, and with the script of each shell. */
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'completion-'));
  mkdirSync(join(directory, 'a directory'));
  for (const file of ['site config.yaml', 'other.yaml']) writeFileSync(join(directory, file), '');
  for (const shell of shells) {
    writeFileSync(join(directory, `script.${shell}`), completionScript(description, shell) ?? '');
  }
});

afterAll(() => rmSync(directory, { recursive: true }));

function output(program: string, args: readonly string[], input = ''): string {
  const { stdout, stderr, status } = spawnSync(program, args, {
    cwd: directory,
    input,
    encoding: 'utf8',
    env: { PATH: process.env.PATH, HOME: directory, ZDOTDIR: directory, TERM: 'dumb', LC_ALL: 'C' },
    timeout: 60_000,
  });
  expect([stderr, status]).toEqual(['', 0]);
  return stdout;
}

it('is known for these shells alone', () => {
  expect(completionScript(description, 'tcsh')).toBeUndefined();
  expect(completionScript(description, 'toString')).toBeUndefined();
});

it.runIf(process.env.ARCHIVER_TEST_REQUIRE_SHELLS === '1')('can be tried in every shell', () => {
  expect([...shells, 'script'].filter((program) => !has(program))).toEqual([]);
});

/** What is typed before the tabulator, and the words that the command gets. */
const lines: readonly (readonly [string, readonly string[]])[] = [
  ['run-archiver --check', ['--check-config']],
  ['run-archiver config.yaml --report-s', ['config.yaml', '--report-status']],
  ['run_archiver.sh --quie', ['--quiet']],
  ['run-archiver --completion f', ['--completion', 'fish']],
  ['run-archiver --log-format=j', ['--log-format=json']],
  ['run-archiver --html o', ['--html', 'other.yaml']],
  ['run-archiver --to=a', ['--to=a directory/']],
  ['run-archiver --to o', ['--to', 'o']],
  ['run-archiver --limit o', ['--limit', 'o']],
  ['run-archiver si', ['site config.yaml']],
];
const expected = lines.map(([, words]) => words.join('|'));

describe.runIf(has('bash') && has('script'))('bash', () => {
  it('completes flags, their values and files', () => {
    const rc = join(directory, 'rc.bash');
    const shown = `run-archiver() { local IFS='|'; echo "<$*>"; }; run_archiver.sh() { run-archiver "$@"; }`;
    writeFileSync(rc, `source ./script.bash\n${shown}\nbind 'set bell-style none'\n`);
    const typed = lines.map(([line]) => `${line}\t\n`).join('');
    const text = output(
      'script',
      ['-qec', 'bash --noprofile --rcfile rc.bash -i', '/dev/null'],
      `${typed}exit\n`,
    );
    expect([...text.matchAll(/<(.*)>\r?\n/g)].map(([, words]) => words)).toEqual(expected);
  });

  it('offers every flag', () => {
    const offered = output('bash', [
      '-c',
      'source ./script.bash; COMP_WORDS=(run-archiver -); COMP_CWORD=1; _run_archiver; echo "${COMPREPLY[@]}"',
    ]);
    const all = description.groups.flatMap(({ flags }) => flags.map(flagName));
    expect(offered.trim().split(' ').toSorted()).toEqual([...all, '-h', '-q', '-v'].toSorted());
  });
});

describe.runIf(has('zsh'))('zsh', () => {
  it('completes flags, their values and files', () => {
    const rc = [
      'PS1= RPS1=',
      'autoload -Uz compinit; compinit -u -D',
      'source ./script.zsh',
      `show() { local words=("\${(@Q)\${(z)BUFFER}}"); print -r -- "<\${(j:|:)words[2,-1]}>"; BUFFER=; }`,
      "zle -N show; bindkey '^X' show",
    ];
    writeFileSync(join(directory, '.zshrc'), rc.join('\n'));
    const driver = [
      'zmodload zsh/zpty; zpty z zsh -d -i',
      'for line; do',
      "  zpty -w -n z $line$'\\t\\x18'; all=",
      '  while zpty -r z text; do all+=$text; [[ $all == *\\<*\\>* ]] && break; done',
      '  print -r -- $all',
      'done',
    ];
    writeFileSync(join(directory, 'drive.zsh'), driver.join('\n'));
    const text = output('zsh', ['-f', 'drive.zsh', ...lines.map(([line]) => line)]);
    expect([...text.matchAll(/<(.*)>/g)].map(([, words]) => words?.trimEnd())).toEqual(
      // Where there is no such directory, zsh offers files.
      expected.map((words) => (words === '--to|o' ? '--to|other.yaml' : words)),
    );
  });
});

describe.runIf(has('fish'))('fish', () => {
  it('completes flags, their values and files', () => {
    const asked = lines.map(([line]) => `echo '<'; complete -C '${line}'`).join('; ');
    const text = output('fish', ['--no-config', '-c', `source script.fish; ${asked}`]);
    const offered = text.split('<\n').slice(1);
    const first = offered.map((candidates) => candidates.split(/[\t\n]/)[0]);
    const wanted = expected.map((words) => words.split('|').at(-1) ?? '');
    expect(first).toEqual(wanted.map((word) => (word === 'o' ? '' : word)));
  });
});
