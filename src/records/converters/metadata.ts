import { type Conversion, ConvertedText } from './converted-text.ts';
import { isComment, keyAndValue, readSource, type SourceLine, trimmed } from './source-text.ts';

const LOGFILES =
  /^(?:process manager|boardreader|eventbuilder|routingmanager|datalogger|dispatcher|routingmaster|aggregator) logfiles$/;
/** The reference knows no lists of these kinds: the value of a section without lines is the text after its colon. */
const TEXT_IF_NO_LINES = /^(?:routingmaster|aggregator) /;
/** Keys of DAQInterface: they end a section of log files even without a blank line. */
const KNOWN_KEY =
  /^(?:Config name|Component #\d+|DAQInterface (?:directory|logfile|start time.*|stop time.*)|Start time|Stop time|Total events|process management method|pmt logfile(?:\(s\))?|[\w.-]+ commit(?:\/version)?)$/;
/** The document has these keys in lower case, with all that follows in the key. */
const LOWER_CASE_KEY = /^(?:Config name|DAQInterface start time|DAQInterface stop time|Total events)/;
/** Keys that readers of the document want exactly once. */
const UNIQUE: ReadonlySet<string> = new Set(['config_name', 'components', 'sbndaq_commit_or_version']);

interface LogfileSection {
  readonly name: string;
  readonly line: number;
  /** The text after the colon of its header: empty, as a rule. */
  readonly headerText: string;
  readonly files: string[];
}

/** `metadata.txt` -> `metadata.fcl`. */
export function convertMetadata(bytes: Buffer): Conversion {
  const source = readSource(bytes);
  const out = new ConvertedText(source);
  const metadata = new Metadata(out, componentsIn(source.lines));
  for (const line of withWholeProvenance(source.lines)) metadata.take(line);
  metadata.endBlock();
  return out.conversion();
}

/**
 * Since 2019 DAQInterface copies `<package>_commit_info.txt` as it is and writes the build info behind it. If that file
 * ends in a line feed or has several lines, the value of `commit/version` continues below. This puts it on one line,
 * with all lines that have no key and all texts in quotes up to the next key of DAQInterface.
 */
function withWholeProvenance(lines: readonly SourceLine[]): SourceLine[] {
  const whole: { readonly number: number; readonly parts: string[] }[] = [];
  let provenance: string[] | undefined;
  for (const line of lines) {
    const { number } = line;
    const text = isComment(line) ? '' : trimmed(line.text);
    const field = keyAndValue(text);
    if (provenance !== undefined && text !== '' && (field === undefined || text.startsWith('"'))) {
      provenance.push(text);
    } else if (field !== undefined && isProvenance(field.key)) {
      provenance = [text];
      whole.push({ number, parts: provenance });
    } else {
      if (field !== undefined && isKnown(field.key)) provenance = undefined;
      whole.push({ number, parts: [line.text] });
    }
  }
  return whole.map(({ number, parts }) => ({ number, text: parts.join(' ') }));
}

function isProvenance(key: string): boolean {
  return key.includes('commit/version');
}

/** Is it a key that DAQInterface writes? */
function isKnown(key: string): boolean {
  return KNOWN_KEY.test(key) || LOGFILES.test(key);
}

class Metadata {
  readonly #out: ConvertedText;
  readonly #components: readonly string[];
  /** Line of the first component. The list is written once, with the components of all blocks. */
  #componentsFrom: number | undefined;
  #componentsWritten = false;
  #section: LogfileSection | undefined;
  readonly #written = new Set<string>();

  constructor(out: ConvertedText, components: readonly string[]) {
    this.#out = out;
    this.#components = components;
    if (components.length > 0) this.#written.add('components');
  }

  take(line: SourceLine): void {
    const text = trimmed(line.text);
    if (isComment(line)) {
      this.#out.addComment(line.text, line.number);
      return;
    }
    const field = keyAndValue(text);
    const known = field !== undefined && isKnown(field.key);
    if (this.#section !== undefined && text !== '' && !known) {
      this.#section.files.push(text);
    } else if (field !== undefined && isComponent(field)) {
      this.#endSection();
      this.#componentsFrom ??= line.number;
    } else {
      this.endBlock();
      if (field !== undefined) this.#takeField(field.key, field.value, line.number);
      else if (text !== '') this.#out.warnLeftOut(line);
    }
  }

  /** Writes what the lines so far have gathered. */
  endBlock(): void {
    this.#endSection();
    if (this.#componentsFrom === undefined || this.#componentsWritten) return;
    this.#componentsWritten = true;
    this.#out.addEntry(
      'components',
      'components',
      this.#out.list(this.#components, this.#componentsFrom),
      this.#componentsFrom,
    );
  }

  #takeField(key: string, value: string, line: number): void {
    const out = this.#out;
    if (LOGFILES.test(key)) {
      this.#section = { name: key, line, headerText: value, files: [] };
    } else if (LOWER_CASE_KEY.test(key)) {
      this.#add(key, key.toLowerCase().replaceAll(' ', '_'), out.value(value, line), line);
    } else if (isProvenance(key)) {
      const name = underscored(key).replaceAll('commit/version', 'commit_or_version');
      this.#add(key, name, out.quoted(value.replaceAll('"', ' '), line), line);
    } else if (key === 'pmt logfile' || key === 'pmt logfile(s)') {
      this.#add(key, 'pmt_logfiles_wildcard', out.value(value, line), line);
    } else {
      this.#add(key, underscored(key), out.value(value, line), line);
    }
  }

  #endSection(): void {
    if (this.#section === undefined) return;
    const { name, line, headerText, files } = this.#section;
    this.#section = undefined;
    if (files.length === 0 && TEXT_IF_NO_LINES.test(name)) {
      this.#add(name, underscored(name), this.#out.value(headerText, line), line);
      return;
    }
    this.#out.add('');
    const texts = headerText === '' ? files : [headerText, ...files];
    this.#add(name, underscored(name), this.#out.list(texts, line), line);
  }

  #add(original: string, key: string, value: string, line: number): void {
    this.#out.addEntry(original, key, value, line, UNIQUE.has(key) && this.#written.has(key));
    this.#written.add(key);
  }
}

function underscored(key: string): string {
  return key.replace(/[\s\x85-]+/g, '_');
}

const COMPONENT_KEY = /^Component #\d+$/;

interface Field {
  readonly key: string;
  readonly value: string;
}

/** The `key: value` of a line of `metadata.txt`; undefined for comments and other lines. */
export function fieldOf(line: SourceLine): Field | undefined {
  return isComment(line) ? undefined : keyAndValue(trimmed(line.text));
}

/** Is it a `Component #<n>` line? */
export function isComponent(field: Field): boolean {
  return COMPONENT_KEY.test(field.key);
}

/** The values of `Component #<n>` lines in the order of the file, whatever their numbers. */
export function componentsIn(lines: readonly SourceLine[]): string[] {
  return lines.flatMap((line) => {
    const field = fieldOf(line);
    return field !== undefined && isComponent(field) ? [field.value] : [];
  });
}
