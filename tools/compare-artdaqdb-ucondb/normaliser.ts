import { ArchiverError, messageOf } from '../../src/errors.ts';
import type { FhiclFile } from '../../src/fhicl/fhicl-file.ts';
import { parseFhicl } from '../../src/fhicl/parse.ts';
import {
  type Entry,
  type FhiclDocument,
  INCLUDE_KEY,
  type Scalar,
  type Value,
} from '../../src/fhicl/tree.ts';
import { canonicalScalar, isReference } from '../canonical-scalar.ts';

/** A file in a form that shows only its meaning, or why there is no such form. */
export type Normalised = { readonly text: string } | { readonly problem: string };

/**
 * Normalises FHiCL files.
 * @param names of the files to normalise
 * @param files all files of the run from one place, because files may include others
 * @returns the result for each name
 */
export type Normaliser = (
  names: readonly string[],
  files: readonly FhiclFile[],
) => Promise<ReadonlyMap<string, Normalised>>;

/** Our own parser and canonical form; includes and references are compared as they are written. */
export const ownNormaliser: Normaliser = async (names, files) => {
  const chosen = files.filter(({ name }) => names.includes(name));
  return new Map(chosen.map((file) => [file.name, canonical(file)]));
};

function canonical({ name, text }: FhiclFile): Normalised {
  try {
    return { text: canonicalFhicl(text, name) };
  } catch (error) {
    if (!(error instanceof ArchiverError)) throw error;
    return { problem: messageOf(error) };
  }
}

const INDENT = '   ';

/**
 * Writes a FHiCL text in a form that depends on its data alone: no comments, one entry or element a line, one notation
 * for numbers and one for strings, names sorted. References (`@local::` and the like) stay as they are. The order stays
 * where it can matter: with references, includes, a prolog, dotted or repeated names, or protections. The form is for
 * comparing, and not always FHiCL: no single notation has room for a string that ends in a backslash.
 * @param name of the file, for messages
 * @throws FhiclError if artdaqDB would refuse the text
 */
export function canonicalFhicl(text: string, name: string): string {
  const document = parseFhicl(text, name);
  const writer = new Writer(!dependsOnOrder(document));
  if (document.prolog.length > 0) {
    writer.line('BEGIN_PROLOG');
    writer.entries(document.prolog, '');
    writer.line('END_PROLOG');
  }
  writer.entries(document.main, '');
  return writer.text();
}

class Writer {
  readonly #isSorted: boolean;
  readonly #lines: string[] = [];

  constructor(isSorted: boolean) {
    this.#isSorted = isSorted;
  }

  text(): string {
    return this.#lines.join('');
  }

  line(text: string): void {
    this.#lines.push(`${text}\n`);
  }

  entries(entries: readonly Entry[], indent: string): void {
    const ordered = this.#isSorted ? [...entries].sort(byKey) : entries;
    for (const { key, protection, value } of ordered) {
      const name = protection === '' ? key : `${key} ${protection}`;
      if (isInclude(key) && isScalar(value)) this.line(`#include ${canonicalScalar(value)}`);
      else this.#value(`${indent}${name}: `, value, '', indent);
    }
  }

  /** @param end what follows the value on its last line */
  #value(start: string, value: Value, end: string, indent: string): void {
    if (value.type === 'table') {
      this.line(`${start}{`);
      this.entries(value.entries, indent + INDENT);
      this.line(`${indent}}${end}`);
    } else if (value.type === 'sequence') {
      this.line(`${start}[`);
      const inner = indent + INDENT;
      value.elements.forEach((element, index) => {
        this.#value(inner, element, index + 1 < value.elements.length ? ',' : '', inner);
      });
      this.line(`${indent}]${end}`);
    } else {
      this.line(`${start}${canonicalScalar(value)}${end}`);
    }
  }
}

/** By character code, whatever the locale. */
function byKey(one: Entry, other: Entry): number {
  if (one.key === other.key) return 0;
  return one.key < other.key ? -1 : 1;
}

function isInclude(key: string): boolean {
  return key.startsWith(INCLUDE_KEY);
}

function isScalar(value: Value): value is Scalar {
  return value.type !== 'table' && value.type !== 'sequence';
}

function dependsOnOrder({ prolog, main }: FhiclDocument): boolean {
  const names = new Set(main.map(({ key }) => key));
  return prolog.length > 0 || names.size < main.length || main.some(isOrderedEntry);
}

function isOrderedEntry({ key, protection, value }: Entry): boolean {
  return protection !== '' || key.includes('.') || isInclude(key) || hasReference(value);
}

function hasReference(value: Value): boolean {
  if (value.type === 'table') return value.entries.some(isOrderedEntry);
  if (value.type === 'sequence') return value.elements.some(hasReference);
  return value.type === 'tableid' || isReference(value);
}
