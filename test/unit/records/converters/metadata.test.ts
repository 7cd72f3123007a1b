import { describe, expect, it } from 'vitest';
import { convert } from './convert.ts';

const metadata = (...lines: string[]) => convert('metadata', lines.map((line) => `${line}\n`).join(''));

describe('metadata.txt: log files', () => {
  it('of the process manager before December 2018 are a pattern', () => {
    expect(metadata('pmt logfile(s): h:/p-*.log').table).toEqual({ pmt_logfiles_wildcard: 'h:/p-*.log' });
  });

  it.each(['aggregator', 'routingmaster', 'boardreader', 'eventbuilder', 'routingmanager', 'datalogger'])(
    'of kind %s are a list, also at the end of the file',
    (kind) => {
      expect(metadata(`${kind} logfiles: `, 'h1:/a.log', 'h1:/b.log').table).toEqual({
        [`${kind}_logfiles`]: ['h1:/a.log', 'h1:/b.log'],
      });
    },
  );

  it('of kinds that the reference has no list for are an empty text if there are none', () => {
    expect(metadata('routingmaster logfiles: ', '', 'aggregator logfiles: ').text).toBe(
      'routingmaster_logfiles: ""\naggregator_logfiles: ""\n',
    );
  });

  it('end at the next section or known key, with or without a blank line', () => {
    const { table } = metadata(
      ...[
        'boardreader logfiles: ',
        'h:/a.log',
        'process manager logfiles: ',
        '/p.log',
        'DAQInterface start time: t1',
      ],
      ...['dispatcher logfiles: ', 'h:/d.log', 'Component #0: c', 'DAQInterface stop time: t2'],
    );
    expect(table).toEqual({
      boardreader_logfiles: ['h:/a.log'],
      process_manager_logfiles: ['/p.log'],
      daqinterface_start_time: 't1',
      dispatcher_logfiles: ['h:/d.log'],
      components: ['c'],
      daqinterface_stop_time: 't2',
    });
  });

  it('keep their blanks, colons and quotes, and what stands on the header line', () => {
    const { table } = metadata(
      ...[
        'boardreader logfiles: h:/first.log',
        'h:/my file.log',
        "ls: cannot access '/x': No such file",
        'a"b\\c',
      ],
    );
    expect(table.boardreader_logfiles).toEqual([
      ...['h:/first.log', 'h:/my file.log', "ls: cannot access '/x': No such file", 'a"b\\c'],
    ]);
  });

  it('of two sections of a kind are two lists', () => {
    const { entries } = metadata('dispatcher logfiles: ', 'a', '', 'dispatcher logfiles: ', 'b');
    expect(entries).toEqual([
      ['dispatcher_logfiles', ['a']],
      ['dispatcher_logfiles', ['b']],
    ]);
  });
});

describe('metadata.txt: components', () => {
  it('are written at the end of the file too', () => {
    expect(metadata('Component #0: a', 'Component #1: b').table).toEqual({ components: ['a', 'b'] });
  });

  it('of several blocks are one list, at the end of the first', () => {
    const { text } = metadata('Component #0: a', 'x: 1', 'Component #1: b', '', 'y: 2', 'Component #2: c');
    expect(text).toBe('components: ["a", "b", "c"]\nx: 1\ny: 2\n');
  });

  it('keep quotes and backslashes, and the order of the file', () => {
    const { table } = metadata('Component #7: a"b', 'Component #2: c\\', 'Component #x: d');
    expect(table).toEqual({ components: ['a"b', 'c\\'], Component__x: 'd' });
  });

  it('stay apart from another key of that name', () => {
    const { text } = metadata('components: x', 'Component #0: a');
    expect(text.match(/^components: .*$/gm)).toEqual(['components: ["a"]']);
    expect(text).toContain('components_2: "x"');
  });
});

describe('metadata.txt: keys', () => {
  it.each([
    ['DAQInterface start time (local)', 'daqinterface_start_time__local_'],
    ['artdaq@dev commit/version', 'artdaq_dev_commit_or_version'],
    ['a/b', 'a_b'],
    ['9lives', '_9lives'],
    ['é', '_'],
  ])('%s is valid FHiCL, with the original in a comment', (key, name) => {
    const { text, table, warned } = metadata(`${key}: x`);
    expect(table).toEqual({ [name]: 'x' });
    expect(text.startsWith(`# ${key.replace('é', '.')}\n`)).toBe(true);
    expect(warned).toContain(1);
  });

  it('that readers want once are there once', () => {
    const { text, entries } = metadata(
      ...['Config name: a', 'Config name: b', 'sbndaq commit/version: 1', 'sbndaq commit/version: 2'],
    );
    expect(entries).toEqual([
      ['config_name', 'a'],
      ['config_name_2', 'b'],
      ['sbndaq_commit_or_version', '1'],
      ['sbndaq_commit_or_version_2', '2'],
    ]);
    expect(text.match(/config_name:\s|sbndaq_commit_or_version:\s/g)).toHaveLength(2);
  });

  it('of all ages of DAQInterface are known', () => {
    const { text } = metadata(
      ...['DAQInterface commit: 1.0', 'artdaq-demo commit: 12ab', 'Start time: t', 'Total events: 12'],
    );
    expect(text).toBe(
      'DAQInterface_commit: 1.0\nartdaq_demo_commit: "12ab"\nStart_time: "t"\ntotal_events: 12\n',
    );
  });
});

describe('metadata.txt: provenance', () => {
  const written = 'sbndaq commit/version: 12ab 0 1 "fix" "Tue Jul 9 15:41:22 2019" "main"';
  const buildInfo = ' "09-Jul-2019 15:41:22 UTC" "v1_02_03"';
  const value = '12ab 0 1  fix   Tue Jul 9 15:41:22 2019   main   09-Jul-2019 15:41:22 UTC   v1_02_03 ';

  it.each([
    ['that ends in no line feed', `${written}${buildInfo}`],
    ['that ends in a line feed', `${written}\n${buildInfo}`],
    ['that ends in CR LF', `${written}\r\n${buildInfo}`],
    ['that ends in CR', `${written}\r${buildInfo}`],
    ['that ends in blanks and blank lines', `${written} \n\n \n${buildInfo}`],
    [
      'of several lines',
      'sbndaq commit/version: 12ab 0 1 "fix"\n"Tue Jul 9 15:41:22 2019" "main"\n'.concat(buildInfo),
    ],
  ])('copied from a file %s has the build info in its value', (_, text) => {
    const { table, warnings } = metadata('Config name: c', text, '', '', 'process management method: direct');
    expect(warnings).toEqual([]);
    expect(table).toEqual({
      config_name: 'c',
      sbndaq_commit_or_version: value,
      process_management_method: 'direct',
    });
  });

  it('keeps lines without a key, and the build info behind keys of others and remarks', () => {
    const { entries } = metadata(
      ...['a commit/version: v1', 'patched by hand', 'Ticket: 12', '# see above', ' "t" "v"', ''],
      ...['b commit/version: v2', ' "only time"', '', 'c commit/version: v3 "t" "v"', ''],
    );
    expect(entries).toEqual([
      ['a_commit_or_version', 'v1 patched by hand  t   v '],
      ['Ticket', '12'],
      ['b_commit_or_version', 'v2  only time '],
      ['c_commit_or_version', 'v3  t   v '],
    ]);
  });

  it('ends at the next key of DAQInterface', () => {
    const { table, warned } = metadata(
      ...['a commit/version: v1', '', 'process management method: direct', 'lost', 'b: 1'],
      ...['process manager logfiles: ', '"quoted" /p.log', '', 'DAQInterface start time: t'],
    );
    expect(table).toEqual({
      a_commit_or_version: 'v1',
      process_management_method: 'direct',
      b: '1',
      process_manager_logfiles: ['"quoted" /p.log'],
      daqinterface_start_time: 't',
    });
    expect(warned).toEqual([4]);
  });

  it('has blanks for quotes, and keeps backslashes', () => {
    const { table } = metadata('artdaq commit/version: 12ab 0 1 "fix \\d+" "main"');
    expect(table).toEqual({ artdaq_commit_or_version: '12ab 0 1  fix \\d+   main ' });
  });
});

describe('metadata.txt: characters outside ASCII', () => {
  it('come with the messages of commits, as in sbndaq of September 2022', () => {
    const { table, warnings } = metadata(
      'sbndaq commit/version: 85f3b691a52bf907b895523737943c2fad3fe05a 0 0 "tpc17 → tpc26 (TPC17 server broke and pro..."',
    );
    expect(table).toEqual({
      sbndaq_commit_or_version:
        '85f3b691a52bf907b895523737943c2fad3fe05a 0 0  tpc17 . tpc26 (TPC17 server broke and pro... ',
    });
    expect(warnings).toEqual([{ line: 1, message: expect.stringContaining('U+2192') }]);
  });
});

describe('metadata.txt: comment lines', () => {
  it('are kept where they are', () => {
    expect(metadata('a: 1', '  # it\'s "x"', 'b: 2').text).toBe('a: 1\n  # it\'s "x"\nb: 2\n');
  });

  it.each([
    ['#include "x"', '# include "x"'],
    ['# see #include <y>', '# see # include <y>'],
    ['# é', '# .'],
    ['\f# x', '# x'],
  ])('%j can stand in FHiCL, with a warning', (comment, written) => {
    const { text, table, warned } = metadata('a: 1', comment, 'b: 2');
    expect(text).toBe(`a: 1\n${written}\nb: 2\n`);
    expect(table).toEqual({ a: '1', b: '2' });
    expect(warned).toEqual([2]);
  });
});
