import { BSON, ObjectId } from 'mongodb';
import { ArtdaqDbError, messageOf } from '../../errors.ts';
import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  jsonArray,
  jsonObject,
  memberName,
  quoteJson,
} from '../../fhicl/json.ts';
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

type BsonValue = string | number | boolean | null | ObjectId | BsonObject | BsonValue[];

/** A document as the driver takes it. */
export type BsonMembers = ReadonlyMap<string, unknown>;

/**
 * An object that becomes BSON with its members in order, including repeated names and names like `5` or `__proto__`. The driver
 * takes it for a Map and writes its entries. They are made on demand, because a large document has several hundred thousand
 * objects.
 */
export class BsonObject extends Map<string, BsonValue> {
  readonly #object: JsonObject;

  constructor(object: JsonObject) {
    super();
    this.#object = object;
  }

  override *entries(): MapIterator<[string, BsonValue]> {
    for (const key of Object.keys(this.#object)) {
      yield [memberName(key), this.member(key, this.#object[key] ?? null)];
    }
  }

  override [Symbol.iterator](): MapIterator<[string, BsonValue]> {
    return this.entries();
  }

  protected member(_key: string, value: JsonValue): BsonValue {
    return bsonValue(value);
  }
}

/** The outermost object, which alone has an id. */
class BsonDocument extends BsonObject {
  protected override member(key: string, value: JsonValue): BsonValue {
    return key === '_id' ? idOf(value) : bsonValue(value);
  }
}

/**
 * The BSON of a stored document (documentation/ARTDAQDB_MONGODB.md, "Documents"): `_id` an ObjectId, line numbers int32, booleans,
 * all else strings.
 * @param document the stored JSON as `readJsonObject` reads it
 */
export function bsonOf(document: JsonObject): BsonObject {
  return new BsonDocument(document);
}

/** The size of the BSON of a stored document, in bytes. */
export function bsonSize(document: JsonObject): number {
  return BSON.calculateObjectSize(bsonOf(document));
}

function bsonValue(value: JsonValue): BsonValue {
  if (Array.isArray(value)) return value.map(bsonValue);
  return isJsonObject(value) ? new BsonObject(value) : value;
}

function idOf(value: JsonValue): BsonValue {
  const hexadecimal = isJsonObject(value) ? value.$oid : undefined;
  return typeof hexadecimal === 'string' && ObjectId.isValid(hexadecimal)
    ? ObjectId.createFromHexString(hexadecimal)
    : bsonValue(value);
}

type BsonElements = ReturnType<typeof BSON.onDemand.parseToElements>;
type BsonElement = BsonElements extends Iterable<infer Element> ? Element : never;

const EMPTY_DOCUMENT_BYTES = 5;
/** Length of a string, and its final NUL. */
const STRING_HEAD = 4;
const STRING_TAIL = 1;

/**
 * The stored JSON of a BSON document, the reverse of `bsonOf`: the same bytes that this program or the C++ tools wrote. Members
 * keep their order, except `_id`, and may repeat a name. Strings keep their bytes, even if these are not UTF-8. Numbers too
 * large for readers of JSON become strings of their digits.
 * @param place where the document is, for messages
 * @throws ArtdaqDbError if it is not BSON, or holds what JSON can't express
 */
export function storedJsonOf(bson: Uint8Array, place: string): Buffer {
  try {
    return Buffer.from(new BsonReader(bson).document(), 'latin1');
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new ArtdaqDbError(`${place} is no readable artdaqDB document: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** A document's id: the digits of an ObjectId, or the JSON of another program's id; empty if it has none. */
export function documentId(bson: Uint8Array): string {
  return new BsonReader(bson).id();
}

/** Makes JSON text with one character for each byte. */
class BsonReader {
  readonly #bytes: Buffer;
  readonly #place: string[] = [];

  constructor(bson: Uint8Array) {
    this.#bytes = Buffer.from(bson.buffer, bson.byteOffset, bson.byteLength);
  }

  id(): string {
    for (const [type, nameOffset, nameLength, offset, length] of this.#elements(0)) {
      if (this.#bytes.toString('latin1', nameOffset, nameOffset + nameLength) !== '_id') continue;
      return type === OBJECT_ID
        ? this.#bytes.toString('hex', offset, offset + length)
        : this.#textOf(type, offset, length);
    }
    return '';
  }

  /** MongoDB moves `_id` to the front; in artdaqDB it precedes `collection`. */
  document(): string {
    const elements = [...this.#elements(0)];
    const [first] = elements;
    const home = elements.findIndex((element) => this.#nameOf(element) === 'collection');
    if (first !== undefined && this.#nameOf(first) === '_id' && home > 0) {
      elements.splice(home, 0, first);
      elements.shift();
    }
    return this.#object(elements);
  }

  #object(elements: Iterable<BsonElement>): string {
    let members = '';
    for (const element of elements) {
      const [type, , , valueOffset, length] = element;
      const name = this.#nameOf(element);
      members += `${members && ',\n'}${quoteJson(name)} : ${this.#value(name, type, valueOffset, length)}`;
    }
    return jsonObject(members);
  }

  #array(offset: number): string {
    let elements = '';
    for (const element of this.#elements(offset)) {
      const [type, , , valueOffset, length] = element;
      elements += (elements && ',\n') + this.#value(this.#nameOf(element), type, valueOffset, length);
    }
    return jsonArray(elements);
  }

  #elements(offset: number): BsonElements {
    // The driver's own check misses negative lengths.
    if (this.#bytes.readInt32LE(offset) < EMPTY_DOCUMENT_BYTES) throw new BSON.BSONError('a length is wrong');
    return BSON.onDemand.parseToElements(this.#bytes, offset);
  }

  #nameOf([, offset, length]: BsonElement): string {
    return this.#bytes.toString('latin1', offset, offset + length);
  }

  #value(name: string, type: number, offset: number, length: number): string {
    this.#place.push(name);
    const text = this.#textOf(type, offset, length);
    this.#place.pop();
    return text;
  }

  #textOf(type: number, offset: number, length: number): string {
    const bytes = this.#bytes;
    switch (type) {
      case STRING:
        return quoteJson(bytes.toString('latin1', offset + STRING_HEAD, offset + length - STRING_TAIL));
      case OBJECT:
        return this.#object(this.#elements(offset));
      case ARRAY:
        return this.#array(offset);
      case BOOLEAN:
        return bytes[offset] === 0 ? 'false' : 'true';
      case INT32:
        return String(bytes.readInt32LE(offset));
      case INT64:
        return numberText(bytes.readBigInt64LE(offset));
      case DOUBLE:
        return doubleText(bytes.readDoubleLE(offset));
      case DECIMAL128:
        return `"${new BSON.Decimal128(bytes.subarray(offset, offset + length))}"`;
      case NULL:
        return 'null';
      case OBJECT_ID:
        return jsonObject(`"$oid" : "${bytes.toString('hex', offset, offset + length)}"`);
      case DATE:
        return jsonObject(`"$date" : ${numberText(bytes.readBigInt64LE(offset))}`);
      default:
        throw new BSON.BSONError(`${this.#place.join('.')} has the type ${type}, which artdaqDB doesn't use`);
    }
  }
}

function numberText(value: bigint): string {
  return Number.isSafeInteger(Number(value)) ? String(value) : `"${value}"`;
}

/** FHiCL writes infinity in words. */
function doubleText(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? '"nan"' : `"${value > 0 ? '' : '-'}infinity"`;
}
