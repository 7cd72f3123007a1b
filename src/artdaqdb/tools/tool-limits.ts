import { ArtdaqDbError, ConfigurationError } from '../../errors.ts';
import { type FhiclFile, SCHEMA_FILE } from '../../fhicl/fhicl-file.ts';
import { parseFhicl } from '../../fhicl/parse.ts';
import { type Entry, type FhiclDocument, INCLUDE_KEY, type Value } from '../../fhicl/tree.ts';
import type { RunNumber } from '../../runs/run-number.ts';
import { faultOfContent } from '../submission.ts';

/** bulkloader replaces this anywhere, together with the text up to the next quote. */
const INCLUDE = /#include\s/g;
/** bulkdownloader replaces this. */
const INCLUDE_COLON = /#include\s*:/;

/** bulkdownloader hands paths to a shell without quotes; a shell does not change these. */
const SAFE_PATH = /^[A-Za-z0-9_./+,:@%=-]+$/;
/** The tools put the name into a shell command and into JSON without quotes. */
const ACTED_ON = /[\\"'`;&|<>()/\p{Cc}]/u;
/** A variable before a shell's comment: the shell would make a directory of its value, wherever that is. */
const ANOTHER_PATH = /^(?:(?! #).)* \$/;
/** In bytes. */
const LONGEST_FILE_NAME = 255;

/**
 * Refuses a document that bulkloader or bulkdownloader would refuse, or silently alter
 * (documentation/ARTDAQDB_TOOLS.md, "What the tools can't hold").
 * @throws ArtdaqDbError naming the file, and the line or the name in it
 * @throws FhiclError if it is not FHiCL at all
 */
export function refuseLosses(run: RunNumber, { name, text }: FhiclFile): void {
  const document = parseFhicl(text, name);
  const loss = includeLoss(text, document) ?? complexLoss(document) ?? repetitionLoss(document);
  if (loss === undefined) return;
  throw new ArtdaqDbError(
    `Run ${run}: bulkloader and bulkdownloader would not keep ${name} as it is: ${loss}. With artdaq_db.use_tools: false it can be stored`,
    { run, fault: faultOfContent({ name }) },
  );
}

function includeLoss(text: string, { prolog, main }: FhiclDocument): string | undefined {
  const fault = (position: number, what: string) => `line ${lineOf(text, position)} holds ${what}`;
  const own = text.indexOf(INCLUDE_KEY);
  if (own !== -1) return fault(own, `the name '${INCLUDE_KEY}', which they use themselves`);
  const positions = [...text.matchAll(INCLUDE)].map(({ index }) => index);
  const [first] = positions;
  const directives = [...prolog, ...main].filter(({ key }) => key.startsWith(INCLUDE_KEY));
  if (first !== undefined && positions.length > directives.length) {
    const suspect = positions.find((position) => !beginsLine(text, position)) ?? first;
    return fault(suspect, "'#include ' inside a text or comment, which they replace");
  }
  const colon = INCLUDE_COLON.exec(text);
  return colon === null ? undefined : fault(colon.index, "'#include' and a colon, which they replace");
}

function beginsLine(text: string, position: number): boolean {
  return text.slice(text.lastIndexOf('\n', position - 1) + 1, position).trim() === '';
}

function lineOf(text: string, position: number): number {
  return text.slice(0, position).split('\n').length;
}

function complexLoss({ prolog, main }: FhiclDocument): string | undefined {
  return complexLossAmong([...prolog, ...main], '');
}

/** @param prefix the names that lead to the entries */
function complexLossAmong(entries: readonly Entry[], prefix: string): string | undefined {
  for (const { key, value } of entries) {
    const loss = complexLossIn(value, prefix + key, false);
    if (loss !== undefined) return loss;
  }
  return undefined;
}

function complexLossIn(value: Value, path: string, isElement: boolean): string | undefined {
  if (value.type === 'table') return complexLossAmong(value.entries, `${path}.`);
  if (value.type === 'sequence') {
    for (const [place, element] of value.elements.entries()) {
      const loss = complexLossIn(element, `${path}[${place}]`, true);
      if (loss !== undefined) return loss;
    }
  }
  if (value.type !== 'complex') return undefined;
  if (isElement) return `they make a text of the complex number in '${path}'`;
  return /\s/.test(value.text) ? `they cut the complex number '${path}' off at its blank` : undefined;
}

/** The tools keep repeated names, but export all of them with the comments and the type of the first. */
function repetitionLoss({ prolog, main }: FhiclDocument): string | undefined {
  const outside = new Set(main.map(({ key }) => key));
  const hidden = prolog.find(({ key }) => outside.has(key));
  if (hidden !== undefined) return `'${hidden.key}' of its prolog is lost, as it stands outside of it too`;
  for (const entries of [prolog, main]) {
    const first = new Map<string, string>();
    for (const entry of entries) {
      const metadata = metadataOf(entry);
      if ((first.get(entry.key) ?? metadata) !== metadata) {
        return `'${entry.key}' stands there more than once, with different comments or types`;
      }
      first.set(entry.key, metadata);
    }
  }
  return undefined;
}

function metadataOf(entry: Entry): string {
  return JSON.stringify(entry, (name, value) => (name === 'text' ? undefined : value));
}

/**
 * Refuses a configuration name that the tools would take for an option, for part of a command, or for a directory outside their
 * own.
 * @throws ArtdaqDbError
 */
export function refuseConfig(run: RunNumber, config: string): void {
  const reason = configFault(config);
  if (reason === undefined) return;
  throw new ArtdaqDbError(
    `Run ${run}: bulkloader and bulkdownloader can't handle the configuration name '${config}', ${reason}. ` +
      'With artdaq_db.use_tools: false it can be stored and exported',
    { run, fault: 'run' },
  );
}

function configFault(config: string): string | undefined {
  if (config.startsWith('-')) return 'which they take for an option';
  if (/^\.{0,2}[0-9]*$/.test(config) && config.includes('.')) {
    return 'as they make a directory of what stands before its final digits';
  }
  if (exportFolder(config) === SCHEMA_FILE) return `as they write a file ${SCHEMA_FILE} in that place`;
  const character = ACTED_ON.exec(config)?.[0];
  if (character !== undefined)
    return `as they act on the character ${JSON.stringify(character).slice(1, -1)}`;
  if (ANOTHER_PATH.test(config)) return 'as they act on the character $ after a blank';
  return lengthFault(exportFolder(config));
}

/**
 * Refuses a document whose entity the tools would store under another name, or not at all.
 * @throws ArtdaqDbError
 */
export function refuseEntity(run: RunNumber, entity: string): void {
  const reason = entityFault(entity);
  if (reason === undefined) return;
  throw new ArtdaqDbError(
    `Run ${run}: bulkloader and bulkdownloader can't handle the file name '${entity}.fcl', ${reason}. ` +
      'Rename the file, or set artdaq_db.use_tools to false',
    { run, fault: 'run' },
  );
}

function entityFault(entity: string): string | undefined {
  const file = `${entity}.fcl`;
  if (file !== SCHEMA_FILE && file.includes(SCHEMA_FILE))
    return `which they take for the schema (${SCHEMA_FILE})`;
  const character = /["\\]/.exec(entity)?.[0];
  if (character !== undefined) return `as they act on the character ${character}`;
  return lengthFault(file);
}

function lengthFault(fileName: string): string | undefined {
  if (Buffer.byteLength(fileName) <= LONGEST_FILE_NAME) return undefined;
  return `as a file or directory of that name would have more than ${LONGEST_FILE_NAME} bytes`;
}

/**
 * Refuses a work directory that the tools could not use: bulkloader looks for `.fcl` and `schema.fcl` in whole paths.
 * @throws ConfigurationError
 */
export function refuseDirectory(directory: string): void {
  if (SAFE_PATH.test(directory) && !directory.includes('.fcl')) return;
  throw new ConfigurationError(
    `app.work_dir: bulkloader and bulkdownloader can't work in ${directory}; with artdaq_db.use_tools the path may only hold ` +
      "letters, digits and _ . / + , : @ % = -, and no '.fcl'",
  );
}

/** Does a shell leave the name unchanged? If not, bulkdownloader makes more directories, also where it was started. */
export function isPlain(config: string): boolean {
  return SAFE_PATH.test(config);
}

/** Where bulkdownloader puts a run's files, besides `schema.fcl`: the configuration name without its final digits. */
export function exportFolder(config: string): string {
  return config.replace(/[0-9]+$/, '');
}
