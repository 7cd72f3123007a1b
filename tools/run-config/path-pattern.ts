import { ArchiverError } from '../../src/errors.ts';

/** A pattern that can't be one; the message says why. */
export class PatternError extends ArchiverError {}

const NAME = /^[\w*?#]+$/;
const INDEXES = /\[([^[\]]*)\]/g;
const INDEX = /^[\d*?]+$/;
/** Any number of names, each with its indexes. */
const ANY_NAMES = '**';

/**
 * A pattern for parameters, `FILE:name.name[0]`. In each part `*` stands for any characters and `?` for one; the name `**`
 * stands for any number of names. Whatever is in a matching table or sequence is selected too. Without `FILE:` all files
 * are, without names all that is in the file.
 */
export class PathPattern {
  readonly text: string;
  /** Matches the entities of the files: their names without `.fcl`. */
  readonly entities: RegExp;
  /** Does it say which files? */
  readonly hasFile: boolean;
  readonly #paths: RegExp;

  /** @throws PatternError */
  constructor(text: string) {
    this.text = text.trim();
    const colon = this.text.lastIndexOf(':');
    const file = this.text.slice(0, Math.max(0, colon)).trim();
    const names = this.text.slice(colon + 1).trim();
    if (this.text === '') throw new PatternError('it is empty; * stands for everything');
    if (colon === 0) throw new PatternError("no file stands before ':'; without ':' all files are meant");
    this.hasFile = colon > 0;
    this.entities = new RegExp(`^${this.hasFile ? entityPattern(file) : '.*'}$`);
    this.#paths = new RegExp(`^${pathPattern(names)}`);
  }

  /** Is the parameter at a path of a file, such as `daq.rates[0]`, selected? */
  selects(path: string): boolean {
    return this.#paths.test(path);
  }
}

function entityPattern(file: string): string {
  return wildcards(file.replace(/\.fcl$/, ''), '.');
}

function pathPattern(names: string): string {
  if (names === '') return '';
  const parts = names.split('.');
  const last = parts.at(-1);
  // What is in a matching table is selected anyway.
  if (last === ANY_NAMES) parts.pop();
  if (parts.length === 0) return '';
  const pattern = parts.map((part, index) => partPattern(part) + separator(part, index === parts.length - 1));
  return `${pattern.join('')}(?:$|[.[])`;
}

function separator(part: string, isLast: boolean): string {
  return isLast || part === ANY_NAMES ? '' : '\\.';
}

function partPattern(part: string): string {
  if (part === ANY_NAMES) return '(?:[^.]+\\.)*';
  const name = part.replace(/\[.*$/, '');
  if (part.includes(ANY_NAMES)) throw new PatternError(`'${part}': ** must stand alone between '.'`);
  if (name === '') throw new PatternError("a name is missing: names stand between single '.'");
  if (!NAME.test(name)) throw new PatternError(`'${name}' can't be a name: it has letters, digits and '_'`);
  return wildcards(name, '[^.[]') + indexPattern(part.slice(name.length), part);
}

function indexPattern(indexes: string, part: string): string {
  if (indexes === '') return '';
  const all = [...indexes.matchAll(INDEXES)];
  if (all.map(([whole]) => whole).join('') !== indexes) {
    throw new PatternError(`'${part}' is no name with indexes such as name[0] or name[*]`);
  }
  return all
    .map(([, index = '']) => {
      if (!INDEX.test(index)) throw new PatternError(`[${index}] is no index: write a number, or * for all`);
      return `\\[${wildcards(index, '\\d')}\\]`;
    })
    .join('');
}

/** @param one what `?` stands for */
function wildcards(text: string, one: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, (character) => {
    if (character === '*') return `${one}*`;
    return character === '?' ? one : `\\${character}`;
  });
}
