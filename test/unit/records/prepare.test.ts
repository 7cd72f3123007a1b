import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { RunRecordError } from '../../../src/errors.ts';
import { GENERATE_NAMES, type GenerateName } from '../../../src/records/converters/converters.ts';
import { prepareRun } from '../../../src/records/prepare.ts';
import type { RunRecord } from '../../../src/records/run-record-source.ts';
import { goldenRuns } from '../../helpers/golden-records.ts';

const schema = { name: 'schema.fcl', text: 'run_history: []\n' };
const all: ReadonlySet<GenerateName> = new Set(GENERATE_NAMES);
const METADATA = 'Config name: a/b\nComponent #0: tpc01\n\nDAQInterface start time: x\n';

function without(...names: GenerateName[]): ReadonlySet<GenerateName> {
  return new Set(GENERATE_NAMES.filter((name) => !names.includes(name)));
}

function record(files: Readonly<Record<string, string | Buffer>>): RunRecord {
  return {
    run: 7,
    directory: '/records/7',
    files: Object.entries(files).map(([path, content]) => ({ path, bytes: Buffer.from(content) })),
    aside: [],
    warnings: [],
  };
}

const prepare = (files: Readonly<Record<string, string | Buffer>>, generate = all) =>
  prepareRun(record(files), { generate, schema });

const namesIn = (documents: readonly { name: string }[]) => documents.map((document) => document.name).sort();

function textsIn(directory: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(directory).map((name) => [name, readFileSync(join(directory, name), 'latin1')]),
  );
}

describe('preparing a run', () => {
  it.each(goldenRuns().filter((golden) => golden.loaded))(
    'gives the documents of the reference for golden run $run',
    ({ run, config, directory }) => {
      const source = join(directory, 'source');
      const files = readdirSync(source).map((path) => ({ path, bytes: readFileSync(join(source, path)) }));
      const golden = textsIn(join(directory, 'prepared'));
      const goldenUpdate = textsIn(join(directory, 'update'));
      const prepared = prepareRun(
        { run, directory: source, files, aside: [], warnings: [] },
        { generate: all, schema: { name: 'schema.fcl', text: golden['schema.fcl'] ?? '' } },
      );
      expect(prepared.run).toBe(run);
      expect(prepared.config).toBe(config);
      expect(namesIn(prepared.documents)).toEqual(
        Object.keys(golden)
          .filter((name) => name.endsWith('.fcl'))
          .sort(),
      );
      expect(namesIn(prepared.update)).toEqual(['RunHistory2.fcl']);
      expect(prepared.update[0]?.text).toBe(goldenUpdate['RunHistory2.fcl']);
      const copied = prepared.documents.filter(({ name }) => files.some((file) => file.path === name));
      for (const { name, text } of [
        ...copied,
        ...prepared.documents.filter((d) => d.name === 'RunHistory.fcl'),
      ]) {
        expect(text).toBe(golden[name]);
      }
    },
  );

  it('keeps components as they are, drops their directories, and adds history and schema', () => {
    const prepared = prepare({
      'sub/pmt01.fcl': 'a: 1 # x\r\n',
      'metadata.txt': METADATA,
      'tpc01.fcl': 'b: 2',
    });
    expect(prepared.config).toBe('a_b');
    expect(prepared.documents).toContainEqual({ name: 'pmt01.fcl', text: 'a: 1 # x\r\n' });
    expect(prepared.documents).toContainEqual({ name: 'tpc01.fcl', text: 'b: 2' });
    expect(prepared.documents).toContainEqual(schema);
    expect(namesIn(prepared.documents)).toEqual([
      'RunHistory.fcl',
      'metadata.fcl',
      'pmt01.fcl',
      'schema.fcl',
      'tpc01.fcl',
    ]);
    expect(namesIn(prepared.update)).toEqual(['RunHistory2.fcl']);
    expect(prepared.warnings).toEqual([]);
  });

  it('gives no update for a run without times', () => {
    expect(prepare({ 'metadata.txt': 'Config name: x\n' }).update).toEqual([]);
  });

  it('stores an empty text as a line end', () => {
    const { documents } = prepare({ 'settings.txt': '', 'tpc01.fcl': 'a: 1' });
    expect(documents).toContainEqual({ name: 'settings.fcl', text: '\n' });
  });

  it('archives a record without metadata.txt under the default name, with a warning', () => {
    const { config, documents, update, warnings } = prepare({ 'tpc01.fcl': 'a: 1' });
    expect(config).toBe('standard');
    expect(namesIn(documents)).toEqual(['schema.fcl', 'tpc01.fcl']);
    expect(update).toEqual([]);
    expect(warnings.join()).toContain('metadata.txt');
  });

  it('runs only the converters and generators that are switched on', () => {
    const files = { 'metadata.txt': METADATA, 'boot.txt': 'debug level: 1\n', 'tpc01.fcl': 'a: 1' };
    const { config, documents, update } = prepare(
      files,
      without('metadata', 'boot', 'RunHistory', 'RunHistory2'),
    );
    expect(config).toBe('a_b');
    expect(namesIn(documents)).toEqual(['schema.fcl', 'tpc01.fcl']);
    expect(update).toEqual([]);
    expect(namesIn(prepare(files, without('boot')).documents)).toContain('RunHistory.fcl');
  });

  it('names file and line where a converter changes something, once', () => {
    const { warnings } = prepare({ 'metadata.txt': 'Config name: Sch\u00f6n\n', 'tpc01.fcl': 'a: 1' });
    expect(warnings.filter((warning) => warning.startsWith('metadata.txt:1: '))).not.toEqual([]);
    expect(new Set(warnings).size).toBe(warnings.length);
  });

  it('names files that it leaves aside', () => {
    const { warnings } = prepare({ 'config.txt': 'x: 1', 'metadata.txt': METADATA, 'tpc01.fcl': 'a: 1' });
    expect(warnings).toEqual([expect.stringContaining('config.txt')]);
  });

  it.each([
    ['without any FHiCL', {}, '*.fcl'],
    ['without the documents of some components', { 'tpc01.fcl': 'a: 1' }, 'tpc02, tpc03'],
  ])('warns of a record %s', (_, files, named) => {
    const labels = ['tpc01', 'tpc02', 'tpc03'].map((label, i) => `Component #${i}: ${label}\n`);
    const metadata = `Config name: x\n${labels.join('')}`;
    expect(prepare({ ...files, 'metadata.txt': metadata }).warnings).toEqual([
      expect.stringContaining(named),
    ]);
  });

  it.each([
    ['one in a sub-directory', ['a.fcl', 'sub/a.fcl']],
    ['other letter case', ['pmt01.fcl', 'PMT01.fcl']],
    ['a converted file', ['boot.fcl', 'boot.txt']],
    ['a converted file, in other letter case', ['Ranks.fcl', 'ranks.txt']],
    ['the schema', ['schema.fcl']],
    ['the schema, in a sub-directory and other letter case', ['sub/Schema.fcl']],
    ['RunHistory', ['RunHistory.fcl', 'metadata.txt']],
    ['RunHistory2', ['runhistory2.fcl', 'metadata.txt']],
  ])('refuses two documents with one name: %s', (_, paths) => {
    const files = Object.fromEntries(paths.map((path) => [path, 'a: 1\n']));
    const failure = () => prepare(files);
    expect(failure).toThrow(RunRecordError);
    expect(failure).toThrow(paths.find((path) => path.endsWith('.fcl')));
    expect(failure).toThrow('run 7');
  });

  it.each([
    ['boot.fcl beside a boot.txt that is not converted', ['boot.fcl', 'boot.txt'], without('boot')],
    ['boot.fcl without boot.txt', ['boot.fcl'], all],
    ['RunHistory.fcl where none is generated', ['RunHistory.fcl'], without('RunHistory')],
  ])('archives %s', (_, paths, generate) => {
    const files = Object.fromEntries(paths.map((path) => [path, 'a: 1\n']));
    expect(prepare(files, generate).documents).toContainEqual({ name: paths[0], text: 'a: 1\n' });
  });

  it('refuses FHiCL that is not ASCII, naming file, line and column of each', () => {
    const files = { 'a.fcl': '# ok\nx: "\u00e9"\n', 'b/c.fcl': '\ufeffy: 1', 'd.fcl': 'z: 1' };
    const failure = () => prepare(files);
    expect(failure).toThrow(/ a\.fcl:2:5: byte 0xC3 .* b\/c\.fcl:1:1: byte 0xEF/);
    expect(failure).not.toThrow('d.fcl');
  });

  it.each([
    ['without a configuration name', 'Component #0: tpc01\n', /^metadata\.txt: has no "Config name" [^,]*;/],
    ['without components', 'Config name: x\ndebug: 1\n', /^metadata\.txt: has no components;/],
    ['with an empty name', 'Config name:\nComponent #0: tpc01\n', /has no "Config name"/],
    [
      'with times only',
      METADATA.slice(METADATA.indexOf('DAQ')),
      /"Config name".* and no components, only start/,
    ],
    ['with times of before 2019 only', 'Start time: x\nStop time: y\n', /only start and stop times/],
    ['of comments only', '# see above\n', /has no "Config name".* and no components;/],
    ['of 0 bytes', '', /has no "Config name".* and no components;/],
  ])('names what is missing in a metadata.txt %s', (_, metadata, warning) => {
    const { warnings } = prepare({ 'tpc01.fcl': 'a: 1', 'metadata.txt': metadata });
    expect(warnings.filter((each) => each.startsWith('metadata.txt: has no'))).toEqual([
      expect.stringMatching(warning),
    ]);
  });

  it('archives text files of 0 bytes with a warning, and fails on such FHiCL by its own fault', () => {
    const texts = { 'boot.txt': '', 'metadata.txt': '', 'ranks.txt': '', 'tpc01.fcl': 'a: 1' };
    const { documents, warnings } = prepare(texts);
    expect(documents).toContainEqual({ name: 'boot.fcl', text: expect.stringContaining('settings: [') });
    expect(documents).toContainEqual({ name: 'ranks.fcl', text: '\n' });
    expect(warnings.filter((each) => each.endsWith('is empty, and is archived as it is'))).toHaveLength(3);
    expect(() => prepare({ 'a.fcl': '', 'b.fcl': 'b: 1' })).toThrow(
      expect.objectContaining({ retryable: false, fault: 'run', run: 7 }),
    );
  });
});
