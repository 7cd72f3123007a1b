import { ObjectId } from 'mongodb';
import {
  BACKSLASH,
  CLOSE_SEQUENCE,
  CLOSE_TABLE,
  COLON,
  COMMA,
  DOUBLE_QUOTE,
  LF,
  OPEN_SEQUENCE,
  OPEN_TABLE,
  SPACE,
} from '../../fhicl/characters.ts';
import type { BsonMembers } from './bson.ts';
import { ARRAY, BOOLEAN, INT32, OBJECT, OBJECT_ID, STRING } from './bson-types.ts';

/**
 * A stored document as the driver takes it: a Map with one entry, in whose place the driver writes all members of the document. So
 * nobody makes objects of them, which takes four times as long.
 * @param stored the JSON that `toStoredBytes` makes
 */
export function bsonOfStored(stored: Buffer): BsonMembers {
  return new Map([['', new ReadyMembers(stored)]]);
}

/** Type and empty name of the entry, which the driver has written already. */
const ENTRY_HEAD = 2;

/** The driver lets its ids write themselves, and only them. */
class ReadyMembers extends ObjectId {
  readonly #stored: Buffer;

  constructor(stored: Buffer) {
    super();
    this.#stored = stored;
  }

  /** @returns how many bytes the driver has to go on */
  serializeInto(target: Uint8Array, at: number): number {
    const end = new BsonWriter(this.#stored, target, at - ENTRY_HEAD).members();
    // What is written beyond the end is lost without an error.
    if (end > target.length) throw new RangeError(`a document is larger than ${target.length} bytes`);
    return end - at;
  }
}

const DOLLAR = '$'.charCodeAt(0);
const LETTER_F = 'f'.charCodeAt(0);
const ZERO = '0'.charCodeAt(0);
/** An id, up to its digits. */
const OID = '{\n"$oid" : "';
const ID_DIGITS = 24;
/** Of a string, a container and a number. */
const LENGTH_BYTES = 4;
/** With the character behind it. */
const LONGEST_LITERAL = 10;

/** What stands for these characters behind a backslash. */
const UNESCAPED = new Uint8Array(256);
for (const [letter = '', text = ''] of ['""', '\\\\', '//', 'b\b', 'f\f', 'n\n', 'r\r', 't\t']) {
  UNESCAPED[letter.charCodeAt(0)] = text.charCodeAt(0);
}

/** Goes through stored JSON once and writes BSON. */
class BsonWriter {
  readonly #json: Buffer;
  readonly #bson: Uint8Array;
  #from = 0;
  #to: number;

  constructor(json: Buffer, bson: Uint8Array, to: number) {
    this.#json = json;
    this.#bson = bson;
    this.#to = to;
  }

  /** Writes the members of the outermost object, which alone has an id. @returns where they end */
  members(): number {
    this.#members(this.#next());
    return this.#to;
  }

  #object(): number {
    const start = this.#startContainer();
    this.#members(this.#next());
    this.#endContainer(start);
    return OBJECT;
  }

  /** @param opening the brace */
  #members(opening: number): void {
    this.#expect(opening === OPEN_TABLE);
    this.#from++;
    if (this.#isEnd(CLOSE_TABLE)) return;
    do {
      const type = this.#to++;
      this.#expect(this.#next() === DOUBLE_QUOTE);
      this.#text();
      this.#expect(this.#next() === COLON);
      this.#from++;
      this.#bson[type] = this.#value();
    } while (this.#goesOn(CLOSE_TABLE));
  }

  #array(): number {
    const start = this.#startContainer();
    this.#from++;
    if (!this.#isEnd(CLOSE_SEQUENCE)) {
      let index = 0;
      do {
        const type = this.#to++;
        this.#decimal(index++);
        this.#bson[this.#to++] = 0;
        this.#bson[type] = this.#value();
      } while (this.#goesOn(CLOSE_SEQUENCE));
    }
    this.#endContainer(start);
    return ARRAY;
  }

  /** @returns the type */
  #value(): number {
    const code = this.#next();
    if (code === DOUBLE_QUOTE) return this.#string();
    if (code === OPEN_TABLE) return this.#isId() ? this.#id() : this.#object();
    if (code === OPEN_SEQUENCE) return this.#array();
    return this.#literal(code);
  }

  #isId(): boolean {
    return this.#json[this.#from + OID.indexOf('$')] === DOLLAR;
  }

  #id(): number {
    const digits = this.#from + OID.length;
    this.#expect(this.#json.toString('latin1', this.#from, digits) === OID);
    const id = Buffer.from(this.#json.toString('latin1', digits, digits + ID_DIGITS), 'hex');
    this.#bson.set(id, this.#to);
    this.#to += id.length;
    this.#from = digits + ID_DIGITS + 1;
    this.#expect(id.length === ID_DIGITS / 2 && this.#isEnd(CLOSE_TABLE));
    return OBJECT_ID;
  }

  #string(): number {
    const length = this.#to;
    this.#to += LENGTH_BYTES;
    this.#text();
    this.#int32(length, this.#to - length - LENGTH_BYTES);
    return STRING;
  }

  /** Writes the text of a string or name, and a NUL. */
  #text(): void {
    const [json, bson] = [this.#json, this.#bson];
    let from = this.#from + 1;
    let to = this.#to;
    for (let code = json[from]; code !== DOUBLE_QUOTE; code = json[++from]) {
      // A NUL stands for itself, in a comment.
      if (code === BACKSLASH) code = UNESCAPED[json[++from] ?? 0] || undefined;
      if (code === undefined) this.#fail();
      bson[to++] = code;
    }
    bson[to++] = 0;
    this.#from = from + 1;
    this.#to = to;
  }

  /** Line numbers, and what bookkeeping says. */
  #literal(first: number): number {
    const literal = this.#json.toString('latin1', this.#from, this.#from + LONGEST_LITERAL);
    const [found = ''] = /^(?:true|false|\d{1,9}(?![\d.eE]))/.exec(literal) ?? [];
    this.#expect(found !== '');
    this.#from += found.length;
    if (first >= LETTER_F) {
      this.#bson[this.#to++] = first === LETTER_F ? 0 : 1;
      return BOOLEAN;
    }
    this.#int32(this.#to, Number(found));
    this.#to += LENGTH_BYTES;
    return INT32;
  }

  #startContainer(): number {
    const start = this.#to;
    this.#to += LENGTH_BYTES;
    return start;
  }

  #endContainer(start: number): void {
    this.#bson[this.#to++] = 0;
    this.#int32(start, this.#to - start);
  }

  #int32(at: number, value: number): void {
    const bson = this.#bson;
    bson[at] = value;
    bson[at + 1] = value >> 8;
    bson[at + 2] = value >> 16;
    bson[at + 3] = value >> 24;
  }

  /** Writes the name of an element: its number. */
  #decimal(index: number): void {
    if (index > 9) this.#decimal(Math.floor(index / 10));
    this.#bson[this.#to++] = ZERO + (index % 10);
  }

  /** After a member: does another follow? */
  #goesOn(close: number): boolean {
    if (this.#isEnd(close)) return false;
    this.#expect(this.#next() === COMMA);
    this.#from++;
    return true;
  }

  /** Goes past the end of a container, if it is here. */
  #isEnd(close: number): boolean {
    const isHere = this.#next() === close;
    if (isHere) this.#from++;
    return isHere;
  }

  /** Skips white space. @returns the character that follows */
  #next(): number {
    const json = this.#json;
    let code = json[this.#from];
    while (code === SPACE || code === LF) code = json[++this.#from];
    return code ?? 0;
  }

  #expect(holds: boolean): void {
    if (!holds) this.#fail();
  }

  #fail(): never {
    throw new Error(`a document to be stored is not as artdaqDB writes it, at byte ${this.#from}`);
  }
}
