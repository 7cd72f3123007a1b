import { type Random, randomFrom } from './random.ts';
import type { Process, System } from './system.ts';

/**
 * The FHiCL document of a process.
 * @param payload roughly how many bytes of channel settings a board reader has
 */
export function componentFcl(process: Process, system: System, payload: number, seed: string): string {
  const random = randomFrom(seed, system.run, process.label);
  const daq = { daq: daqOf(process, system, payload, random) };
  const rank = { [BOOKKEEPING]: [`rank: ${process.rank}`] };
  const document = hasArt(process) ? { ...art(process, random), ...daq, ...rank } : { ...daq, ...rank };
  return fhiclDump(document, random.hex(8));
}

function hasArt({ type }: Process): boolean {
  return type === 'EventBuilder' || type === 'Dispatcher' || type === 'Aggregator';
}

function daqOf(process: Process, system: System, payload: number, random: Random): DumpTable {
  const metrics = metricsOf(process);
  if (process.type === 'BoardReader') {
    return { fragment_receiver: receiver(process, system, payload, random), metrics };
  }
  if (hasArt(process)) {
    const name = process.type === 'EventBuilder' ? 'event_builder' : process.type.toLowerCase();
    return { [name]: builder(process, system), metrics };
  }
  const ranks = ranksOf(system, 'EventBuilder');
  return {
    metrics,
    policy: { policy: 'NoOp', receiver_ranks: ranks },
    table_update_address: `227.129.${system.partition}.129`,
    table_update_interval_ms: 1000,
    use_routing_manager: true,
  };
}

function receiver(process: Process, system: System, payload: number, random: Random): DumpTable {
  return {
    ...readerSpecials(process, random),
    board_id: process.rank + 10,
    boards: boards(payload, random),
    circular_buffer_mode: false,
    data_buffer_depth_fragments: 10_000,
    fragment_ids: [random.int(1, 99_999)],
    generator: `${process.label.replace(/\d+$/, '').toUpperCase()}Readout`,
    max_fragment_size_bytes: 1_000_000,
    random_seed: random.int(1, 999_999_999),
    request_address: `227.128.${system.partition}.129`,
    request_mode: random.pick(['window', 'buffer', 'Window']),
    request_window_offset: 25_000_000,
    routing_table_config: { use_routing_manager: false },
    stale_request_timeout: 0xffffffffn,
    window_close_timeout_us: 1_500_000,
    [BOOKKEEPING]: transfers('destinations', ranksOf(system, 'EventBuilder'), 1_048_576, system),
  };
}

/** Texts of several lines, as trigger boards and cosmic-ray taggers have them. */
function readerSpecials({ label }: Process, random: Random): DumpTable {
  if (label.startsWith('ptb')) {
    const config = {
      ctb: { sockets: { receiver: { host: '10.226.35.150', port: 8992 } }, misc: { randomtrigger_1: false } },
    };
    return { board_config: JSON.stringify(config, null, 2) };
  }
  if (!label.startsWith('crt')) return {};
  const rows = Array.from(
    { length: 20 },
    (_, i) => `${random.int(0, 0xffff).toString(2).padStart(16, '0')} # ch ${i}`,
  );
  return { slow_control: rows.join('\n') };
}

/** Channel settings up to about `bytes` of text. */
function boards(bytes: number, random: Random): DumpTable[] {
  const perChannel = 25;
  const perBoard = 64;
  const channels = Math.max(0, Math.floor(bytes / perChannel));
  return Array.from({ length: Math.ceil(channels / perBoard) }, (_, i) => ({
    adc_ids: [BigInt(0x100 + 2 * i), BigInt(0x101 + 2 * i)],
    baseline: Array.from({ length: Math.min(perBoard, channels - i * perBoard) }, () =>
      random.int(2040, 2060),
    ),
    enable_compression: random.chance(0.5),
    gain: random.int(9000, 11_000) / 10_000,
    mask: `0x${random.hex(16).toUpperCase()}`,
    slot: i,
  }));
}

function builder(process: Process, system: System): DumpTable {
  const isBuilder = process.type === 'EventBuilder';
  const readers = ranksOf(system, 'BoardReader');
  const sources = isBuilder ? readers : ranksOf(system, 'EventBuilder');
  const down = isBuilder ? [...ranksOf(system, 'Dispatcher'), ...ranksOf(system, 'Aggregator')] : [];
  return {
    buffer_count: 30,
    print_event_store_stats: true,
    request_address: `227.128.${system.partition}.129`,
    send_requests: isBuilder,
    use_art: true,
    [BOOKKEEPING]: [
      'max_event_size_bytes: 335186326',
      `expected_fragments_per_event: ${isBuilder ? readers.length : 1}`,
      ...transfers('sources', sources, 2_097_152, system),
      ...(isBuilder ? transfers('destinations', down, 131_072_000, system) : []),
    ],
  };
}

function art({ label, type }: Process, random: Random): DumpTable {
  const prescales = [1, 5, 10, 25, 50].map((factor) => [
    `prescale${factor}`,
    { module_type: 'Prescaler', prescaleFactor: factor, prescaleOffset: 0 },
  ]);
  return {
    art: {
      outputs: {
        normalOutput: {
          SelectEvents: ['p2'],
          fastCloning: false,
          fileName: `/data/${label.toLowerCase()}_run%06r_%04#_%to.root`,
          fileProperties: { maxEvents: random.int(10, 50), maxSize: 8_000_000 },
          module_type: 'RootDAQOut',
        },
      },
      physics: { filters: Object.fromEntries(prescales), p1: [], p2: ['prescale1'], producers: {} },
      process_name: `DAQ${type}`,
      source: {
        fragment_type_map: [['1', '0', 'TYPE0']],
        module_type: 'ArtdaqInput',
        waiting_time: 2_500_000,
      },
    },
  };
}

function metricsOf({ label }: Process): DumpTable {
  return {
    brFile: {
      fileName: `/daq/log/metrics/${label}_metrics.log`,
      level_string: '0-5',
      metricPluginType: 'file',
    },
    graphite: { host: '10.226.36.34', metricPluginType: 'graphite', namespace: `exp.${label}.`, port: 2003 },
    send_process_metrics: true,
  };
}

function ranksOf(system: System, type: Process['type']): number[] {
  return system.processes.filter((process) => process.type === type).map((process) => process.rank);
}

/** A `sources` or `destinations` block as bookkeeping inserts it: the first entry holds the hosts of all processes. */
function transfers(
  block: 'sources' | 'destinations',
  ranks: number[],
  words: number,
  system: System,
): string[] {
  const side = block === 'sources' ? 'source' : 'destination';
  const hosts = system.processes.map(({ rank, host }) => `{rank: ${rank} host: "${host}"}`).join(', ');
  const lines = ranks.map((rank, i) => {
    const map = i === 0 ? `host_map: [${hosts}]` : '';
    const head = `${side[0]}${rank}: { transferPluginType: TCPSocket ${side}_rank: ${rank}`;
    return `${head} max_fragment_size_words: ${words} ${map} }`;
  });
  return ['', `${block}: { `, ...lines, ' } ', ''];
}

/** A FHiCL value to write: text is quoted, a bigint is written in hexadecimal. */
type DumpValue = string | number | bigint | boolean | readonly DumpValue[] | DumpTable;

/** The key of a table's lines that DAQInterface's bookkeeping inserts: written as they are, at its end. */
const BOOKKEEPING = Symbol('bookkeeping');

/** The entries of a table; written in order of key. */
interface DumpTable {
  readonly [key: string]: DumpValue;
  readonly [BOOKKEEPING]?: readonly string[];
}

/**
 * Writes a document as DAQInterface leaves it: the layout of `fhicl-dump` (keys sorted, three blanks a level, one
 * element of a sequence a line), with the bookkeeping lines unindented.
 * @param id eight hexadecimal digits for the comment at the head
 */
function fhiclDump(document: DumpTable, id: string): string {
  const head = [
    "# Produced from 'fhicl-dump' using:",
    `#   Input  : ./in.${id}.fcl`,
    '#   Policy : cet::filepath_maker',
    '#   Path   : "FHICL_FILE_PATH"',
    '',
  ];
  return `${[...head, ...entries(document, 0)].join('\n')}\n`;
}

function entries(table: DumpTable, level: number): string[] {
  const lines = Object.keys(table)
    .sort()
    .flatMap((key) => {
      const [first = '', ...rest] = linesOf(table[key] ?? '', level);
      return [`${indent(level)}${key}: ${first}`, ...rest];
    });
  return [...lines, ...(table[BOOKKEEPING] ?? [])];
}

/** The first line is without indentation, as it follows a key. */
function linesOf(value: DumpValue, level: number): string[] {
  if (typeof value === 'string') return [quoted(value)];
  if (typeof value === 'number') return [canonical(value)];
  if (typeof value === 'bigint') return [`0x${value.toString(16).toUpperCase()}`];
  if (typeof value === 'boolean') return [String(value)];
  if (isSequence(value)) {
    if (value.length === 0) return ['[]'];
    const elements = value.flatMap((element, i) => {
      const lines = linesOf(element, level + 1);
      if (i < value.length - 1) lines.push(`${lines.pop() ?? ''},`);
      return [`${indent(level + 1)}${lines[0] ?? ''}`, ...lines.slice(1)];
    });
    return ['[', ...elements, `${indent(level)}]`];
  }
  const inner = entries(value, level + 1);
  return inner.length === 0 ? ['{}'] : ['{', ...inner, `${indent(level)}}`];
}

function isSequence(value: readonly DumpValue[] | DumpTable): value is readonly DumpValue[] {
  return Array.isArray(value);
}

function indent(level: number): string {
  return '   '.repeat(level);
}

function quoted(text: string): string {
  const escaped = text.replace(/["\\]/g, '\\$&').replaceAll('\n', '\\n').replaceAll('\t', '\\t');
  return `"${escaped}"`;
}

/** fhicl-cpp writes integers of more than six digits as a mantissa without trailing zeros, and an exponent. */
function canonical(value: number): string {
  return Number.isInteger(value) && Math.abs(value) >= 1e6
    ? value.toExponential().replace('e+', 'e')
    : String(value);
}
