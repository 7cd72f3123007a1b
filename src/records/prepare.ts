import { isAscii } from 'node:buffer';
import { entityOf, type FhiclFile, SCHEMA_FILE } from '../fhicl/fhicl-file.ts';
import type { RunNumber } from '../runs/run-number.ts';
import { configName, DEFAULT_CONFIG, isConfigName } from './config-name.ts';
import type { Conversion } from './converters/converted-text.ts';
import {
  CONVERTERS,
  type ConvertedName,
  GENERATED_NAMES,
  type GenerateName,
} from './converters/converters.ts';
import { componentsIn, fieldOf } from './converters/metadata.ts';
import { type ConversionWarning, readSource, type SourceLine } from './converters/source-text.ts';
import { roleOf } from './file-role.ts';
import { abbreviate, type Fault, faultsError, lastingFault, shown } from './record-faults.ts';
import { runHistory, runHistory2 } from './run-history.ts';
import type { RecordFile, RunRecord } from './run-record-source.ts';

/** A run as it goes to artdaqDB. */
export interface PreparedRun {
  readonly run: RunNumber;
  /** The configuration name; the run's name in artdaqDB is `<run>/<config>`. */
  readonly config: string;
  /** To insert: components, converted texts, RunHistory, schema. */
  readonly documents: readonly FhiclFile[];
  /** To add in a second step: RunHistory2; empty if the run has no start or stop time. */
  readonly update: readonly FhiclFile[];
  /** What was changed or left out; each names the file and, if possible, the line. */
  readonly warnings: readonly string[];
}

/** What a run record is prepared with. */
export interface PrepareOptions {
  /** The converters and generators that are switched on (`fhiclize_generate`). */
  readonly generate: ReadonlySet<GenerateName>;
  /** `schema.fcl` of `fcl_conf_dir`. */
  readonly schema: FhiclFile;
}

/**
 * Turns a run record into the FHiCL documents that are archived (documentation/FILE_FORMATS.md, "Run record").
 * @throws RunRecordError naming all files that can't be archived: two documents with one name, FHiCL that is empty or
 *   not ASCII. Other faults of FHiCL show when it is stored.
 */
export function prepareRun(record: RunRecord, { generate, schema }: PrepareOptions): PreparedRun {
  const documents = new Documents(generate);
  for (const file of record.files) {
    const role = roleOf(file.path);
    if (role.kind === 'component') documents.addComponent(file);
    else if (role.kind === 'aside') documents.warnings.add(`${file.path}: not archived (${role.reason})`);
    else if (role.kind === 'refused') documents.refuse(file.path, role.reason);
    else if (generate.has(role.name)) documents.addConverted(role.name, file);
  }
  const metadata = record.files.find((file) => file.path === 'metadata.txt')?.bytes;
  for (const sign of signsOfIncompleteness(documents.components, metadata)) documents.warnings.add(sign);
  const { config, update } = documents.addHistory(record.run, metadata);
  if (documents.faults.length > 0) throw faultsError(record.run, record.directory, documents.faults);
  return {
    run: record.run,
    config,
    documents: [...documents.components, ...documents.made, schema],
    update,
    warnings: [...documents.warnings],
  };
}

/** The name of RunHistory2 in artdaqDB and in the blob. */
export const HISTORY2_FILE = 'RunHistory2.fcl';

/**
 * Makes RunHistory2 alone.
 * @param metadata the bytes of `metadata.txt`, if there is one
 * @returns undefined if that states no time
 */
export function history2File(
  metadata: Buffer | undefined,
): { readonly file: FhiclFile; readonly warnings: readonly string[] } | undefined {
  const times = metadata && runHistory2(metadata);
  if (times === undefined) return undefined;
  const warnings = times.warnings.map((warning) => warningText('metadata.txt', warning));
  return { file: { name: HISTORY2_FILE, text: times.text }, warnings };
}

/** Gathers the documents of one run, and what is wrong with them. */
class Documents {
  readonly components: FhiclFile[] = [];
  /** Converted and generated. */
  readonly made: FhiclFile[] = [];
  readonly faults: Fault[] = [];
  /** A set, because metadata.txt is converted more than once. */
  readonly warnings = new Set<string>();
  readonly #generate: ReadonlySet<GenerateName>;
  /** Entity in lower case -> where it comes from. Two files of a blob must differ by more than letter case. */
  readonly #taken = new Map<string, string>([[entityOf({ name: SCHEMA_FILE }), `artdaqDB's ${SCHEMA_FILE}`]]);

  constructor(generate: ReadonlySet<GenerateName>) {
    this.#generate = generate;
    for (const name of GENERATED_NAMES) {
      if (generate.has(name))
        this.#taken.set(name.toLowerCase(), `the ${name}.fcl that is made from metadata.txt`);
    }
  }

  addComponent({ path, bytes }: RecordFile): void {
    const name = path.slice(path.lastIndexOf('/') + 1);
    this.#claim(name, path);
    if (bytes.length === 0) {
      this.faults.push(lastingFault(path, 'is empty, which is no FHiCL document'));
    } else if (isAscii(bytes)) {
      this.components.push({ name, text: bytes.toString('latin1') });
    } else {
      this.refuse(...nonAscii(path, bytes));
    }
  }

  addConverted(name: ConvertedName, { path, bytes }: RecordFile): void {
    this.#claim(`${name}.fcl`, path);
    if (bytes.length === 0) this.warnings.add(`${path}: is empty, and is archived as it is`);
    this.made.push(this.#documentOf(`${name}.fcl`, path, CONVERTERS[name](bytes)));
  }

  /** Adds RunHistory; returns the configuration name and RunHistory2. metadata.txt is the source of all three. */
  addHistory(run: RunNumber, metadata: Buffer | undefined): Pick<PreparedRun, 'config' | 'update'> {
    if (metadata === undefined) {
      this.warnings.add(
        `metadata.txt: missing, so the configuration name is "${DEFAULT_CONFIG}" and there is no RunHistory`,
      );
      return { config: DEFAULT_CONFIG, update: [] };
    }
    if (this.#generate.has('RunHistory')) {
      this.made.push(this.#documentOf('RunHistory.fcl', 'metadata.txt', runHistory(run, metadata)));
    }
    const times = this.#generate.has('RunHistory2') ? runHistory2(metadata) : undefined;
    const { name, warnings } = configName(metadata);
    this.#warn('metadata.txt', warnings);
    return {
      config: name,
      update: times === undefined ? [] : [this.#documentOf(HISTORY2_FILE, 'metadata.txt', times)],
    };
  }

  refuse(path: string, problem: string): void {
    this.faults.push(lastingFault(path, problem));
  }

  /** artdaqDB refuses a text of 0 bytes; as the reference does, a line end is stored instead. */
  #documentOf(name: string, source: string, { text, warnings }: Conversion): FhiclFile {
    this.#warn(source, warnings);
    return { name, text: text === '' ? '\n' : text };
  }

  #warn(source: string, warnings: readonly ConversionWarning[]): void {
    for (const warning of warnings) this.warnings.add(warningText(source, warning));
  }

  #claim(name: string, path: string): void {
    const entity = entityOf({ name });
    const key = entity.toLowerCase();
    const other = this.#taken.get(key);
    if (other === undefined) this.#taken.set(key, path);
    else
      this.refuse(path, `would be stored under the same name as ${other} ("${entity}", in any letter case)`);
  }
}

function warningText(source: string, { line, message }: ConversionWarning): string {
  return line === undefined ? `${source}: ${message}` : `${source}:${line}: ${message}`;
}

function nonAscii(path: string, bytes: Buffer): [path: string, problem: string] {
  const at = bytes.findIndex((byte) => byte > 0x7f);
  const lineStart = bytes.lastIndexOf('\n', at) + 1;
  const line = bytes.subarray(0, lineStart).filter((byte) => byte === 0x0a).length + 1;
  const hex = (bytes[at] ?? 0).toString(16).toUpperCase();
  return [
    `${path}:${line}:${at - lineStart + 1}`,
    `byte 0x${hex} is not ASCII, which FHiCL can't hold even in a comment; correct the file`,
  ];
}

const TIME_KEY = /^(?:DAQInterface )?(?:start|stop) time$/i;

/**
 * Signs that a record was cut short or is still being copied. They prove nothing: DAQInterface continues with a partial
 * record when it can't write a whole one.
 * @param components the record's own FHiCL documents
 * @param metadata the bytes of `metadata.txt`, if there is one
 */
function signsOfIncompleteness(components: readonly FhiclFile[], metadata: Buffer | undefined): string[] {
  const none = '*.fcl: there is none, so no process of the run is documented';
  const signs = components.length === 0 ? [none] : [];
  if (metadata === undefined) return signs;
  const { lines } = readSource(metadata);
  const labels = [...new Set(componentsIn(lines))].filter((label) => label !== '');
  return [...signs, ...missingDocuments(components, labels), ...missingLines(lines, labels)];
}

function missingDocuments(components: readonly FhiclFile[], labels: readonly string[]): string[] {
  const entities = new Set(components.map(entityOf));
  const missing = labels.filter((label) => !entities.has(label));
  // Before 2018-04-27 documents were not named after labels: then all are missing.
  if (missing.length === 0 || missing.length === labels.length) return [];
  return [`metadata.txt: names components without a document: ${abbreviate(missing.map(shown))}`];
}

function missingLines(lines: readonly SourceLine[], labels: readonly string[]): string[] {
  const missing = [
    ...(lines.some(isConfigName) ? [] : [`"Config name" (so it is "${DEFAULT_CONFIG}")`]),
    ...(labels.length > 0 ? [] : ['components']),
  ];
  if (missing.length === 0) return [];
  const fields = lines.flatMap((line) => fieldOf(line) ?? []);
  const onlyTimes = fields.length > 0 && fields.every(({ key }) => TIME_KEY.test(key));
  const rest = onlyTimes ? ', only start and stop times' : '';
  return [`metadata.txt: has no ${missing.join(' and no ')}${rest}; was it written and copied to its end?`];
}
