import { isAscii } from 'node:buffer';
import type { StoredIdentity } from './document.ts';
import { identityIn } from './quick-identity.ts';
import { INCLUDE_KEY, type ScalarType } from './tree.ts';

/**
 * Reads a stored document as `readStored` does, in one pass over its bytes: two cursors go through data and metadata side by side,
 * and the FHiCL text is written on the way. It takes what nearly all documents are: ASCII in artdaqDB's own layout, with data and
 * metadata in the same order, and without includes, protected entries and complex numbers.
 * @returns undefined for any other document, be it unusual or malformed: `readStored` reads it, or says what is wrong
 */
export function readStoredQuickly(stored: Buffer): (StoredIdentity & { readonly fhicl: string }) | undefined {
  // NUL marks repeated names in a `JsonObject`.
  if (!isAscii(stored) || stored.includes(0)) return undefined;
  try {
    return new QuickExport(stored).read();
  } catch (error) {
    if (error === UNUSUAL) return undefined;
    throw error;
  }
}

const UNUSUAL = new Error('this document is left to the other reader');

function expect(holds: boolean): void {
  if (!holds) throw UNUSUAL;
}

const LF = 10;
const DOUBLE_QUOTE = 34;
const SINGLE_QUOTE = 39;
const ZERO = 48;
const NINE = 57;
const BACKSLASH = 92;

/** What stands for these characters behind a backslash; 0: what artdaqDB doesn't write. */
const UNESCAPED = new Uint8Array(128);
for (const [letter = '', text = ''] of ['""', '\\\\', '//', 'b\b', 'f\f', 'n\n', 'r\r', 't\t']) {
  UNESCAPED[letter.charCodeAt(0)] = text.charCodeAt(0);
}

/** A text of at least four bytes that documents have at fixed places. It is compared four bytes at a time. */
class Fixed {
  readonly length: number;
  readonly words: Int32Array;
  /** Its last four bytes, some of which may be in the last word too. */
  readonly end: number;

  constructor(text: string) {
    const bytes = Buffer.from(text, 'latin1');
    this.length = bytes.length;
    this.words = Int32Array.from({ length: (bytes.length - 1) >> 2 }, (_, i) => bytes.readInt32LE(4 * i));
    this.end = bytes.readInt32LE(bytes.length - 4);
  }
}

const section = (name: string) =>
  `"${name}" : {\n"type" : "table",\n"comment" : "#${name}",\n"children" : {\n`;
const DATA = new Fixed('{\n"document" : {\n"data" : {\n"prolog" : {\n');
const DATA_MAIN = new Fixed(',\n"main" : {\n');
/** From the end of the last entry of the data to the first one of the metadata. */
const METADATA = Buffer.from(`\n}\n},\n"metadata" : {\n${section('prolog')}`);
const METADATA_MAIN = new Fixed(`\n},\n${section('main')}`);
const COMMENTS = new Fixed('\n}\n},\n"search" : [\n\n]\n},\n"comments" : [\n{\n"linenum" : ');
const COMMENT_TEXT = new Fixed(',\n"value" : "');
const NEXT_COMMENT = new Fixed('\n},\n{\n"linenum" : ');
const LAST_COMMENT = new Fixed('\n}\n],\n');

const INCLUDE = new Fixed(INCLUDE_KEY);
const NAME_END = new Fixed('" : ');
const ANNOTATION = new Fixed(',\n"annotation" : "');
const CHILDREN = new Fixed(',\n"children" : {\n');
/** Behind the metadata of a value: that of another one follows, or its container ends. */
const [NEXT, LAST] = [new Fixed('\n},\n'), new Fixed('\n}\n}')];

/** A kind of value. */
interface Kind {
  /** Its metadata from the end of its name to the text of its comment. */
  readonly head: Fixed;
  /** The quote around an exported scalar; 0: none. */
  readonly quote: number;
}

const HEAD = '" : {\n"type" : "';
/** One byte tells the kinds from each other; others have the same there, but not all of the head. */
const TELLING = HEAD.length + 7;
const KINDS: (Kind | undefined)[] = Array.from({ length: 128 }, () => undefined);

function kind(type: ScalarType | 'table' | 'sequence', quote = 0): Kind {
  const head = `${HEAD}${type}",\n"comment" : "`;
  const made = { head: new Fixed(head), quote };
  KINDS[head.charCodeAt(TELLING)] = made;
  return made;
}

const TABLE = kind('table');
const SEQUENCE = kind('sequence');
kind('nil');
kind('bool');
kind('number');
kind('string_unquoted');
kind('string_singlequoted', SINGLE_QUOTE);
kind('string_doublequoted', DOUBLE_QUOTE);

/** Two characters in one number: how tables and sequences begin and end, and what separates values. */
const [OPEN_TABLE, CLOSE_TABLE] = [0x7b0a, 0x0a7d];
const [OPEN_SEQUENCE, CLOSE_SEQUENCE] = [0x5b0a, 0x0a5d];
const SEPARATOR = 0x2c0a;

/** Tables and sequences in each other; real documents have some ten levels. */
const MAX_LEVELS = 200;
/** Memory for the text of a document of usual size, used again for the next. */
const KEPT = Buffer.allocUnsafeSlow(1 << 20);

/** Both cursors stand at the same value: `#data` in the data, `#notes` in the metadata. */
class QuickExport {
  readonly #stored: Buffer;
  readonly #view: DataView;
  #data = 0;
  #notes = 0;
  #levels = 0;
  /** It has room enough: a text is shorter than what is stored of it. */
  readonly #text: Buffer;
  #length = 0;

  constructor(stored: Buffer) {
    this.#stored = stored;
    this.#view = new DataView(stored.buffer, stored.byteOffset, stored.length);
    this.#text = stored.length <= KEPT.length ? KEPT : Buffer.allocUnsafeSlow(stored.length);
  }

  read(): StoredIdentity & { readonly fhicl: string } {
    this.#content();
    const identity = identityIn(this.#afterComments());
    if (identity === undefined) throw UNUSUAL;
    return { ...identity, fhicl: this.#text.toString('latin1', 0, this.#length) };
  }

  #content(): void {
    const dataEnd = this.#stored.indexOf(METADATA);
    expect(dataEnd !== -1);
    this.#notes = dataEnd + METADATA.length;
    this.#data = this.#past(DATA, 0);
    const hasProlog = this.#stored[this.#data] !== LF;
    if (hasProlog) this.#write('BEGIN_PROLOG\n');
    this.#entries();
    if (hasProlog) this.#write('\nEND_PROLOG\n');
    this.#data = this.#past(DATA_MAIN, this.#data);
    this.#notes = this.#past(METADATA_MAIN, this.#notes);
    this.#entries();
    expect(this.#data === dataEnd + '\n}'.length);
  }

  /** Goes past the comments. @returns the text behind them */
  #afterComments(): string {
    let at = this.#past(COMMENTS, this.#notes);
    for (;;) {
      const line = at;
      while (isDigit(this.#stored[at])) at++;
      expect(at > line);
      at = this.#pastText(this.#past(COMMENT_TEXT, at));
      if (!this.#standsAt(NEXT_COMMENT, at)) break;
      at += NEXT_COMMENT.length;
    }
    return this.#stored.toString('latin1', this.#past(LAST_COMMENT, at));
  }

  #entries(): void {
    if (this.#enter()) {
      do this.#entry();
      while (this.#goesOn());
    }
    this.#leave(CLOSE_TABLE);
  }

  #entry(): void {
    const name = this.#data + 1;
    const nameEnd = this.#pastName();
    const kind = this.#pastHead();
    this.#notes = this.#copy(this.#notes);
    this.#write('\n');
    this.#writeName(name, nameEnd);
    this.#write(': ');
    if (kind === TABLE) this.#table();
    else if (kind === SEQUENCE) this.#sequence();
    else {
      this.#scalar(kind.quote);
      this.#write(' ');
      this.#notes = this.#copy(this.#past(ANNOTATION, this.#notes));
      this.#write('\n');
    }
  }

  #elements(): void {
    let index = 0;
    if (this.#enter()) {
      do this.#element(index++);
      while (this.#goesOn());
    }
    this.#leave(CLOSE_SEQUENCE);
  }

  #element(index: number): void {
    if (index > 0) this.#write(', ');
    this.#pastIndex(index);
    const kind = this.#pastHead();
    this.#notes = this.#pastText(this.#notes);
    if (kind === TABLE) this.#table();
    else if (kind === SEQUENCE) this.#sequence();
    else {
      this.#scalar(kind.quote);
      this.#notes = this.#pastText(this.#past(ANNOTATION, this.#notes));
    }
  }

  #table(): void {
    this.#notes = this.#past(CHILDREN, this.#notes);
    this.#data = this.#pastPair(OPEN_TABLE, this.#data);
    this.#write('{\n');
    this.#entries();
    this.#write('\n}');
  }

  #sequence(): void {
    const annotation = this.#past(ANNOTATION, this.#notes);
    this.#notes = this.#past(CHILDREN, this.#pastText(annotation));
    this.#data = this.#pastPair(OPEN_SEQUENCE, this.#data);
    this.#write('[');
    this.#elements();
    this.#write('] ');
    this.#copy(annotation);
    this.#write('\n');
  }

  /** @returns whether the container has anything in it */
  #enter(): boolean {
    expect(++this.#levels < MAX_LEVELS);
    if (this.#stored[this.#data] !== LF) return true;
    this.#notes = this.#pastPair(CLOSE_TABLE, this.#notes);
    return false;
  }

  /** Behind the metadata of a value: goes to the next value if there is one. */
  #goesOn(): boolean {
    const isLast = !this.#standsAt(NEXT, this.#notes);
    this.#notes = this.#past(isLast ? LAST : NEXT, this.#notes);
    if (!isLast) this.#data = this.#pastPair(SEPARATOR, this.#data);
    return !isLast;
  }

  #leave(end: number): void {
    this.#data = this.#pastPair(end, this.#data);
    this.#levels--;
  }

  #scalar(quote: number): void {
    expect(this.#stored[this.#data] === DOUBLE_QUOTE);
    if (quote !== 0) this.#text[this.#length++] = quote;
    this.#data = this.#copy(this.#data + 1);
    if (quote !== 0) this.#text[this.#length++] = quote;
  }

  /**
   * Goes past a name and its colon in the data, and past the same name in the metadata.
   * @returns where the name ends in the data
   */
  #pastName(): number {
    const stored = this.#stored;
    const start = this.#data + 1;
    const ahead = this.#notes - this.#data;
    expect(stored[this.#data] === DOUBLE_QUOTE && stored[this.#notes] === DOUBLE_QUOTE);
    // A JavaScript object has such names before all others.
    expect(!isDigit(stored[start]));
    let at = start;
    for (let code = stored[at]; code !== DOUBLE_QUOTE; code = stored[++at]) {
      expect(code === stored[at + ahead] && code !== BACKSLASH && code !== undefined);
    }
    expect(!this.#standsAt(INCLUDE, start));
    this.#data = this.#past(NAME_END, at);
    this.#notes = at + ahead;
    return at;
  }

  /** Goes past the name of an element's metadata, which is the element's number. */
  #pastIndex(index: number): void {
    const stored = this.#stored;
    expect(stored[this.#notes] === DOUBLE_QUOTE);
    const start = this.#notes + 1;
    let at = start;
    let number = 0;
    for (; isDigit(stored[at]); at++) number = number * 10 + (stored[at] ?? 0) - ZERO;
    const isPlain = index === 0 ? at === start + 1 : stored[start] !== ZERO;
    expect(isPlain && number === index);
    this.#notes = at;
  }

  /** Goes past the beginning of the metadata of a value, up to its comment. */
  #pastHead(): Kind {
    const kind = KINDS[this.#stored[this.#notes + TELLING] ?? 0];
    if (kind === undefined) throw UNUSUAL;
    this.#notes = this.#past(kind.head, this.#notes);
    return kind;
  }

  /** Writes the text of a string. @returns what follows its closing quote */
  #copy(start: number): number {
    const [stored, text] = [this.#stored, this.#text];
    let length = this.#length;
    let at = start;
    for (let code = stored[at] ?? 0; code !== DOUBLE_QUOTE; code = stored[++at] ?? 0) {
      if (code === BACKSLASH) code = UNESCAPED[stored[++at] ?? 0] ?? 0;
      expect(code !== 0);
      text[length++] = code;
    }
    this.#length = length;
    return at + 1;
  }

  /** @returns what follows the closing quote of a string */
  #pastText(start: number): number {
    const stored = this.#stored;
    let at = start;
    for (let code = stored[at] ?? 0; code !== DOUBLE_QUOTE; code = stored[++at] ?? 0) {
      if (code === BACKSLASH) at++;
      expect(code !== 0);
    }
    return at + 1;
  }

  #writeName(start: number, end: number): void {
    let length = this.#length;
    for (let at = start; at < end; at++) this.#text[length++] = this.#stored[at] ?? 0;
    this.#length = length;
  }

  /** Writes a short text. */
  #write(text: string): void {
    for (let at = 0; at < text.length; at++) this.#text[this.#length++] = text.charCodeAt(at);
  }

  #standsAt({ length, words, end }: Fixed, at: number): boolean {
    const view = this.#view;
    if (at + length > view.byteLength) return false;
    for (let i = 0; i < words.length; i++) if (view.getInt32(at + 4 * i, true) !== words[i]) return false;
    return view.getInt32(at + length - 4, true) === end;
  }

  /** @returns what follows a fixed text */
  #past(fixed: Fixed, at: number): number {
    expect(this.#standsAt(fixed, at));
    return at + fixed.length;
  }

  /** @returns what follows two characters */
  #pastPair(pair: number, at: number): number {
    expect(at + 2 <= this.#stored.length && this.#view.getUint16(at) === pair);
    return at + 2;
  }
}

function isDigit(code: number | undefined): boolean {
  return code !== undefined && code >= ZERO && code <= NINE;
}
