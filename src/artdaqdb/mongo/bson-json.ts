import { BSON } from 'mongodb';
import { ArtdaqDbError, messageOf } from '../../errors.ts';
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
import { jsonObject } from '../../fhicl/json.ts';
import {
  ARRAY,
  BOOLEAN,
  DATE,
  DECIMAL128,
  DOUBLE,
  INT32,
  INT64,
  NULL,
  OBJECT,
  OBJECT_ID,
  STRING,
} from './bson-types.ts';

/**
 * The stored JSON of a BSON document, the reverse of `bsonOf`: the same bytes that this program or the C++ tools wrote. Members
 * keep their order, except `_id`, and may repeat a name. Strings keep their bytes, even if these are not UTF-8. Numbers too
 * large for readers of JSON become strings of their digits.
 * @param place where the document is, for messages
 * @returns memory that the next call writes to
 * @throws ArtdaqDbError if it is not BSON, or holds what JSON can't express
 */
export function storedJsonOf(bson: Uint8Array, place: string): Buffer {
  try {
    return new JsonWriter(bson).document();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new ArtdaqDbError(`${place} is no readable artdaqDB document: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** A document's id: the digits of an ObjectId, or the JSON of another program's id; empty if it has none. */
export function documentId(bson: Uint8Array): string {
  return new JsonWriter(bson).id();
}

/** Of an empty container: its length, and its final NUL. */
const LEAST_CONTAINER = 5;
/** Of a string, a container and a number. */
const LENGTH_BYTES = 4;
const ID_BYTES = 12;
const DECIMAL_BYTES = 16;

/** JSON is longer than BSON by this factor at most: nothing under an empty name, which takes two bytes, becomes `,\n"" : null`. */
const MOST_GROWTH = 6;
/** Memory for the JSON of documents of usual size. */
const KEPT = Buffer.allocUnsafeSlow(MOST_GROWTH * 2 ** 20);

/** What stands behind a backslash for these characters; 0: they stand for themselves. */
const ESCAPES = new Uint8Array(256);
for (const [letter = '', text = ''] of ['""', '\\\\', 'b\b', 'f\f', 'n\n', 'r\r', 't\t']) {
  ESCAPES[text.charCodeAt(0)] = letter.charCodeAt(0);
}

/** Goes through BSON once and writes stored JSON. */
class JsonWriter {
  readonly #bson: Buffer;
  readonly #json: Buffer;
  #from = 0;
  #to = 0;
  /** Where the names begin of the values that it is in, for messages. */
  readonly #place: number[] = [];

  constructor(bson: Uint8Array) {
    this.#bson = Buffer.from(bson.buffer, bson.byteOffset, bson.byteLength);
    const room = MOST_GROWTH * bson.length;
    this.#json = room <= KEPT.length ? KEPT : Buffer.allocUnsafeSlow(room);
  }

  id(): string {
    const end = this.#start();
    while (this.#goesOn(end)) {
      const [type, name] = [this.#bson[this.#from], this.#nameAt(this.#from + 1)];
      this.#from += name.length + 2;
      const start = this.#to;
      this.#value(type);
      if (name !== '_id') continue;
      return type === OBJECT_ID
        ? this.#bson.toString('hex', this.#from - ID_BYTES, this.#from)
        : this.#json.toString('latin1', start, this.#to);
    }
    return '';
  }

  /** MongoDB moves `_id` to the front; in artdaqDB it precedes `collection`. */
  document(): Buffer {
    let [idEnd, home] = [0, 0];
    const end = this.#start();
    this.#write('{\n');
    const start = this.#to;
    while (this.#goesOn(end)) {
      const name = this.#nameAt(this.#from + 1);
      if (this.#to > start) this.#write(',\n');
      if (name === 'collection') home ||= this.#to;
      const isFirst = this.#to === start;
      this.#member();
      if (isFirst && name === '_id') idEnd = this.#to + ',\n'.length;
    }
    this.#write('\n}');
    if (idEnd > 0 && home > 0) {
      const id = Buffer.from(this.#json.subarray(start, idEnd));
      this.#json.copyWithin(start, idEnd, home);
      this.#json.set(id, home - id.length);
    }
    return this.#json.subarray(0, this.#to);
  }

  /** Goes to the first element of a container. @returns where the container ends */
  #start(): number {
    const length = this.#bson.readInt32LE(this.#from);
    const end = this.#from + length;
    if (length < LEAST_CONTAINER || end > this.#bson.length) this.#fail('a length is wrong');
    this.#from += LENGTH_BYTES;
    return end;
  }

  /** Is there another element? Otherwise goes past the end of the container. */
  #goesOn(end: number): boolean {
    if (this.#from >= end) this.#fail('a value goes beyond its container');
    if (this.#bson[this.#from] !== 0) return true;
    this.#from++;
    if (this.#from !== end) this.#fail('a container ends too early');
    return false;
  }

  #object(): void {
    const end = this.#start();
    this.#pair(OPEN_TABLE, LF);
    for (let isFirst = true; this.#goesOn(end); isFirst = false) {
      if (!isFirst) this.#pair(COMMA, LF);
      this.#member();
    }
    this.#pair(LF, CLOSE_TABLE);
  }

  #array(): void {
    const end = this.#start();
    this.#pair(OPEN_SEQUENCE, LF);
    for (let isFirst = true; this.#goesOn(end); isFirst = false) {
      if (!isFirst) this.#pair(COMMA, LF);
      const type = this.#bson[this.#from++];
      this.#place.push(this.#from);
      this.#from = this.#nameEnd(this.#from) + 1;
      this.#value(type);
      this.#place.pop();
    }
    this.#pair(LF, CLOSE_SEQUENCE);
  }

  /** Writes a name and its value. */
  #member(): void {
    const type = this.#bson[this.#from++];
    this.#place.push(this.#from);
    const nameEnd = this.#nameEnd(this.#from);
    this.#text(this.#from, nameEnd);
    this.#json[this.#to++] = SPACE;
    this.#pair(COLON, SPACE);
    this.#from = nameEnd + 1;
    this.#value(type);
    this.#place.pop();
  }

  #value(type: number | undefined): void {
    if (type === STRING) this.#string();
    else if (type === OBJECT) this.#object();
    else if (type === ARRAY) this.#array();
    else this.#write(this.#literal(type));
  }

  #literal(type: number | undefined): string {
    const bson = this.#bson;
    switch (type) {
      case BOOLEAN:
        return bson.readUInt8(this.#past(1)) === 0 ? 'false' : 'true';
      case INT32:
        return String(bson.readInt32LE(this.#past(4)));
      case INT64:
        return numberText(bson.readBigInt64LE(this.#past(8)));
      case DOUBLE:
        return doubleText(bson.readDoubleLE(this.#past(8)));
      case DECIMAL128: {
        const at = this.#past(DECIMAL_BYTES);
        return `"${new BSON.Decimal128(bson.subarray(at, at + DECIMAL_BYTES))}"`;
      }
      case NULL:
        return 'null';
      case OBJECT_ID: {
        const at = this.#past(ID_BYTES);
        return jsonObject(`"$oid" : "${bson.toString('hex', at, at + ID_BYTES)}"`);
      }
      case DATE:
        return jsonObject(`"$date" : ${numberText(bson.readBigInt64LE(this.#past(8)))}`);
      default:
        return this.#fail(`artdaqDB doesn't use the type ${type}`);
    }
  }

  #string(): void {
    const length = this.#bson.readInt32LE(this.#from);
    const start = this.#from + LENGTH_BYTES;
    if (length < 1 || start + length > this.#bson.length) this.#fail('a length is wrong');
    this.#from = start + length;
    this.#text(start, this.#from - 1);
  }

  /** Writes a part of the BSON in quotes. */
  #text(start: number, end: number): void {
    const [bson, json] = [this.#bson, this.#json];
    let to = this.#to;
    json[to++] = DOUBLE_QUOTE;
    for (let from = start; from < end; from++) {
      const code = bson[from] ?? 0;
      const letter = ESCAPES[code] ?? 0;
      if (letter !== 0) json[to++] = BACKSLASH;
      json[to++] = letter === 0 ? code : letter;
    }
    json[to++] = DOUBLE_QUOTE;
    this.#to = to;
  }

  #nameEnd(start: number): number {
    let end = start;
    while (this.#bson[end]) end++;
    return end;
  }

  #nameAt(start: number): string {
    return this.#bson.toString('latin1', start, this.#nameEnd(start));
  }

  /** Goes past a value of known length. @returns where it begins */
  #past(length: number): number {
    const start = this.#from;
    this.#from += length;
    return start;
  }

  #pair(first: number, second: number): void {
    this.#json[this.#to++] = first;
    this.#json[this.#to++] = second;
  }

  #write(ascii: string): void {
    this.#to += this.#json.write(ascii, this.#to, 'latin1');
  }

  #fail(problem: string): never {
    const place = this.#place.map((start) => this.#nameAt(start)).join('.');
    throw new BSON.BSONError(place === '' ? problem : `at ${place}, ${problem}`);
  }
}

/** Readers of JSON take larger numbers for others. */
function numberText(value: bigint): string {
  return Number.isSafeInteger(Number(value)) ? String(value) : `"${value}"`;
}

/** FHiCL writes infinity in words. */
function doubleText(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? '"nan"' : `"${value > 0 ? '' : '-'}infinity"`;
}
