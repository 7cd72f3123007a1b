import { ArchiverError } from '../errors.ts';
import { parseFhicl } from '../fhicl/parse.ts';
import type { Entry, Value } from '../fhicl/tree.ts';
import { unpackBlob } from './unpack.ts';

/** The file, and the top-level keys that readers of the archive look for, each behind its name in the log. */
const FILE = 'metadata.fcl';
const PARAMETERS = [
  ['components', 'components'],
  ['configuration', 'config_name'],
  ['projectversion', 'sbndaq_commit_or_version'],
] as const;

/** What was found in a blob. */
export interface Validation {
  /** How many parameters are missing or doubtful; 1 for a blob that can't be read. */
  readonly errors: number;
  /** Each parameter with its value, or with what is wrong with it, in one line. */
  readonly summary: string;
}

/** Checks that a blob holds what its readers rely on. */
export function validateBlob(blob: Buffer): Validation {
  try {
    const metadata = unpackBlob(blob).files.find(({ name }) => name === FILE);
    const main = metadata && parseFhicl(metadata.text, FILE).main;
    const found = PARAMETERS.map(([name, key]) => ({ name, ...lookUp(key, main) }));
    return {
      errors: found.filter(({ isWrong }) => isWrong).length,
      summary: found.map(({ name, text }) => `${name}: ${text}`).join(', '),
    };
  } catch (error) {
    if (!(error instanceof ArchiverError)) throw error;
    return { errors: 1, summary: error.message };
  }
}

function lookUp(key: string, main: readonly Entry[] | undefined): { isWrong: boolean; text: string } {
  if (main === undefined) return { isWrong: true, text: `Error: file '${FILE}' not found` };
  const [entry, second] = main.filter((candidate) => candidate.key === key);
  if (entry === undefined) return { isWrong: true, text: `Error: no matches for parameter '${key}'` };
  if (second !== undefined) return { isWrong: true, text: `Error: multiple matches for parameter '${key}'` };
  return { isWrong: false, text: textOf(entry.value) };
}

function textOf(value: Value): string {
  if (value.type === 'table') return '{ … }';
  if (value.type === 'sequence') return `[${value.elements.map(textOf).join(', ')}]`;
  return value.text.trim();
}
