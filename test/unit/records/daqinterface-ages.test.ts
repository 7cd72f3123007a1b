import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readStored } from '../../../src/fhicl/document.ts';
import { GENERATE_NAMES } from '../../../src/records/converters/converters.ts';
import { type PreparedRun, prepareRun } from '../../../src/records/prepare.ts';
import { AGES, type RecordContent, recordOf } from '../../helpers/daqinterface-records.ts';
import { entriesOf, type Read } from '../../helpers/fhicl-entries.ts';
import { store } from '../fhicl/support.ts';

const some = (all: readonly string[]) => fc.subarray([...all], { minLength: 1 });

const contents: fc.Arbitrary<RecordContent> = fc.record({
  config: some(['Majority_COMMON_MPAW_Thr400-00013', 'crt/test', '3.10', '00042', 'a"b', 'end\\']),
  labels: some(['pmtx01', 'tpc-02', '9crt', 'x.y', 'BoardReader', 'long_name_of_a_board_reader_01']),
  host: fc.constantFrom('sbnd-daq01.fnal.gov', 'localhost', '10.226.35.1'),
  logfile: fc.constantFrom(
    '/daq/log/pmt/launch_attempt_1',
    "ls: cannot access '/daq/log/pmt': No such file or directory",
    'Warning: Permanently added "host" (ED25519) to the list of known hosts.',
  ),
  message: fc.constantFrom(
    'fix race \\d+ in receiver...',
    'see #include <x>; key: [value]',
    'Merge branch x',
    '',
  ),
  commitInfoEnd: fc.constantFrom(
    '',
    '\n',
    '\r\n',
    '\n\n',
    ' \n \n',
    '\nlocally modified\n',
    '\n"of" "two lines"\n',
  ),
  buildInfo: fc.constantFrom(
    '"09-Jul-2019 15:41:22 UTC" "v1_02_03"',
    '"time from BuildInfo undetermined" "version from BuildInfo undetermined"',
    '"09-Jul-2019 15:41:22 UTC"',
    '',
  ),
  bootLines: some([
    'routing_base_port: 10300',
    'table_update_address: "227.129.1.129"',
    'max-rate: 0x1E',
    'art.services: [ 1, 2 ]',
    'my_EventBuilder_port_offset: 5',
    'EventBuilder_port_offset: 7',
    'rate: -5 # per second',
    'lonely words',
  ]),
  settings: some([
    'log_directory: $HOME/log',
    'package_hashes_to_save: [ artdaq, sbndaq-artdaq ]',
    'boardreader timeout: 120',
    'all_events_to_all_dispatchers: false #true',
    'boardreader_priorities: .*crt.* ^tpc\\d+$',
    'max_fragment_size_bytes: 0x100000',
    'list: [ a b, "c d" ]',
    'several: [ one,',
    '  two ] # remark',
    '9lives: left',
  ]),
  setup: some([
    '#!/bin/bash',
    'export PATH="$PATH:/opt"; echo \'x\' \\',
    "\tprintf '\\n' | sed 's/\\(a\\)/\"\\1\"/'",
    '',
    'cat <<END',
    '#include "nothing"',
  ]),
  environment: some([
    'LOGDIR=/daq/log',
    'SETTINGS=a=b "c" d',
    'KNOWN="quoted"',
    'LINES=one\ntwo words',
    'EMPTY=',
    'REGEX=^a\\d+$\\',
  ]),
  isStopped: fc.boolean(),
});

const wordsOf = (text: string) => text.toLowerCase().match(/[a-z0-9]+/g) ?? [];

/** What an archived document says: names and values, one a line. */
function textOf(value: Read): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(textOf).join('\n');
  return Object.entries(value)
    .map(([key, member]) => `${key}\n${textOf(member)}`)
    .join('\n');
}

/** The words of a text file's document, as artdaqDB exports it, with how often they are there. */
function archivedWords(document: string): Map<string, number> {
  const { fhicl } = readStored(store(document));
  const entries = fhicl === '' ? [] : entriesOf(fhicl);
  const text = entries.map(([key, value]) => `${key}\n${textOf(value)}`);
  const words = new Map<string, number>();
  for (const word of wordsOf(text.join('\n'))) words.set(word, (words.get(word) ?? 0) + 1);
  return words;
}

/** The type of a process stands in its table once, that of a subsystem not at all. */
const IN_A_TABLE =
  /^(?:Subsystem|(?:EventBuilder|DataLogger|Dispatcher|RoutingMaster|RoutingManager|Aggregator)(?= (?!host))) /;

/** The words of a line that stand for something: keys that become the name of a list or table are written once for all. */
function essence(path: string, line: string): string {
  if (path === 'metadata.txt') {
    return line.replace(/^Component #\d+:/, '').replace(/^pmt logfile\(s\)/, 'pmt logfiles');
  }
  if (path === 'boot.txt') return line.replace(IN_A_TABLE, '').replace(/^source:/, '');
  if (path === 'environment.txt') return line.replace(/^export /, '');
  return line;
}

/** The line that a warning is about; infinity if it is about another file. */
function lineOf(warning: string, path: string): number {
  const [name, line] = warning.split(':');
  return name === path ? Number(line) : Number.POSITIVE_INFINITY;
}

/** Lines of a text file that are neither in its document nor in a warning about them. */
function lostLines(path: string, text: string, { documents, warnings }: PreparedRun): string[] {
  const document = documents.find(({ name }) => name === path.replace(/txt$/, 'fcl'));
  if (document === undefined)
    return warnings.some((warning) => warning.startsWith(`${path}: `)) ? [] : [path];
  const archived = archivedWords(document.text);
  return text.split(/\r\n|\n/).filter((line, index) => {
    if (path !== 'setup.txt' && line.trim().startsWith('#')) return false;
    // What is said of a setting on several lines names the first of them.
    const told = warnings.filter((warning) => lineOf(warning, path) <= index + 1);
    const toldWords = new Set(wordsOf(told.join('\n')));
    return wordsOf(essence(path, line)).some((word) => {
      const left = archived.get(word) ?? 0;
      archived.set(word, left - 1);
      return left < 1 && !toldWords.has(word);
    });
  });
}

describe.each(AGES)('A record as DAQInterface writes it since %s', (age) => {
  it('is archived with each of its lines, or a warning about it', () => {
    fc.assert(
      fc.property(contents, (content) => {
        const files = recordOf(age, content);
        const prepared = prepareRun(
          {
            run: 7,
            directory: '/records/7',
            files: Object.entries(files).map(([path, text]) => ({ path, bytes: Buffer.from(text) })),
            aside: [],
            warnings: [],
          },
          { generate: new Set(GENERATE_NAMES), schema: { name: 'schema.fcl', text: 'a: 1\n' } },
        );
        for (const [path, text] of Object.entries(files)) {
          if (path.endsWith('.fcl')) expect(prepared.documents).toContainEqual({ name: path, text });
          else expect({ [path]: lostLines(path, text, prepared) }).toEqual({ [path]: [] });
        }
        expect(prepared.update).toHaveLength(age < '2019-04-01' ? 0 : 1);
      }),
      { numRuns: 30 },
    );
  });
});
