import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { modeFlags, modifierFlags } from '../../src/cli/flags.ts';
import { parameterPaths, sectionPaths } from '../../src/config/sections.ts';
import {
  anchorsIn,
  type Document,
  filesBelow,
  firstColumn,
  linksIn,
  readDocuments,
} from '../helpers/documents.ts';

const documents = readDocuments();
const guides =
  `DEPLOYMENT_GUIDE OPERATIONS_MANUAL STATE_MANAGEMENT_GUIDE TROUBLESHOOTING_GUIDE FILE_FORMATS EXIT_CODES
  CORE_MODULES clients_README services_README persistence_README fhiclutils_README`.split(/\s+/);
const flagPattern = /(?<![\w-])--[a-z][a-z-]*\*?[a-z-]*/g;
const archiverFlags = [...modeFlags, ...modifierFlags]
  .flatMap(({ flags }) => flags.match(flagPattern) ?? [])
  .concat('--help', '--version');
/** Of other programs, which the guides name. */
const foreignFlags = ['--collector', '--sync-on-commit', '--init-venv'];
const projectFiles = ['src', 'test', 'tools', 'bin', 'documentation'].flatMap(filesBelow);
const toolFlags = sourcesOf('tools').flatMap((text) => text.match(flagPattern) ?? []);

function documentAt(path: string): Document {
  const found = documents.find((document) => document.path === path);
  if (found === undefined) throw new Error(`${path} is missing`);
  return found;
}

/** Texts over several lines in one piece. */
function sourcesOf(directory: string): string[] {
  return filesBelow(directory)
    .filter((path) => path.endsWith('.ts'))
    .map((path) => readFileSync(path, 'utf8').replace(/['`] \+\n\s*['`]/g, ''));
}

/** A name may have a `*` for anything. */
function isOneOf(known: readonly string[], name: string): boolean {
  const pattern = new RegExp(`^${name.replaceAll('.', '\\.').replaceAll('*', '.*')}$`);
  return known.some((one) => pattern.test(one));
}

/** The flags behind each call of the program, on the same line. */
function flagsOfCalls(text: string): string[] {
  return [...text.matchAll(/\brun-archiver ([^`#|\n]*)/g)].flatMap(
    ([, rest = '']) => rest.match(flagPattern) ?? [],
  );
}

describe('the guides', () => {
  it('are all there', () => {
    const paths = guides.map((name) => `documentation/${name}.md`);
    expect(paths.filter((path) => !existsSync(path))).toEqual([]);
    expect(readFileSync('package.json', 'utf8')).toContain('"documentation"');
  });

  it('can all be reached from the README', () => {
    const reached = new Set(['README.md']);
    for (const path of reached) {
      for (const link of linksIn(documentAt(path))) {
        const [file = ''] = link.split('#');
        if (file.endsWith('.md') && !link.includes('://')) reached.add(normalize(join(dirname(path), file)));
      }
    }
    expect(documents.map(({ path }) => path).filter((path) => !reached.has(path))).toEqual([]);
  });

  it.each(documents)('$path has links that lead somewhere', (document) => {
    const broken = linksIn(document).filter((link) => {
      if (link.includes('://')) return false;
      const [file = '', anchor] = link.split('#');
      const target = file === '' ? document.path : normalize(join(dirname(document.path), file));
      if (!existsSync(target)) return true;
      return anchor !== undefined && !anchorsIn(documentAt(target)).includes(anchor);
    });
    expect(broken).toEqual([]);
  });

  it.each(documents)('$path names files of the project that are there', ({ spans }) => {
    const paths = spans.filter((span) => /^(?:src|test|tools|bin|documentation)\/[\w./*-]+$/.test(span));
    expect(paths.filter((path) => !isOneOf(projectFiles, path.replace(/\/$/, '')))).toEqual([]);
  });

  it.each(documents)('$path names flags that there are', ({ text, spans }) => {
    const named = spans
      .filter((span) => span.startsWith('--'))
      .flatMap((span) => span.match(flagPattern) ?? []);
    expect(named.filter((flag) => !isOneOf([...archiverFlags, ...toolFlags, ...foreignFlags], flag))).toEqual(
      [],
    );
    expect(flagsOfCalls(text).filter((flag) => !isOneOf(archiverFlags, flag))).toEqual([]);
  });

  it.each(documents)('$path names parameters that there are', ({ spans }) => {
    const known = [...parameterPaths, ...sectionPaths].map((path) => path.join('.'));
    const sections = sectionPaths.filter(({ length }) => length === 1).join('|');
    const pattern = new RegExp(`(?<![\\w./])(?:${sections})\\.[a-z][a-z_]*(?:\\.[a-z][a-z_]*)?`, 'g');
    const named = spans.flatMap((span) => span.match(pattern) ?? []);
    expect(named.filter((name) => !known.includes(name))).toEqual([]);
  });
});

describe('the installation that guides and systemd units show', () => {
  const service = readFileSync('documentation/systemd/run-archiver.service', 'utf8');
  const texts = [...documents.map(({ text }) => text), service];

  it('is where the tarball of this version unpacks', () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    const current = texts.flatMap((text) => text.match(/run-record-archiver-\d+\.\d+\.\d+/g) ?? []);
    const upgrade = 'run-record-archiver-1.1.0';
    expect(current.filter((name) => name !== `run-record-archiver-${version}` && name !== upgrade)).toEqual(
      [],
    );
    const lines = [
      service,
      documentAt('README.md').text,
      documentAt('documentation/DEPLOYMENT_GUIDE.md').text,
    ]
      .flatMap((text) => text.split('\n'))
      .filter((line) => /^(?:\*\/10|ExecStart=)/.test(line));
    expect(lines).toHaveLength(3);
    for (const line of lines) expect(line).toContain(`/opt/run-record-archiver-${version}/bin/run-archiver `);
  });
});

describe('the README', () => {
  it('names every flag', () => {
    const { spans } = documentAt('README.md');
    const named = spans.flatMap((span) => span.match(flagPattern) ?? []);
    expect(archiverFlags.filter((flag) => !named.includes(flag))).toEqual([]);
  });
});

describe('the troubleshooting guide', () => {
  it('quotes messages that there are', () => {
    const starters = ['bin/start.js', 'bin/with-node'].map((path) => readFileSync(path, 'utf8'));
    const sources = [...sourcesOf('src'), ...starters].join('\n');
    const cells = firstColumn(documentAt('documentation/TROUBLESHOOTING_GUIDE.md'), 'message');
    const pieces = cells
      .flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, span = '']) => span))
      .flatMap((span) => span.split('…').map((piece) => piece.trim()))
      .filter((piece) => /\w{2}/.test(piece));
    expect(pieces.length).toBeGreaterThan(50);
    expect(pieces.filter((piece) => !sources.includes(piece))).toEqual([]);
  });
});

describe('the systemd units', () => {
  it('call the archiver with flags that there are', () => {
    const service = readFileSync('documentation/systemd/run-archiver.service', 'utf8');
    const flags = flagsOfCalls(service);
    expect(flags).toContain('--incremental');
    expect(flags.filter((flag) => !isOneOf(archiverFlags, flag))).toEqual([]);
  });
});
