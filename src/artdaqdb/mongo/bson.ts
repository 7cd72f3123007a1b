import { BSON, ObjectId } from 'mongodb';
import { isJsonObject, type JsonObject, type JsonValue, memberName } from '../../fhicl/json.ts';

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
