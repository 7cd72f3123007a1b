import { type Conversion, ConvertedText } from './converted-text.ts';
import { commentText, parseDocument, parseValue, printable } from './fhicl-text.ts';
import { type Setting, settingsIn } from './setting-lines.ts';
import { isComment, readSource, trimmed } from './source-text.ts';

/**
 * `boot.txt` -> `boot.fcl`: the general keys, then subsystems and processes. A boot file that is FHiCL itself, as
 * values on several lines show, stays as it is.
 */
export function convertBoot(bytes: Buffer): Conversion {
  const source = readSource(bytes);
  const lines = source.lines.filter((line) => !isComment(line));
  const settings = settingsIn(lines, /^[[{]/);
  if (settings.some(({ further }) => further.length > 0)) {
    const text = printable(
      source.lines
        .map((line) => line.text)
        .join('\n')
        .replace(/\n?$/, '\n'),
    );
    if (parseDocument(text) !== undefined) {
      const whole = new ConvertedText(source);
      whole.add(text);
      return whole.conversion('');
    }
  }
  const out = new ConvertedText(source, lines);
  const blocks = new BootBlocks();
  for (const setting of settings) take(setting, blocks, out);
  blocks.end();
  blocks.write(out);
  return out.conversion();
}

function take({ line, field, further }: Setting, blocks: BootBlocks, out: ConvertedText): void {
  if (field !== undefined) {
    if (further.length === 0 && blocks.take(field.key, field.value, line.number)) return;
    const key = field.key.replace(/[\s\x85]+/g, '_');
    const parts = [field.value, ...further.map(({ text }) => text)];
    out.addEntry(field.key, key, settingText(out, parts, line.number), line.number);
  } else if (trimmed(line.text) === '') {
    blocks.end();
  } else {
    out.warnLeftOut(line);
  }
}

/** A value on several lines is FHiCL, or else one text. */
function settingText(out: ConvertedText, parts: readonly string[], line: number): string {
  if (parts.length === 1) return out.value(parts.join(' '), line);
  const text = printable(parts.join('\n'));
  return parseValue(text) === undefined ? out.quoted(text, line) : text;
}

/** The fields of one process or subsystem: name -> values. Only fields that accumulate have more than one. */
type Block = Map<string, { values: string[]; line: number }>;

const PROCESS_KEY =
  /^(BoardReader|EventBuilder|DataLogger|Dispatcher|RoutingManager|RoutingMaster|Aggregator)_(host|port|label|subsystem|allowed_processors|target|prepend)$/;
const PROCESS_FIELDS = [
  'name',
  'label',
  'host',
  'port',
  'subsystem',
  'allowed_processors',
  'target',
  'prepend',
];
/** A key with another word behind it. */
const WITH_SUFFIX = /^(.*[^\s\x85])[\s\x85]+([^\s\x85]+)$/s;
const SUBSYSTEM_KEY = /^Subsystem_(id|source|destination|fragmentMode)$/;
const SUBSYSTEM_FIELDS = ['id', 'source', 'destination', 'fragmentMode'];
/** Holds the word behind a key, as in `EventBuilder_host eb01`. It serves as label or id where there is none. */
const SUFFIX = ' ';
/** What the reference writes for a process with a label but no host. */
const NO_HOST = 'not set';

/** Gathers blocks of one kind. A repeated field begins the next block, as a blank line does. */
class Blocks {
  readonly #done: Block[] = [];
  #open: Block = new Map();

  put(field: string, value: string, line: number, accumulates = false): void {
    const known = this.#open.get(field);
    if (known !== undefined && accumulates) {
      known.values.push(value);
      return;
    }
    if (known !== undefined) this.end();
    this.#open.set(field, { values: [value], line });
  }

  current(field: string): string | undefined {
    return this.#open.get(field)?.values[0];
  }

  /** Adds a field to the open block, unless the block has it or there is no value. */
  note(field: string, value: string | undefined, line: number): void {
    if (value !== undefined && !this.#open.has(field)) this.#open.set(field, { values: [value], line });
  }

  /** Does a key with that suffix belong to another block than the open one? */
  isOther(suffix: string | undefined): boolean {
    const current = this.current(SUFFIX);
    return suffix !== undefined && current !== undefined && suffix !== current;
  }

  end(): void {
    if (this.#open.size > 0) this.#done.push(this.#open);
    this.#open = new Map();
  }

  get all(): readonly Block[] {
    return this.#done;
  }
}

/** The processes and subsystems of a boot.txt. */
class BootBlocks {
  readonly #processes = new Blocks();
  readonly #subsystems = new Blocks();

  /** @returns false if the key isn't one of a process or subsystem */
  take(key: string, value: string, line: number): boolean {
    if (this.#takeField(underscored(key), undefined, value, line)) return true;
    const [, field, suffix] = WITH_SUFFIX.exec(key) ?? [];
    return field !== undefined && this.#takeField(underscored(field), suffix, value, line);
  }

  #takeField(key: string, suffix: string | undefined, value: string, line: number): boolean {
    const [, subsystemField] = SUBSYSTEM_KEY.exec(key) ?? [];
    if (subsystemField !== undefined) {
      const subsystems = this.#subsystems;
      if (subsystems.isOther(suffix)) subsystems.end();
      subsystems.put(subsystemField, value, line, subsystemField === 'source');
      subsystems.note(SUFFIX, suffix, line);
      return true;
    }
    const [, name, field] = PROCESS_KEY.exec(key) ?? [];
    if (name === undefined || field === undefined) return false;
    const processes = this.#processes;
    const isNext = processes.current('name') !== name || processes.current(field) !== undefined;
    if (isNext || processes.isOther(suffix)) processes.end();
    processes.note('name', name, line);
    processes.note(SUFFIX, suffix, line);
    processes.put(field, value, line);
    return true;
  }

  /** A blank line, or the end of the file. */
  end(): void {
    this.#processes.end();
    this.#subsystems.end();
  }

  write(out: ConvertedText): void {
    if (this.#subsystems.all.length > 0) {
      out.add('');
      const tables = this.#subsystems.all.map((block) =>
        table(out, SUBSYSTEM_FIELDS, withSuffix(out, block, 'id')),
      );
      out.addEntry('subsystem_settings', 'subsystem_settings', sequence(tables), undefined);
    }
    out.add('');
    const tables = this.#processes.all.map((block) =>
      table(out, PROCESS_FIELDS, withHost(withSuffix(out, block, 'label'))),
    );
    out.addEntry('artdaq_process_settings', 'artdaq_process_settings', sequence(tables), undefined);
  }
}

function underscored(key: string): string {
  return key.replace(/[\s\x85]+/g, '_');
}

/** A block without a name gets the word behind its keys as name. */
function withSuffix(out: ConvertedText, block: Block, field: 'label' | 'id'): Block {
  const suffix = block.get(SUFFIX);
  if (suffix === undefined) return block;
  const [text] = suffix.values;
  const [name] = block.get(field)?.values ?? [];
  if (name === undefined) return new Map([...block, [field, suffix]]);
  if (name !== text)
    out.warn(suffix.line, `'${text}' behind the key is left out, as the ${field} is '${name}'`);
  return block;
}

function withHost(process: Block): Block {
  const label = process.get('label');
  if (label === undefined || process.has('host')) return process;
  return new Map([...process, ['host', { values: [NO_HOST], line: label.line }]]);
}

function sequence(tables: readonly string[]): string {
  return tables.length === 0 ? '[\n]' : `[\n${tables.join(',\n')}\n]`;
}

function table(out: ConvertedText, fields: readonly string[], block: Block): string {
  const entries = fields.flatMap((field) => {
    const found = block.get(field);
    return found === undefined ? [] : [`${field}: ${fieldText(out, field, found.values, found.line)}`];
  });
  return `{\n${entries.join('\n')}\n}`;
}

function fieldText(out: ConvertedText, field: string, values: readonly string[], line: number): string {
  const [value = '', ...others] = values;
  if (others.length > 0) return out.list(values, line);
  return (field === 'port' ? portNumber(out, printable(value), line) : undefined) ?? out.text(value, line);
}

/** A number without quotes, with the remark behind it; undefined if it is not a number. */
function portNumber(out: ConvertedText, content: string, line: number): string | undefined {
  const port = parseValue(content);
  if (port?.type !== 'number') return undefined;
  const remark = content.slice(port.text.length);
  if (remark !== '') out.warn(line, `the remark is kept as a comment: ${trimmed(remark)}`);
  return port.text + commentText(remark);
}
