import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { describeArchiver } from '../../src/cli/description.ts';
import { parameterPaths, sectionPaths } from '../../src/config/sections.ts';
import { modes } from '../../src/modes/all.ts';
import {
  anchorsIn,
  type Document,
  filesBelow,
  firstColumn,
  linksIn,
  readDocuments,
} from '../helpers/documents.ts';

const documents = readDocuments();
/** The guides of the Python archiver, under whose names people look for them. */
const guides =
  `DEPLOYMENT_GUIDE OPERATIONS_MANUAL STATE_MANAGEMENT_GUIDE TROUBLESHOOTING_GUIDE FILE_FORMATS EXIT_CODES
  CORE_MODULES clients_README services_README persistence_README fhiclutils_README`.split(/\s+/);
const flagPattern = /(?<![\w-])--[a-z][a-z-]*\*?[a-z-]*/g;
const archiverFlags = describeArchiver(modes)
  .groups.flatMap(({ flags }) => flags)
  .flatMap(({ flags }) => flags.match(flagPattern) ?? []);
/** Of other programs, which the guides name. */
const foreignFlags = ['--collector', '--sync-on-commit', '--init-venv'];
const projectFiles = ['src', 'test', 'tools', 'bin', 'documentation'].flatMap(filesBelow);
const [programSources, toolSources] = ['src', 'tools'].map((directory) =>
  projectFiles
    .filter((path) => path.startsWith(`${directory}/`) && path.endsWith('.ts'))
    .map((path) => readFileSync(path, 'utf8')),
);
const toolFlags = (toolSources ?? []).flatMap((text) => text.match(flagPattern) ?? []);

function documentAt(path: string): Document {
  const found = documents.find((document) => document.path === path);
  if (found === undefined) throw new Error(`${path} is missing`);
  return found;
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
  it('exist, and are in the package', () => {
    const paths = guides.map((name) => `documentation/${name}.md`);
    expect(paths.filter((path) => !existsSync(path))).toEqual([]);
    expect(readFileSync('package.json', 'utf8')).toContain('"documentation"');
  });

  it('can all be reached from the README, and all but the files beside it from the index', () => {
    for (const [start, expected] of [
      ['README.md', documents],
      ['documentation/README.md', documents.filter(({ path }) => path.startsWith('documentation/'))],
    ] as const) {
      const reached = new Set<string>([start]);
      for (const path of start === 'README.md' ? reached : [start]) {
        for (const link of linksIn(documentAt(path))) {
          const [file = ''] = link.split('#');
          if (file.endsWith('.md') && !link.includes('://'))
            reached.add(normalize(join(dirname(path), file)));
        }
      }
      expect(expected.map(({ path }) => path).filter((path) => !reached.has(path))).toEqual([]);
    }
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

  it.each(documents)('$path names files of the project that exist', ({ spans }) => {
    const paths = spans.filter((span) => /^(?:src|test|tools|bin|documentation)\/[\w./*-]+$/.test(span));
    expect(paths.filter((path) => !isOneOf(projectFiles, path.replace(/\/$/, '')))).toEqual([]);
  });

  it.each(documents)('$path names flags that exist', ({ text, spans }) => {
    const named = spans
      .filter((span) => span.startsWith('--'))
      .flatMap((span) => span.match(flagPattern) ?? []);
    const known = [...archiverFlags, ...toolFlags, ...foreignFlags];
    expect(named.filter((flag) => !isOneOf(known, flag))).toEqual([]);
    expect(flagsOfCalls(text).filter((flag) => !isOneOf(archiverFlags, flag))).toEqual([]);
  });

  it.each(documents)('$path names parameters that exist', ({ spans }) => {
    const known = [...parameterPaths, ...sectionPaths].map((path) => path.join('.'));
    const sections = sectionPaths.filter(({ length }) => length === 1).join('|');
    const pattern = new RegExp(`(?<![\\w./])(?:${sections})\\.[a-z][a-z_]*(?:\\.[a-z][a-z_]*)?`, 'g');
    const named = spans.flatMap((span) => span.match(pattern) ?? []);
    expect(named.filter((name) => !known.includes(name))).toEqual([]);
  });

  it('have the headings that the sources refer to', () => {
    const texts = [...(programSources ?? []), ...(toolSources ?? [])].map((text) =>
      text.replace(/\n \* /g, ' '),
    );
    const quoted = texts.flatMap((text) => [...text.matchAll(/(documentation\/\w+\.md), "([^"]+)"/g)]);
    expect(quoted.length).toBeGreaterThan(5);
    for (const [, path = '', heading = ''] of quoted) {
      expect(documentAt(path).prose).toMatch(new RegExp(`^#+ ${heading}$|\\*\\*${heading}\\*\\*`, 'm'));
    }
  });
});

describe('the architecture', () => {
  it('shows the folders of src in the order that the test of the house keeps', () => {
    const [, order = ''] = /ORDER = \[([^\]]*)\]/.exec(readFileSync('test/unit/house.test.ts', 'utf8')) ?? [];
    const lines = [...order.matchAll(/'([^']+)'/g)].map(([, line = '']) => line.split(' ').sort());
    const rows = firstColumn(documentAt('documentation/ARCHITECTURE.md'), 'in `src`');
    const shown = rows.map((row) => [...row.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name));
    const ranks = shown.flat().map((name) => lines.findIndex((line) => line.includes(name)));
    expect(shown.flat().toSorted()).toEqual(lines.flat().toSorted());
    expect(ranks).toEqual(ranks.toSorted((one, other) => one - other));
  });
});

describe('the installation that guides and systemd units show', () => {
  const service = readFileSync('documentation/systemd/run-archiver.service', 'utf8');
  const texts = [...documents.map(({ text }) => text), service];

  it('is where the tarball of this version unpacks', () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    const named = texts.flatMap((text) => text.match(/run-record-archiver-\d+\.\d+\.\d+/g) ?? []);
    const upgrade = 'run-record-archiver-1.1.0';
    expect(named.filter((name) => name !== `run-record-archiver-${version}` && name !== upgrade)).toEqual([]);
    const lines = texts.flatMap((text) => text.match(/^(?:\*\/10|ExecStart=).*/gm) ?? []);
    expect(lines).toHaveLength(3);
    for (const line of lines) expect(line).toContain(`/opt/run-record-archiver-${version}/bin/run-archiver `);
  });

  it('has its configuration file in one place', () => {
    const paths = texts.flatMap((text) => text.match(/(?<=archiver )\/\S*config\.yaml/g) ?? []);
    expect(paths.length).toBeGreaterThan(5);
    expect(new Set(paths)).toEqual(new Set(['/etc/run-archiver/config.yaml']));
  });

  it('calls the archiver with flags that exist', () => {
    const flags = flagsOfCalls(service);
    expect(flags).toContain('--incremental');
    expect(flags.filter((flag) => !isOneOf(archiverFlags, flag))).toEqual([]);
  });
});

describe('the flags', () => {
  it('of the archiver are all in the README', () => {
    const named = documentAt('README.md').spans.flatMap((span) => span.match(flagPattern) ?? []);
    expect(archiverFlags.filter((flag) => !named.includes(flag))).toEqual([]);
  });

  it.each([
    ['compare-artdaqdb-ucondb/flags', 'COMPARE_TOOL'],
    ['repair-filesystemdb/flags', 'REPAIR_FILESYSTEMDB'],
    ['fhicl/flags', 'FHICL_TOOL'],
    ['run-config/flags', 'RUN_CONFIG'],
    ['sample-records/main', 'OPERATIONS_MANUAL'],
    ['ucondb-server/main', 'OPERATIONS_MANUAL'],
  ])('of tools/%s are all in %s', (source, guide) => {
    const text = readFileSync(`tools/${source}.ts`, 'utf8');
    const flags = [...text.matchAll(/'(?:-\w, )?(--[a-z-]+)(?: [<[].*?)?'/g)].map(([, flag = '']) => flag);
    expect(flags.length).toBeGreaterThan(0);
    const { spans } = documentAt(`documentation/${guide}.md`);
    expect(flags.filter((flag) => !spans.some((span) => span.includes(flag)))).toEqual([]);
  });
});
