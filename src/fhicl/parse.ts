import { type ScannedComment, scanComments } from './comments.ts';
import { TableEntries, takeBinding, violationWithin } from './protection.ts';
import { scalarText, takeName, takeScalar } from './scalars.ts';
import { isIncludeAt, Scanner } from './scanner.ts';
import { type Entry, type FhiclDocument, INCLUDE_KEY, MAX_DEPTH, MAX_VALUES, type Value } from './tree.ts';

/** The library wants a directive wherever a line begins with `#include`, even inside a string. */
const MALFORMED_INCLUDE = /(?:^|[\r\n])#include(?!\s)/;
const NOT_ASCII = /[^\0-\x7f]/;

/**
 * Reads a FHiCL text as artdaqDB does (documentation/ARTDAQDB.md, "FHiCL as this library reads it").
 * @param name of the file, for messages
 * @throws FhiclError for every text that artdaqDB refuses, with line and column in `text`
 */
export function parseFhicl(text: string, name: string): FhiclDocument {
  const scanner = new Scanner(text, name);
  if (text === '') scanner.fail('the file is empty; artdaqDB stores blank files, but none of 0 bytes');
  const foreign = text.search(NOT_ASCII);
  if (foreign !== -1) scanner.fail('FHiCL can hold ASCII characters only, even in comments', foreign);
  const malformed = text.search(MALFORMED_INCLUDE);
  if (malformed !== -1) {
    scanner.fail('a blank must follow #include at the start of a line', text.indexOf('#', malformed));
  }
  const comments = scanComments(text);
  const parser = new Parser(scanner, comments);
  const sections = parser.sections();
  // A text or remark that only looks like an #include would be taken for one behind an exported value.
  const notes = comments.filter(
    ({ position }) => !isIncludeAt(text, position) || parser.includes.isEntry(position),
  );
  if (notes.length === comments.length) return { ...sections, comments };
  return { ...new Parser(new Scanner(text, name), notes).sections(), comments };
}

class Parser {
  readonly #scanner: Scanner;
  readonly #comments: ReadonlyMap<number, string>;
  readonly includes: Includes;
  #values = 0;

  /** @param comments to note beside the values */
  constructor(scanner: Scanner, comments: readonly ScannedComment[]) {
    this.#scanner = scanner;
    this.#comments = new Map(comments.map(({ line, text }) => [line, text]));
    this.includes = new Includes(scanner.text);
  }

  sections(): Pick<FhiclDocument, 'prolog' | 'main'> {
    const scanner = this.#scanner;
    const prolog: Entry[] = [];
    const main: Entry[] = [];
    for (this.#skipToEntry(); scanner.take('BEGIN_PROLOG'); this.#skipToEntry()) this.#prolog(prolog);
    for (; !scanner.atEnd; this.#skipToEntry()) main.push(this.#entry(true, 0));
    return { prolog, main };
  }

  #prolog(entries: Entry[]): void {
    const scanner = this.#scanner;
    const start = scanner.position;
    for (this.#skipToEntry(); !this.#endsProlog(); this.#skipToEntry()) {
      if (scanner.atEnd) scanner.fail('BEGIN_PROLOG without END_PROLOG', start);
      entries.push(this.#entry(true, 0));
    }
  }

  /** Goes past END_PROLOG, unless the name of an entry begins so. */
  #endsProlog(): boolean {
    const scanner = this.#scanner;
    const start = scanner.position;
    if (!scanner.text.startsWith('END_PROLOG', start)) return false;
    const bindsName = this.#bindsName();
    scanner.position = start;
    if (bindsName) return false;
    scanner.take('END_PROLOG');
    if (isIncludeAt(scanner.text, scanner.position)) {
      scanner.fail('a blank must separate END_PROLOG from #include');
    }
    return true;
  }

  /** Does a name with its colon stand here? Moves the position. */
  #bindsName(): boolean {
    const scanner = this.#scanner;
    do {
      scanner.skipToDirective();
      if (!takeName(scanner)) return false;
      scanner.skipToDirective();
    } while (scanner.take('.'));
    return takeBinding(scanner) !== undefined;
  }

  /** Goes to the next entry, be it an `#include`, or to the end of a block. */
  #skipToEntry(): void {
    const scanner = this.#scanner;
    for (scanner.skipToDirective(); isIncludeAt(scanner.text, scanner.position); scanner.skipToDirective()) {
      if (!this.includes.isComment(scanner.position)) return;
      scanner.skipLine();
    }
  }

  #entry(dotted: boolean, depth: number): Entry {
    return isIncludeAt(this.#scanner.text, this.#scanner.position)
      ? this.#include()
      : this.#binding(dotted, depth);
  }

  #include(): Entry {
    const scanner = this.#scanner;
    const name = this.includes.nameOf(scanner.position);
    if (name === undefined) return scanner.fail('#include needs a file name in quotes');
    const key = this.includes.add(scanner.position, name);
    scanner.joinLinesUpTo(name);
    scanner.position = name;
    return { key, protection: '', value: this.#value(key, 0) };
  }

  #binding(dotted: boolean, depth: number): Entry {
    const scanner = this.#scanner;
    const start = scanner.position;
    const key = this.#key(dotted);
    scanner.skip();
    const protection = takeBinding(scanner);
    if (protection === undefined) return failEntry(scanner, start, key);
    const entry: Entry = { key, protection, value: this.#value(key, depth) };
    const violation = violationWithin(entry);
    if (violation !== undefined) scanner.fail(violation, start);
    return entry;
  }

  #key(dotted: boolean): string {
    const scanner = this.#scanner;
    let key = this.#name();
    while (dotted) {
      const end = scanner.position;
      scanner.skip();
      if (!scanner.take('.')) {
        scanner.position = end;
        break;
      }
      scanner.skip();
      key += `.${this.#name()}`;
    }
    return key;
  }

  #name(): string {
    const scanner = this.#scanner;
    const start = scanner.position;
    if (!takeName(scanner)) failEntry(scanner, start);
    return scanner.text.slice(start, scanner.position);
  }

  /** @param key of the entry that the value is of, or an empty text for an element of a sequence */
  #value(key: string, depth: number): Value {
    const scanner = this.#scanner;
    scanner.skip();
    const start = scanner.position;
    if (++this.#values > MAX_VALUES) scanner.fail(`there are more than ${MAX_VALUES} values; split the file`);
    const line = scanner.currentLine();
    const silent = key.includes(`${INCLUDE_KEY}_`);
    const comment = silent ? '' : this.#commentAbove(line);
    if (scanner.take('{')) return { type: 'table', entries: this.#tableEntries(start, depth + 1), comment };
    const annotation = silent ? '' : (this.#comments.get(line) ?? '');
    if (scanner.take('['))
      return { type: 'sequence', elements: this.#elements(start, depth + 1), comment, annotation };
    const type = takeScalar(scanner);
    if (type === undefined) return failValue(scanner, key);
    return { type, text: scalarText(type, scanner.text.slice(start, scanner.position)), comment, annotation };
  }

  #commentAbove(line: number): string {
    const comment = this.#comments.get(line - 1);
    return comment === undefined || comment.startsWith('/') || comment.includes('#include ') ? '' : comment;
  }

  #elements(opening: number, depth: number): Value[] {
    const scanner = this.#scanner;
    this.#checkDepth(opening, depth);
    const elements: Value[] = [];
    scanner.skip();
    if (scanner.take(']')) return elements;
    scanner.take(',');
    for (;;) {
      elements.push(this.#value('', depth));
      scanner.skip();
      if (scanner.take(']')) return elements;
      if (scanner.atEnd) scanner.fail('the [ that opens here is never closed', opening);
      if (!scanner.take(',')) scanner.fail('a comma or ] must follow an element');
    }
  }

  #tableEntries(opening: number, depth: number): Entry[] {
    const scanner = this.#scanner;
    this.#checkDepth(opening, depth);
    const table = new TableEntries();
    for (this.#skipToEntry(); !scanner.take('}'); this.#skipToEntry()) {
      const start = scanner.position;
      if (scanner.atEnd) scanner.fail('the { that opens here is never closed', opening);
      const violation = table.put(this.#entry(false, depth));
      if (violation !== undefined) scanner.fail(violation, start);
    }
    return table.entries;
  }

  #checkDepth(opening: number, depth: number): void {
    if (depth > MAX_DEPTH) {
      this.#scanner.fail(`tables and sequences are nested more than ${MAX_DEPTH} deep`, opening);
    }
  }
}

/** The text from `#include` to the quote with which the name of the file begins, be it on one of the next lines. */
const UP_TO_NAME = /#include(?=\s)[^'"\r\n]*(?:[\r\n]\s*)?["']/y;

/**
 * The `#include` directives of a text that are entries: those that stand where an entry can, with a name in quotes. Any
 * other is the comment or text that it looks like, though artdaqDB would swallow all that follows it up to the next
 * quote.
 */
class Includes {
  readonly #text: string;
  readonly #lastQuote: number;
  readonly #entries = new Set<number>();
  #count = 0;
  /** Directives up to here are counted. */
  #counted = 0;

  constructor(text: string) {
    this.#text = text;
    this.#lastQuote = Math.max(text.lastIndexOf('"'), text.lastIndexOf("'"));
  }

  /** Where the quoted name of the directive at this position begins; undefined if it has none. */
  nameOf(position: number): number | undefined {
    UP_TO_NAME.lastIndex = position;
    return UP_TO_NAME.test(this.#text) ? UP_TO_NAME.lastIndex - 1 : undefined;
  }

  /** Where no quote follows in the whole text, artdaqDB refuses the directive. */
  isComment(position: number): boolean {
    return position < this.#lastQuote && this.nameOf(position) === undefined;
  }

  /**
   * Takes the directive at this position for an entry. Add all of them in ascending order.
   * @returns its key: artdaqDB numbers the directives, and counts what looks like one in texts and comments as well
   */
  add(position: number, name: number): string {
    this.#entries.add(position);
    this.#count += this.#text.slice(this.#counted, position).match(/#include\s[^'"]*/g)?.length ?? 0;
    this.#counted = name;
    return `${INCLUDE_KEY}_${this.#count++}`;
  }

  /** Is the directive at this position an entry? Ask when the whole text is read. */
  isEntry(position: number): boolean {
    return this.#entries.has(position);
  }
}

/** The text at the position, for a message: at most 20 characters of its line up to the first blank. */
function found(scanner: Scanner): string {
  if (scanner.atEnd) return 'the end of the text';
  const [word = ''] = /^\S*/.exec(scanner.text.slice(scanner.position, scanner.position + 20)) ?? [];
  return JSON.stringify(word);
}

/**
 * Refuses what stands where an entry should.
 * @param start of the entry
 * @param key that was read, if the fault is behind it
 * @throws FhiclError always
 */
function failEntry(scanner: Scanner, start: number, key?: string): never {
  const { text, position } = scanner;
  if (key === 'BEGIN_PROLOG') scanner.fail('prologs must come before all other entries', start);
  if (key !== undefined && text[position] === '[') {
    scanner.fail(`an element of a sequence (${key}[…]) can't be set alone; write the whole sequence`, start);
  }
  if (key !== undefined) scanner.fail(`a colon must follow the name ${key}, not ${found(scanner)}`, start);
  if (text.startsWith('@table::', position))
    scanner.fail('artdaqDB stores no @table::; write out what it stands for');
  if (text[position] === '!')
    scanner.fail('artdaqDB resolves what begins with !; write out what it stands for');
  const hint = /[\w"')]/.test(text.charAt(position - 1))
    ? '; a text that is more than a plain word needs quotes'
    : '';
  return scanner.fail(`a name was expected, not ${found(scanner)}${hint}`);
}

/** @throws FhiclError always: no value stands here. */
function failValue(scanner: Scanner, key: string): never {
  const whose = key === '' ? 'an element' : `the value of ${key}`;
  if (key === '' && scanner.text[scanner.position] === ']') scanner.fail('no comma can stand before ]');
  if (scanner.text[scanner.position] === '!') {
    scanner.fail(
      'artdaqDB resolves or erases what begins with !; write the value itself, or put quotes around it',
    );
  }
  const hint = scanner.atEnd ? '' : '; a text that is more than a plain word needs quotes';
  return scanner.fail(`${whose} was expected, not ${found(scanner)}${hint}`);
}
