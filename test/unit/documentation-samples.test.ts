import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseArguments } from '../../src/cli/cli.ts';
import { parameterPaths } from '../../src/config/sections.ts';
import { parseFhicl } from '../../src/fhicl/parse.ts';
import { modes } from '../../src/modes/all.ts';
import { readFlags as readCompareFlags } from '../../tools/compare-artdaqdb-ucondb/flags.ts';
import { readFlags as readFhiclFlags } from '../../tools/fhicl/flags.ts';
import { dataJson } from '../../tools/fhicl/output.ts';
import { readFlags as readRepairFlags } from '../../tools/repair-filesystemdb/flags.ts';
import { readFlags as readRunConfigFlags } from '../../tools/run-config/flags.ts';
import { ArchiverHere, caughtStream } from '../helpers/archiver-here.ts';
import { filesBelow, firstColumn, readDocuments } from '../helpers/documents.ts';
import { useSite } from '../helpers/use-site.ts';

const documents = readDocuments().filter(({ path }) => path !== 'CHANGELOG.md');
const blocks = documents.flatMap(({ path, blocks }) => blocks.map((block) => ({ path, ...block })));
/** What is typed: all of a block of commands, and behind each `$` of a block that shows what they print. */
const script = blocks
  .flatMap(({ language, text }) => {
    if (language === 'sh') return text.replace('<this repository>', 'here');
    return language === 'console' ? [...text.matchAll(/^\$ (.*\n)/gm)].map(([, line = '']) => line) : [];
  })
  .join('');
/** The program's texts; one over several lines is in one piece. */
const sources = [...filesBelow('src'), ...filesBelow('tools'), 'bin/start.js', 'bin/with-node']
  .filter((path) => /\.ts$|^bin/.test(path))
  .map((path) => readFileSync(path, 'utf8').replace(/['`] \+\n\s*['`]/g, ''))
  .join('\n');

/** Splits a command line as a shell would. */
function wordsOf(command: string): string[] {
  const words = command.match(/(?:[^\s'"]|'[^']*'|"[^"]*")+/g) ?? [];
  return words.map((word) => word.replace(/["']/g, ''));
}

/** The arguments of each call of a program, by it or by root as its account. */
function callsOf(program: string): string[][] {
  const caller = '(?:^|[|;&]|\\$as|run-archiver --) *(?:[\\w./-]*/)?';
  const call = new RegExp(`${caller}(?:${program})(?= |$)((?:(?! \\d?>)[^#|;&\n])*)`, 'gm');
  const found = [...script.matchAll(call)].map(([, rest = '']) => wordsOf(rest));
  return [...new Map(found.map((words) => [words.join(' '), words])).values()];
}

const archiverCalls = callsOf('run-archiver|run_archiver\\.sh');

describe('the commands of the guides', () => {
  it('are shell that bash reads', () => {
    expect(spawnSync('bash', ['-n'], { input: script, encoding: 'utf8' }).stderr).toBe('');
  });

  it('give the archiver and its tools arguments that they take', () => {
    expect(archiverCalls.length).toBeGreaterThan(25);
    const refused = archiverCalls.filter((words) => {
      const parsed = parseArguments(words, modes, { program: '1.0.0', node: 'v20.19.0' });
      return parsed.kind === 'exit' && parsed.code !== 0;
    });
    expect(refused).toEqual([]);
    for (const words of callsOf('compare-artdaqdb-ucondb')) readCompareFlags(words);
    for (const words of callsOf('repair-filesystemdb')) readRepairFlags(words);
    for (const words of callsOf('run-archiver-fhicl')) readFhiclFlags(words);
    for (const words of callsOf('run-config')) readRunConfigFlags(words);
    for (const tool of ['sample-records', 'ucondb-server']) {
      const main = readFileSync(`tools/${tool}/main.ts`, 'utf8');
      const flags = callsOf(tool).flatMap((words) => words.filter((word) => word.startsWith('--')));
      expect(flags.length).toBeGreaterThan(0);
      expect(flags.filter((flag) => !main.includes(`${flag} <`))).toEqual([]);
    }
  });
});

describe('on the site of the guides', () => {
  const { site, run } = useSite({ app: { batch_size: 20 } }, 'file');
  const done = new Set<string>();

  beforeAll(() => {
    const files = {
      'metadata.txt':
        'Config name: physics00037\nComponent #0: component01\nDAQInterface stop time: Thu Oct 24 16:30:00 UTC 2024\n',
      'config.txt': 'a\n',
    };
    for (let number = 5001; number <= 5013; number++) {
      site.addRun(number, number === 5011 ? { ...files, 'Broken.fcl': 'a: [1, 2\nb: 3\n' } : files);
    }
  });

  it('an execution that is shown prints what is shown, and nothing in between', async () => {
    const samples = blocks
      .filter(({ language }) => ['console', 'screen'].includes(language))
      .flatMap(({ language, text }) => text.split(/^\$ /m).map((sample) => ({ language, sample })))
      .filter(({ sample }) => sample.startsWith('run-archiver '));
    expect(samples.length).toBeGreaterThan(6);
    expect(samples.map(({ language }) => language)).toContain('screen');
    for (const { language, sample } of samples) {
      const [command = '', ...lines] = sample.trimEnd().split('\n');
      const words = wordsOf(command).slice(1);
      if (language === 'screen') {
        expect(unwrapped(await onTerminal(words))).toMatch(shown([unwrapped(lines.join('\n'))]));
        continue;
      }
      const { stdout } = await runHere(words);
      expect(stdout.replace(/^[\d-]{10} [\d:,]{12} - [\w.]+ - [A-Z]+ - /gm, '')).toMatch(shown(lines));
    }
  });

  it('each other command of the guides ends in order', async () => {
    // The test of --init makes the file that the guide makes, in an installation of its own.
    const others = archiverCalls.filter((words) => !words.includes('--init'));
    for (const words of others.filter((words) => !done.has(argumentsOf(words).join(' ')))) {
      const { code, stdout } = await runHere(words);
      expect([words, code]).toEqual([words, expect.toBeOneOf([0, 1])]);
      expect(stdout).not.toContain('UNEXPECTED ERROR');
    }
  });

  function runHere(words: readonly string[]): ReturnType<typeof run> {
    const args = argumentsOf(words);
    done.add(args.join(' '));
    return run(...args);
  }

  /** All but the configuration file; what is written goes into the site's directory. */
  function argumentsOf(words: readonly string[]): string[] {
    const args = words.filter((word) => !/\.yaml$|^\$config$/.test(word));
    const isPath = (index: number): boolean =>
      ['--to', '--html', '--result-json'].includes(args[index - 1] ?? '');
    return args.map((word, index) =>
      isPath(index) ? join(site.directory, word.replaceAll('/', '_')) : word,
    );
  }

  /** What a terminal of 80 columns shows. */
  async function onTerminal(words: readonly string[]): Promise<string> {
    const terminal = caughtStream();
    const stdout = { ...terminal, columns: 80, isWatched: true };
    await new ArchiverHere([site.config, ...words], { stdout, env: { TERM: 'dumb' } }).ended;
    return terminal.text;
  }

  /** How long paths are decides where lines are broken. */
  function unwrapped(text: string): string {
    return text
      .replace(/\/\n +/g, '/')
      .replace(/(?: \\)?\n {3,}/g, ' ')
      .replace(/, *\n(?=\S*config)/g, ', ');
  }

  /** `…` stands for any lines, or for any part of one; numbers stand for numbers. */
  function shown(lines: readonly string[]): RegExp {
    const patterns = lines.map((line) => {
      if (line === '…') return '(?:.*\\n)*?';
      const quoted = line.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
      return `${quoted.replaceAll('…', '.*').replace(/\d+/g, '\\d+')}\\n`;
    });
    return new RegExp(`^${patterns.join('')}`, 'm');
  }
});

describe('the samples of the FHiCL tool', () => {
  const samples = blocks.flatMap(({ text }) => [
    ...text.matchAll(
      /^\$ printf '(.*)' \| bin\/run-archiver-fhicl (check|to-json)\n([\s\S]*?)(?=^\$|$(?![\s\S]))/gm,
    ),
  ]);

  it('are what it prints', () => {
    expect(samples).toHaveLength(2);
    for (const [, input = '', action, output = ''] of samples) {
      const parsed = () => parseFhicl(input.replaceAll('\\n', '\n'), 'stdin');
      if (action === 'to-json') expect(dataJson(parsed())).toBe(output);
      else expect(parsed).toThrow(/^stdin:\d+:\d+: (.*)$/m.exec(output)?.[1] ?? 'no message is shown');
    }
  });
});

describe('the messages that the guides quote', () => {
  it.each(documents)('of $path are texts of the program', (document) => {
    const cells = firstColumn(document, 'message').flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)]);
    const marked = document.spans.filter((span) => /^[✓✗⚠]|^[a-zA-Z…][\w()-]* .*…/.test(span));
    const outputs = document.blocks.filter(
      ({ language, text }) =>
        // What is run to see whether it prints that needs no search.
        language === 'text' ||
        (language === 'console' && !/^\$ (?:run-archiver|bin\/run-config) /.test(text)),
    );
    const lines = outputs.flatMap(({ text }) =>
      text.split('\n').filter((line) => /^ *[A-Za-z✓✗[]/.test(line)),
    );
    const messages = [...cells.map(([, span = '']) => span), ...marked, ...lines];
    expect(messages.filter((message) => missingPieces(message).length > 0)).toEqual([]);
  });

  it('are more than eighty in the troubleshooting guide', () => {
    const guide = documents.find(({ path }) => path.endsWith('TROUBLESHOOTING_GUIDE.md'));
    expect(guide && firstColumn(guide, 'message').length).toBeGreaterThan(80);
  });

  /** The pieces that no text of the program has. `…`, numbers, paths and what is in quotes differ each time. */
  function missingPieces(message: string): string[] {
    return message
      .split(/…|:\s|\d[\d.:Z-]*|'[^']*'|\S*\/\S*|<\w+>|\b[nN]\b/)
      .map((piece) => piece.trim())
      .filter((piece) => /\w{2}/.test(piece) && !isKnown(piece));
  }

  /** Is it part of a text, or of two one behind the other? */
  function isKnown(piece: string): boolean {
    const words = piece.split(' ');
    const parts = words.slice(0, -3).map((_, index) => [words.slice(0, index + 2), words.slice(index + 2)]);
    return [[words], ...parts].some((texts) => texts.every((text) => sources.includes(text.join(' '))));
  }
});

describe('the YAML of the guides', () => {
  const yamls = blocks.filter(({ language }) => language === 'yaml').map(({ text }) => parse(text) as object);

  it('has parameters of the program', () => {
    const known = parameterPaths.map((path) => path.join('.'));
    const named = yamls.flatMap((yaml) => leaves(yaml));
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter((name) => !known.includes(name))).toEqual([]);
  });

  it('has beside it alerts on metrics of the program, which the guides explain by name', () => {
    const text = readFileSync('documentation/monitoring/prometheus-rules.yml', 'utf8');
    const { groups } = parse(text) as { readonly groups: readonly RuleGroup[] };
    const rules = groups.flatMap((group) => group.rules);
    expect(rules.length).toBeGreaterThan(3);
    for (const { alert, expr } of rules) {
      expect(sources).toContain(`${/run_record_archiver_(\w+)/.exec(expr)?.[1]}: `);
      for (const name of ['README', 'TROUBLESHOOTING_GUIDE']) {
        expect(documents.find(({ path }) => path === `documentation/${name}.md`)?.spans).toContain(alert);
      }
    }
  });

  function leaves(value: unknown, path = ''): string[] {
    if (typeof value !== 'object' || value === null) return [path];
    return Object.entries(value).flatMap(([name, inner]) =>
      leaves(inner, path === '' ? name : `${path}.${name}`),
    );
  }
});

interface RuleGroup {
  readonly rules: readonly { readonly alert: string; readonly expr: string }[];
}
