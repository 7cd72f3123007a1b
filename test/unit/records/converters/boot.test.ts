import { describe, expect, it } from 'vitest';
import { convert } from './convert.ts';

const boot = (...lines: string[]) => convert('boot', lines.map((line) => `${line}\n`).join(''));
const processes = (...lines: string[]) => boot(...lines).table.artdaq_process_settings;
const subsystems = (...lines: string[]) => boot(...lines).table.subsystem_settings;

describe('boot.txt: processes', () => {
  it('without a label stay, and leave nothing to the next one', () => {
    expect(
      processes(
        'EventBuilder host: a',
        'EventBuilder port: 1',
        '',
        'EventBuilder host: b',
        'EventBuilder label: L',
      ),
    ).toEqual([
      { name: 'EventBuilder', host: 'a', port: '1' },
      { name: 'EventBuilder', label: 'L', host: 'b' },
    ]);
  });

  it('with one label are all kept', () => {
    const lines = [
      'Dispatcher host: a',
      'Dispatcher label: L',
      '',
      'Dispatcher host: b',
      'Dispatcher label: L',
    ];
    expect(processes(...lines)).toMatchObject([{ host: 'a' }, { host: 'b' }]);
  });

  it('with only a comment between them are told apart', () => {
    expect(
      processes(
        'EventBuilder host: a',
        'EventBuilder label: A',
        '#',
        'EventBuilder host: b',
        'EventBuilder label: B',
      ),
    ).toMatchObject([
      { host: 'a', label: 'A' },
      { host: 'b', label: 'B' },
    ]);
    expect(processes('EventBuilder host: a', '#', 'DataLogger host: b')).toMatchObject([
      { name: 'EventBuilder', host: 'a' },
      { name: 'DataLogger', host: 'b' },
    ]);
  });

  it.each(['RoutingMaster', 'Aggregator', 'RoutingManager', 'DataLogger', 'BoardReader'])(
    'can be a %s',
    (name) => {
      expect(processes(`${name} host: h`, `${name} label: L`)).toEqual([{ name, label: 'L', host: 'h' }]);
    },
  );

  it('keep their further settings', () => {
    const table = boot(
      ...['EventBuilder host: h', 'EventBuilder label: L', 'EventBuilder allowed_processors: 0-15'],
      ...['EventBuilder prepend: "numactl -N 1"', 'EventBuilder target: x\\y'],
    ).table;
    const further = { allowed_processors: '0-15', target: 'x\\y', prepend: 'numactl -N 1' };
    expect(table).toEqual({
      artdaq_process_settings: [{ name: 'EventBuilder', label: 'L', host: 'h', ...further }],
    });
  });

  it('keep quotes, and a port that is a word is a text', () => {
    const { text, table } = boot(
      'EventBuilder host: a"b',
      'EventBuilder label: "L"',
      'EventBuilder port: none',
    );
    expect(table.artdaq_process_settings).toEqual([
      { name: 'EventBuilder', label: 'L', host: 'a"b', port: 'none' },
    ]);
    expect(text).toContain('port: "none"');
  });

  it('keep a remark behind the port as a comment, with a warning', () => {
    const { text, table, warnings } = boot(
      'EventBuilder host: h',
      'EventBuilder port: 5 # für #include "x"',
      'EventBuilder label: L',
    );
    expect(table.artdaq_process_settings).toEqual([
      { name: 'EventBuilder', label: 'L', host: 'h', port: '5' },
    ]);
    expect(text).toContain('port: 5 # f.r # include "x"\n');
    expect(warnings).toEqual([
      { line: 2, message: expect.stringContaining('U+00FC') },
      { line: 2, message: 'the remark is kept as a comment: # f.r #include "x"' },
    ]);
  });

  it.each([
    'my_EventBuilder_port_offset',
    'EventBuilder_port_offset',
    'EventBuilder_ports',
    'EventBuilder_port_of_the_first',
  ])('are told from settings that look like theirs, as %s', (key) => {
    expect(boot(`${key}: 5`, `${key.replaceAll('_', ' ')} too: 6`).table).toEqual({
      [key]: '5',
      [`${key}_too`]: '6',
      artdaq_process_settings: [],
    });
  });

  it('can have their name behind each key, as in the guides of the reference', () => {
    const { table, warnings } = boot(
      ...[
        'BoardReader_host tpc01: localhost',
        'BoardReader_port tpc01: 5200',
        'BoardReader_label tpc01: tpc01',
      ],
      ...[
        'BoardReader_subsystem tpc01: tpc',
        '',
        'EventBuilder host eb01: h',
        'EventBuilder  port \t eb01: 5250',
      ],
      ...[
        'EventBuilder_label eb01: eb01',
        'Subsystem_id 1: 1',
        'Subsystem source 1: TPC',
        'Subsystem_source 1: PMT',
      ],
    );
    expect(table).toEqual({
      subsystem_settings: [{ id: '1', source: ['TPC', 'PMT'] }],
      artdaq_process_settings: [
        { name: 'BoardReader', label: 'tpc01', host: 'localhost', port: '5200', subsystem: 'tpc' },
        { name: 'EventBuilder', label: 'eb01', host: 'h', port: '5250' },
      ],
    });
    expect(warnings).toEqual([]);
  });

  it('have the name behind their keys if they have no other, and end where it changes', () => {
    const { table, warnings } = boot(
      ...[
        'EventBuilder_host eb01: h',
        'EventBuilder_port eb02: 5',
        'EventBuilder_allowed_processors eb02: 1',
      ],
      ...[
        'Dispatcher_host eb02: d',
        'Dispatcher label: D',
        '',
        'Subsystem_source tpc: 1',
        'Subsystem_source pmt: 2',
      ],
    );
    expect(table).toEqual({
      subsystem_settings: [
        { id: 'tpc', source: '1' },
        { id: 'pmt', source: '2' },
      ],
      artdaq_process_settings: [
        { name: 'EventBuilder', label: 'eb01', host: 'h' },
        { name: 'EventBuilder', label: 'eb02', host: 'not set', port: '5', allowed_processors: '1' },
        { name: 'Dispatcher', label: 'D', host: 'd' },
      ],
    });
    expect(warnings).toEqual([
      { line: 4, message: "'eb02' behind the key is left out, as the label is 'D'" },
    ]);
  });
});

describe('boot.txt: subsystems', () => {
  it('gather their sources', () => {
    expect(
      subsystems(
        'Subsystem id: 2',
        'Subsystem source: 1',
        'Subsystem source: 5',
        'Subsystem destination: 3',
        '',
      ),
    ).toEqual([{ id: '2', source: ['1', '5'], destination: '3' }]);
  });

  it('keep their fragment mode, and are all kept', () => {
    expect(
      subsystems(
        'Subsystem id: 1',
        'Subsystem fragmentMode: False',
        '',
        'Subsystem id: 1',
        'Subsystem source: 4',
      ),
    ).toEqual([
      { id: '1', fragmentMode: 'False' },
      { id: '1', source: '4' },
    ]);
  });
});

describe('boot.txt: other settings', () => {
  it('on several lines stay lists, or one text', () => {
    const { table } = boot('a: [', '  1, # one', '  2', ']', 'b: [ x-y,', 'z ]', 'c: [', 'd: 1');
    expect(table).toMatchObject({ a: ['1', '2'], b: '[ x-y,\nz ]', c: '[', d: '1' });
  });

  it('that are FHiCL already stay as they are', () => {
    const source =
      '# boot é\ndebug_level: 1\nartdaq_process_settings: [\n  { name: "EventBuilder" port: 5 } # x\n]\n';
    expect(boot(...source.trimEnd().split('\n')).text).toBe(source.replace('é', '.'));
  });

  it('keep what looks like a remark or a number', () => {
    expect(boot('debug level: 3 # x', 'rate: -5', 'mask: 0x1E', 'n: 1e5', 'on: True').text).toMatch(
      /^debug_level: "3 # x"\nrate: "-5"\nmask: "0x1E"\nn: "1e5"\non: "True"\n/,
    );
  });
});
