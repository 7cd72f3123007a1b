import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { unpackBlob } from '../../../../src/blob/unpack.ts';
import { entityOf, type FhiclFile } from '../../../../src/fhicl/fhicl-file.ts';
import { GENERATE_NAMES } from '../../../../src/records/converters/converters.ts';
import { roleOf } from '../../../../src/records/file-role.ts';
import { prepareRun } from '../../../../src/records/prepare.ts';
import {
  compareRecords,
  type RecordDifference,
  type RecordFiles,
} from '../../../../tools/run-config/compare-records.ts';
import { isLeftOut, LEFT_OUT } from '../../../../tools/run-config/left-out.ts';
import { readParameters, textOf } from '../../../../tools/run-config/parameters.ts';
import { AGES, type RecordContent, recordOf } from '../../../helpers/daqinterface-records.ts';
import { goldenRuns } from '../../../helpers/golden-records.ts';

type Texts = Readonly<Record<string, string>>;

/** The files of a run directory as the archiver converts them. */
function converted(texts: Texts, run = 1): RecordFiles {
  const files = Object.entries(texts)
    .filter(([path]) => ['component', 'text'].includes(roleOf(path).kind))
    .map(([path, text]) => ({ path, bytes: Buffer.from(text, 'latin1') }));
  const schema = { name: 'schema.fcl', text: 'a: 1\n' };
  const { documents, update } = prepareRun(
    { run, directory: '/r', files, aside: [], warnings: [] },
    { generate: new Set(GENERATE_NAMES), schema },
  );
  return read([...documents, ...update]);
}

function read(files: readonly FhiclFile[]): RecordFiles {
  return new Map(files.map((file) => [file.name, readParameters(file)]));
}

function linesOf({ moved, removed, added, parameters }: RecordDifference): string[] {
  return [
    ...moved.map(({ from, to }) => `${from} moved to ${to}`),
    ...removed.map((file) => `${file.name} removed`),
    ...added.map((file) => `${file.name} added`),
    ...parameters.map(({ file, path, old, new: changed }) =>
      [
        `${file}:${path}`,
        old === undefined ? '' : textOf(old),
        changed === undefined ? '' : textOf(changed),
      ].join(' | '),
    ),
  ];
}

const differences = (before: RecordFiles, after: RecordFiles) =>
  linesOf(compareRecords(before, after, isLeftOut));

const CONTENT: RecordContent = {
  config: ['physics00037'],
  labels: ['pmt01', 'tpc01', 'tpc02'],
  host: 'evb01',
  logfile: '/daq/log/pmt/launch_attempt_evb01_exp_partition1_20240204183835',
  message: 'fix a race',
  commitInfoEnd: '',
  buildInfo: '"Jul 10 14:26:13 2023" "v1_10_01"',
  bootLines: ['max_events: 100', 'routing_base_port: 11010'],
  settings: [
    'log directory: /daq/log',
    'boardreader timeout: 30',
    'package_hashes_to_save: [ artdaq, sbndaq ]',
  ],
  setup: ['#!/bin/bash', 'export A=1', 'setup artdaq v3'],
  environment: ['LOGDIR=/daq/log', 'PORT=11000', 'TTY=pts/3', 'VERSION=v3_13_00'],
  isStopped: true,
};

/** A file, what is planted in it in place of what, and the differences that it makes. */
type Plant = readonly [file: string, what: RegExp, planted: string, expected: readonly string[]];

const PLANTS: readonly Plant[] = [
  [
    'metadata.txt',
    /physics00037/,
    'physics00038',
    [
      'metadata.fcl:config_name | "physics00037" | "physics00038"',
      'RunHistory.fcl:config_name | "physics00037" | "physics00038"',
    ],
  ],
  [
    'metadata.txt',
    /Component #1: tpc01\n/,
    '',
    ['metadata.fcl:components[1] | "tpc01" | ', 'RunHistory.fcl:components[1] | "tpc01" | '],
  ],
  [
    'metadata.txt',
    /(artdaq commit\/version: \w+ .*)fix a race/,
    '$1fix another',
    ['metadata.fcl:artdaq_commit_or_version | …fix a race… | …fix another…'],
  ],
  [
    'metadata.txt',
    /method: direct/,
    'method: pmt',
    ['metadata.fcl:process_management_method | "direct" | "pmt"'],
  ],
  ['boot.txt', /debug level: 1/, 'debug level: 4', ['boot.fcl:debug_level | 1 | 4']],
  ['boot.txt', /max_events: 100/, 'max_events: 1000', ['boot.fcl:max_events | 100 | 1000']],
  ['boot.txt', /max_events: 100\n/, '', ['boot.fcl:max_events | 100 | ']],
  [
    'boot.txt',
    /EventBuilder host: evb01/,
    'EventBuilder host: evb09',
    ['boot.fcl:artdaq_process_settings[0].host | "evb01" | "evb09"'],
  ],
  [
    'boot.txt',
    /Subsystem destination: 1/,
    'Subsystem destination: 3',
    ['boot.fcl:subsystem_settings[0].destination | "1" | "3"'],
  ],
  ['settings.txt', /timeout: 30/, 'timeout: 60', ['settings.fcl:boardreader_timeout | 30 | 60']],
  [
    'settings.txt',
    /artdaq, sbndaq/,
    'artdaq, sbn, sbndaq',
    ['settings.fcl:package_hashes_to_save[1] |  | sbn'],
  ],
  [
    'known_boardreaders_list.txt',
    /tpc01 evb01/,
    'tpc01 evb02',
    ['known_boardreaders_list.fcl:tpc01[0] | "evb01" | "evb02"'],
  ],
  [
    'environment.txt',
    /v3_13_00/,
    'v3_13_01',
    ['environment.fcl:DAQINTERFACE_VERSION | "v3_13_00" | "v3_13_01"'],
  ],
  ['ranks.txt', /tpc02/, 'tpc03', ['ranks.fcl:ranks.rank2[2] | "tpc02" | "tpc03"']],
  ['setup.txt', /A=1/, 'A=2', ['setup.fcl:setup_script | …A=1… | …A=2…']],
  ['tpc01.fcl', /"tpc01"/, '"other"', ['tpc01.fcl:daq.label | "tpc01" | "other"']],
  [
    'BoardReaderMain_tpc01_5200.fcl',
    /"tpc01"/,
    '"other"',
    ['BoardReaderMain_tpc01_5200.fcl:daq.label | "tpc01" | "other"'],
  ],
];

/** What differs in every run. */
const OF_EVERY_RUN: readonly (readonly [file: string, what: RegExp, planted: string])[] = [
  ['metadata.txt', /(start time: .*)15:30/i, '$116:31'],
  ['metadata.txt', /(stop time: .*)03:30/i, '$103:59'],
  ['metadata.txt', /Total events: 12345/, 'Total events: 5'],
  ['metadata.txt', /evb01:\/daq\/log\/pmt01-5200\.log/, 'evb01:/daq/log/pmt01-5201-20240204183835-20000.log'],
  ['metadata.txt', /20240204183835/, '20250204183835'],
  ['boot.txt', /EventBuilder port: 5200/, 'EventBuilder port: 5300'],
  ['ranks.txt', /5201/, '5301'],
  ['environment.txt', /11000/, '12000'],
  ['environment.txt', /pts\/3/, 'pts/12'],
];

/** Of a long text only what stands around the difference is expected. */
function expectLines(found: readonly string[], expected: readonly string[]): void {
  const patterns = expected.map((line) => {
    const quoted = line.split('…').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
    return expect.stringMatching(new RegExp(`^${quoted.join('.*')}$`));
  });
  expect(found).toEqual(patterns);
}

describe.each(AGES)('records as DAQInterface of %s writes them', (age) => {
  const texts = recordOf(age, CONTENT);
  const record = converted(texts);

  it('do not differ from themselves, whatever the number of the run', () => {
    expect(differences(record, converted(texts, 2))).toEqual([]);
    expect(linesOf(compareRecords(record, converted(texts, 2), () => false))).toEqual([
      'RunHistory.fcl:run_number | 1 | 2',
    ]);
  });

  it('show exactly what was planted', () => {
    const planted = PLANTS.filter(([file, what]) => what.test(texts[file] ?? ''));
    expect(planted.length).toBeGreaterThan(2);
    for (const [file, what, text, expected] of planted) {
      const after = converted({ ...texts, [file]: (texts[file] ?? '').replace(what, text) });
      expectLines(differences(record, after), expected);
    }
  });

  it('show nothing of what differs in every run, unless all is asked for', () => {
    const planted = OF_EVERY_RUN.filter(([file, what]) => what.test(texts[file] ?? ''));
    let changed = texts;
    for (const [file, what, text] of planted)
      changed = { ...changed, [file]: (changed[file] ?? '').replace(what, text) };
    const after = converted(changed);
    expect(differences(record, after)).toEqual([]);
    if (planted.length === 0) return;
    const { parameters } = compareRecords(record, after, () => false);
    expect(parameters.length).toBeGreaterThanOrEqual(planted.length);
    expect(compareRecords(record, after, isLeftOut).leftOut).toBe(parameters.length);
  });

  it('show files that came, went and have another name', () => {
    const [name = ''] = Object.keys(texts).filter((each) => each.endsWith('.fcl'));
    const { [name]: text = '', ...others } = texts;
    expect(differences(record, converted({ ...others, 'new.fcl': text }))).toEqual([
      `${name} moved to new.fcl`,
    ]);
    expect(differences(record, converted(others))).toEqual([`${name} removed`]);
    expect(differences(record, converted({ ...texts, 'new.fcl': 'a: 1' }))).toEqual(['new.fcl added']);
  });
});

function textsIn(directory: string): Texts {
  return Object.fromEntries(
    readdirSync(directory).map((name) => [name, readFileSync(join(directory, name), 'latin1')]),
  );
}

function filesIn(directory: string): FhiclFile[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.fcl'))
    .map((path) => ({
      name: path.slice(path.lastIndexOf('/') + 1),
      text: readFileSync(join(directory, path), 'utf8'),
    }));
}

describe('golden records', () => {
  const runs = goldenRuns().filter(({ loaded }) => loaded);

  it('are the same from their directories, from artdaqDB and from UconDB', () => {
    expect(runs.length).toBeGreaterThan(3);
    for (const { run, directory } of runs) {
      const exported = filesIn(join(directory, 'exported'));
      const { files } = unpackBlob(readFileSync(join(directory, 'blob.txt')));
      const [inArtdaqDb, inUconDb] = [read(exported), read(files)];
      expect(linesOf(compareRecords(inArtdaqDb, inUconDb, () => false))).toEqual([]);
      // Its converters keep more than those of the reference did.
      const own = converted({ ...textsIn(join(directory, 'source')) }, run);
      const { parameters, removed } = compareRecords(inArtdaqDb, own, isLeftOut);
      expect(removed).toEqual([]);
      expect(
        parameters.filter(({ file, new: changed }) => file !== 'schema.fcl' && changed === undefined),
      ).toEqual([]);
    }
  });

  it('show a value of a document that is another, and nothing else', () => {
    const files = runs.slice(0, 2).flatMap(({ directory }) => filesIn(join(directory, 'exported')));
    let planted = 0;
    for (const file of files) {
      const lines = file.text.split('\n');
      const numbers = lines.flatMap((line, at) => (/^\w+: \d+ $/.test(line) ? [at] : []));
      for (const at of [numbers.at(0), numbers.at(-1)]) {
        if (at === undefined) continue;
        planted++;
        const text = lines.with(at, (lines[at] ?? '').replace(/\d+ $/, '987654 ')).join('\n');
        const [before, after] = [read([file]), read([{ name: file.name, text }])];
        const { parameters } = compareRecords(before, after, () => false);
        const name = lines[at]?.split(':')[0];
        expect(
          parameters.map(({ path, new: changed }) => [path.split('.').at(-1), changed && textOf(changed)]),
        ).toEqual([[name, '987654']]);
      }
    }
    expect(planted).toBeGreaterThan(10);
  });
});

describe('the table of what is left out', () => {
  it('has a reason for each row, and names files that there are', () => {
    for (const { pattern, reason } of LEFT_OUT) {
      expect(reason).not.toBe('');
      const [file = ''] = pattern.split(':');
      const known = ['RunHistory', 'RunHistory2', 'metadata', 'ranks', 'boot', 'environment', 'hashes', '*'];
      expect(known).toContain(entityOf({ name: file }));
    }
  });
});
