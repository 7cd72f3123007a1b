import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

type Content = string | Buffer;

/** A run record that is odd in one way. */
export interface OddRecord {
  readonly what: string;
  /** Added to those of a plain record, or in their place; undefined takes one away. */
  readonly files?: Readonly<Record<string, Content | undefined>>;
  /** What files alone can't say. */
  readonly further?: (directory: string) => void;
  /** The run fails, with such a message; undefined: it is archived whole. */
  readonly fails?: RegExp;
  /** Nobody can tell whether that is the run's fault, so it waits. */
  readonly isUndecided?: boolean;
  /** It counts as still being copied, with such a reason. */
  readonly waits?: RegExp;
  /** Where it fails. */
  readonly stage?: 'migrate';
  /** There is such a warning of the run. */
  readonly warns?: RegExp;
  /** In artdaqDB. */
  readonly config?: string;
}

const METADATA = [
  'Config name: plain00012',
  'Component #0: tpc01',
  'DAQInterface directory: daq01:/home/daq/DAQInterface',
  '',
  'boardreader logfiles: ',
  'daq01:/daq/log/tpc01-daq01-11100.log',
  '',
  'DAQInterface start time: Thu Oct 24 15:30:00 UTC 2024',
  '',
  'DAQInterface stop time: Thu Oct 24 15:40:00 UTC 2024',
  '',
].join('\n');

const PLAIN: NonNullable<OddRecord['files']> = {
  'metadata.txt': METADATA,
  'boot.txt': 'DAQ setup script: /daq/setup.sh\ndebug level: 1\n',
  'tpc01.fcl': '# made by hand\ndaq: {\n  rate: 10 # Hz\n}\n',
};

const MARKER = '\n#####\nx.fcl:\n#####\n';
const utf16 = (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le');

function fcl(what: string, text: Content, fails?: RegExp): OddRecord {
  return { what, files: { 'x.fcl': text }, ...(fails === undefined ? {} : { fails }) };
}

function text(name: string, content: Content, warns?: RegExp): OddRecord {
  const what = `${name} ${JSON.stringify(String(content).slice(0, 40))}`;
  return { what, files: { [name]: content }, ...(warns === undefined ? {} : { warns }) };
}

function named(name: string, fails?: RegExp): OddRecord {
  const what = `a document named ${JSON.stringify(name)}`;
  return { what, files: { [name]: 'a: 1\n' }, ...(fails === undefined ? {} : { fails }) };
}

function config(stated: string, name: string): OddRecord {
  const what = `the configuration name ${JSON.stringify(stated.slice(0, 40))}`;
  const changed = stated !== '' && name !== stated.replaceAll('/', '_');
  const files = { 'metadata.txt': `Component #0: tpc01\nConfig name: ${stated}\n` };
  return {
    what,
    files,
    config: name,
    ...(changed ? { warns: /metadata\.txt:2: .*configuration name/ } : {}),
  };
}

function special(what: string, further: OddRecord['further'], fails?: RegExp): OddRecord {
  return { what, ...(further && { further }), ...(fails && { fails }) };
}

const link = (target: string, name: string) => (directory: string) =>
  symlinkSync(target, join(directory, name));
const fifo = (name: string) => (directory: string) => void execFileSync('mkfifo', [join(directory, name)]);

const documents: readonly OddRecord[] = [
  { ...fcl('0 bytes', ''), waits: /x\.fcl is empty/ },
  fcl('blanks only', ' \t\n'),
  fcl('a comment only', '# nothing here'),
  fcl('no line end', 'a: 1'),
  fcl('CR LF', 'a: 1\r\nb: "x y" # c\r\n'),
  fcl('CR only', 'a: 1\rb: 2\r'),
  fcl('NUL', 'a: 1\n\0b: 2\n', /x\.fcl, line 2, column 1/),
  fcl('an escape character in a string', 'a: 1\nb: "\x1b[0m"\n', /x\.fcl, line 2/),
  fcl('UTF-16', utf16('a: 1\n'), /x\.fcl:1:1/),
  fcl('a byte-order mark', '\ufeffa: 1\n', /x\.fcl:1:1/),
  fcl('Latin-1', Buffer.from('a: 1\n# caf\xe9\n', 'latin1'), /x\.fcl:2:6: byte 0xE9/),
  fcl('UTF-8 in a string', 'a: 1\n\nb: "\u00b5s"\n', /x\.fcl:3:5/),
  fcl('500 tables in each other', `a: ${'{ b: '.repeat(500)}1${' }'.repeat(500)}\n`),
  fcl('a line of 400 kB', `a: [ ${Array.from({ length: 60_000 }, (_, i) => i).join(', ')} ]\n`),
  fcl('a table that is not closed', 'a: 1\nb: {\n  c: 1\n', /x\.fcl, line 2/),
  fcl('a comma too many', 'a: [ 1,\n  2,\n]\n', /x\.fcl, line 3, column 1/),
  fcl('text without quotes', 'a: x-y\n', /x\.fcl, line 1, column 4/),
  fcl('@table', 'a: 1\n@table::b\n', /x\.fcl, line 2/),
  fcl('an element set alone', 'a: [ 1 ]\na[0]: 2\n', /x\.fcl, line 2/),
  fcl('an include', '#include "messages.fcl"\na: 1\n'),
  fcl('includes that are none', 'a: "x\n#include \'f\'\ny"\n# see #include "f"\nb: 1\n'),
  fcl('a prolog', 'BEGIN_PROLOG\np: 1\nq: 2\nEND_PROLOG\np: 3\na: @local::q\n'),
  fcl('repeated keys', 'a: 1 # one\na: "2"\na: { b: 1 b: 2 }\n'),
  fcl('names of JavaScript', '__proto__: { x: 1 }\nconstructor: 2\nt: { __proto__: 3 toString: 4 }\n'),
  fcl('names of artdaqDB', 'metadata: { data: 1 children: { type: 2 comment: 3 } }\n_id: 4\n'),
  fcl('numbers', 'a: 007\nb: 3.10\nc: 12345678901234567890\nd: [ (1,2), ( 3, 4 ) ]\ne: -infinity\nf: 0x1F\n'),
  fcl('quotes', `a: "q\\"q"\nb: 's\\'\nc: "t\\\\t"\nd: '{"k": [1, 2]} # x'\ne: "" # "\n`),
  fcl('markers in comments', '#####\n# x.fcl:\n#####\na: 1\n'),
  fcl('escaped markers', `a: "${MARKER.replaceAll('\n', '\\n')}"\n`),
  fcl('the end of a record', "a: '\nEnd of Record\nRun Number: 5\n'\n"),
  { ...fcl('markers in a string', `a: 'p${MARKER}q'\n`, /x\.fcl:3: .*separate the files/), stage: 'migrate' },
  {
    what: 'the end of a record in the last file',
    files: { 'metadata.txt': undefined, 'boot.txt': undefined, 'z.fcl': "a: '\nEnd of Record\n'\n" },
    fails: /z\.fcl:3/,
    stage: 'migrate',
  },
];

const names: readonly OddRecord[] = [
  ...['my file.fcl', "it's.fcl", '#####.fcl', '-rf.fcl', '$HOME.fcl', '*.fcl', 'a:.fcl', '..fcl'].map(
    (name) => named(name),
  ),
  ...['.hidden.fcl', '__proto__.fcl', 'index.fcl', '123.fcl', `${'n'.repeat(250)}.fcl`].map((name) =>
    named(name),
  ),
  named('old.fcl/inner.fcl'),
  named(`${'d/'.repeat(40)}deep.fcl`),
  named('a"b.fcl', /a"b\.fcl: the name/),
  named('a\\b.fcl', /a\\b\.fcl: the name/),
  named('a\tb.fcl', /the name must be printable ASCII/),
  named('\u00e9.fcl', /\u00e9\.fcl: the name/),
  named('.fcl', /\.fcl: the name has nothing/),
  named('TPC01.fcl', /tpc01\.fcl: .*same name as TPC01\.fcl/),
  named('sub/tpc01.fcl', /tpc01\.fcl: .*same name as sub\/tpc01\.fcl/),
  ...['boot', 'Metadata', 'schema', 'RunHistory', 'RunHistory2'].map((label) =>
    named(`${label}.fcl`, new RegExp(`${label}\\.fcl`)),
  ),
  { ...text('._tpc01.fcl', '\0\x05\x16\x07'), warns: /not archived: \._tpc01\.fcl/ },
  { ...text('._boot.txt', '\0\x05\x16\x07'), warns: /not archived: \._boot\.txt/ },
  { ...text('X.FCL', 'a: 1\n'), warns: /not archived: X\.FCL/ },
  { ...text('x.fcl.bak', 'a: 1\n'), warns: /not archived: x\.fcl\.bak/ },
  { ...text('my_schema.fcl', 'a: 1\n'), warns: /not archived: my_schema\.fcl/ },
  { ...text('rc_info_start.txt', 'a: 1\n'), warns: /not archived: rc_info_start\.txt/ },
];

const specials: readonly OddRecord[] = [
  special('a FIFO', fifo('x.fcl'), /x\.fcl: is no file but a FIFO/),
  { ...special('a FIFO that nobody asks for', fifo('x.log')), warns: /not archived: x\.log/ },
  {
    ...special('a link to nowhere', link('nowhere', 'x.fcl'), /x\.fcl: .*can't be followed/),
    isUndecided: true,
  },
  { ...special('a link to itself', link('x.fcl', 'x.fcl'), /x\.fcl: .*circle/), isUndecided: true },
  special('a link out of the record', link('/etc/passwd', 'x.fcl'), /x\.fcl: .*leads out/),
  special('a link to a device', link('/dev/zero', 'x.fcl'), /x\.fcl: .*device/),
  special('a link to the directory above', link('..', 'sub'), /sub: .*outside/),
  special('a link within the record', link('tpc01.fcl', 'tpc02.fcl')),
  special('a link to the record itself', link('.', 'self')),
  special(
    'a directory whose name is not UTF-8',
    (directory) => mkdirSync(Buffer.concat([Buffer.from(`${directory}/s`), Buffer.from([0xff])])),
    /the name is not UTF-8/,
  ),
  {
    what: 'a directory in place of boot.txt',
    files: { 'boot.txt': undefined, 'boot.txt/x': 'a: 1\n' },
    fails: /boot\.txt: is a directory/,
  },
  special(
    'a file of 5 GB',
    (directory) => {
      writeFileSync(join(directory, 'x.fcl'), '');
      truncateSync(join(directory, 'x.fcl'), 5 * 2 ** 30);
    },
    /x\.fcl: has 5368709120 bytes/,
  ),
  {
    what: 'nothing',
    files: { 'metadata.txt': undefined, 'boot.txt': undefined, 'tpc01.fcl': undefined },
    waits: /holds nothing to archive/,
  },
  { what: 'what rsync is bringing', files: { '.ranks.txt.Xy12Zz': 'host' }, waits: /\.ranks\.txt\.Xy12Zz/ },
  {
    what: 'no metadata',
    files: { 'metadata.txt': undefined },
    warns: /metadata\.txt: missing/,
    config: 'standard',
  },
  { what: 'no documents', files: { 'tpc01.fcl': undefined }, warns: /\*\.fcl: there is none/ },
];

const configNames: readonly OddRecord[] = [
  config('a b  c', 'a b  c'),
  config('con fig/part two/v3', 'con fig_part two_v3'),
  config('testEastTPC-prescale10-', 'testEastTPC-prescale10-'),
  config('plain0001', 'plain0001'),
  config('123', '123'),
  config('3.10', '3.10'),
  config('', 'standard'),
  config('.', '_'),
  config('..', '__'),
  config('*', '_'),
  config('a"b', 'a_b'),
  config("it's", 'it_s'),
  config('a\\', 'a_'),
  config('a\tb', 'a.b'),
  config('\u00e9t\u00e9', '.t.'),
  config('x'.repeat(300), 'x'.repeat(255)),
];

const texts: readonly OddRecord[] = [
  { ...text('metadata.txt', ''), waits: /metadata\.txt is empty/ },
  { ...text('boot.txt', ''), waits: /boot\.txt is empty/ },
  text('metadata.txt', 'DAQInterface start time: A\n', /metadata\.txt: has no .*only start and stop times/),
  text(
    'metadata.txt',
    'Config name: c\nDAQInterface directory: h:/d\n\n# one\n# two\n# three\n\nDAQInterface start time: A\n',
  ),
  text('metadata.txt', 'Config name: c\nComponent #0: tpc01\nDAQInterface dir', /metadata\.txt:3: left out/),
  text('metadata.txt', '\ufeffConfig name: c\nx: 1', /metadata\.txt:1: byte-order mark/),
  text(
    'metadata.txt',
    Buffer.from('Config name: c\nuser: J\xfcrgen\n', 'latin1'),
    /metadata\.txt:2: byte 0xFC/,
  ),
  text('metadata.txt', utf16('Config name: c\n'), /metadata\.txt:1: .*U\+0000/),
  text('metadata.txt', 'Config name: c\nx: a\0b\fc\x85d\u2028e\n', /metadata\.txt:2: /),
  text(
    'metadata.txt',
    'Config name: c\na: C:\\d\\n\nb: end\\\nc: \'it"s\'\\\nd: "a" "b"\ne: "\nf: [a-b]\ng: .\n',
  ),
  text(
    'metadata.txt',
    'Config name: c\nk(a): 1\n1k: 2\n"q" @x: 3\nk[a]: 4\nBEGIN_PROLOG: 5\n',
    /metadata\.txt:2: the key/,
  ),
  text(
    'metadata.txt',
    "Config name: c\npmt logfile(s): h:/p\n\nboardreader logfiles: \nh1:/a\nh1:/b\neventbuilder logfiles: \nls: cannot access 'x': No\n\nroutingmaster logfiles: y\nh3:/c",
  ),
  text(
    'metadata.txt',
    `Config name: c${MARKER}y: z\nEnd of Record\nx: End of Record\n`,
    /metadata\.txt:6: left out/,
  ),
  text('metadata.txt', `Config name: c\nx: ${'word '.repeat(50_000)}\n`),
  text(
    'boot.txt',
    'EventBuilder host: a\nEventBuilder port: 1\n\nEventBuilder host: b\nEventBuilder label: L\nSubsystem id: 1\nSubsystem source: 2\nSubsystem source: 5\nRoutingMaster host: q\nAggregator label: "D"x\n',
  ),
  text('boot.txt', 'x: [\n1,\n2 ]\nmy-rate.y: 3\nt: {\n a: 1\n}\nu: [\nv: 4\n', /boot\.txt:4: the key/),
  text('boot.txt', Buffer.from(Array.from({ length: 1024 }, (_, i) => i % 256)), /boot\.txt:1: /),
  text(
    'settings.txt',
    'b: false #true\np: [ artdaq-demo, "a b" ]\nq: [ a b ]\nr: [ a,\n b ]\nre: ^tpc\\d+ [a-z]*\n9x: -1\n',
    /settings\.txt:7: the key/,
  ),
  text('settings.txt', 'a b: 1\na_b: 2\na-b: 3\np: [ x,\nq: 2\n'),
  text(
    'known_boardreaders_list.txt',
    'tpc-01 h -1\n01tpc h\t5  2 "x y $Z "\nlone\nl h # remark\ntpc02 h1\ntpc02 h2\nq "no end\n',
    /list\.txt:1: the key/,
  ),
  text(
    'environment.txt',
    'export A="x" and "y"\nexport B=it\'s "mixed\nexport C=one\ntwo\nexport D=a=b\nexport E\nexport F=g\\\n',
  ),
  text(
    'ranks.txt',
    '   host port label rank\n\nh1\t1\tl1\t0\nh2\t2\tl2\tn/a\nh3 1\n',
    /ranks\.txt:4: the key/,
  ),
  text('ranks.txt', 'h1 1 l1 s 0\nh2 2 "l2 s\\ 0\n', /ranks\.txt:2: the key/),
  text('setup.txt', '#!/bin/bash\n\texport X="a\\"b"\nprintf \'\\n\' \\\n  x\ncat <<EOF\nhi\nEOF\n'),
  text('setup.txt', `a\r\nb \x07\u00e9${MARKER}#include "x"\nEnd of Record\n\\`, /setup\.txt:2: /),
  text('setup.txt', Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * i) % 251)), /setup\.txt:1: /),
];

export const ODD_RECORDS: readonly OddRecord[] = [
  ...documents,
  ...names,
  ...specials,
  ...configNames,
  ...texts,
];

/** Writes a record with the times of one that was finished long ago, as rsync does. */
export function writeOddRecord(directory: string, { files, further }: OddRecord): void {
  mkdirSync(directory);
  for (const [name, content] of Object.entries({ ...PLAIN, ...files })) {
    if (content === undefined) continue;
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), content);
  }
  further?.(directory);
  age(directory);
}

/** Makes a directory and all in it look as if nothing had been modified for long. */
export function age(directory: string): void {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    if (entry.isDirectory() && !entry.name.includes('\ufffd')) age(join(directory, entry.name));
    else if (entry.isFile()) utimesSync(join(directory, entry.name), 0, 0);
  }
  utimesSync(directory, 0, 0);
}
