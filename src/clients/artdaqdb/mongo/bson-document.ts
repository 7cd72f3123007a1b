import { BSON, ObjectId } from 'mongodb';
import { isJsonObject, type JsonObject, type JsonValue, nameOf } from '../../../fhicl/json.ts';

type BsonValue = string | number | boolean | null | ObjectId | BsonObject | BsonValue[];

/**
 * An object as it goes into BSON: members in their order, names that repeat, and names like `5` or `__proto__` in their
 * place. To the driver it is a Map, of which it writes the entries.
 */
export class BsonObject extends Map<string, BsonValue> {
  readonly #members: readonly [string, BsonValue][];

  constructor(members: readonly [string, BsonValue][]) {
    super();
    this.#members = members;
  }

  override entries(): MapIterator<[string, BsonValue]> {
    return this.#members.values();
  }

  override [Symbol.iterator](): MapIterator<[string, BsonValue]> {
    return this.entries();
  }
}

/**
 * The BSON of a stored document (documentation/ARTDAQDB_MONGODB.md, "Documents"): `_id` an ObjectId, line numbers int32, booleans,
 * all else strings.
 * @param document the stored JSON as `readJsonObject` reads it
 */
export function bsonOf(document: JsonObject): BsonObject {
  return new BsonObject(
    membersOf(document).map(([name, value]) => [name, name === '_id' ? idOf(value) : bsonValue(value)]),
  );
}

/** The bytes of the BSON of a stored document. */
export function bsonBytes(document: JsonObject): Uint8Array {
  return BSON.serialize(bsonOf(document));
}

function bsonValue(value: JsonValue): BsonValue {
  if (Array.isArray(value)) return value.map(bsonValue);
  if (!isJsonObject(value)) return value;
  return new BsonObject(membersOf(value).map(([name, member]) => [name, bsonValue(member)]));
}

function membersOf(object: JsonObject): [string, JsonValue][] {
  return Object.entries(object).map(([key, value]) => [nameOf(key), value]);
}

function idOf(value: JsonValue): BsonValue {
  const hexadecimal = isJsonObject(value) ? value.$oid : undefined;
  return typeof hexadecimal === 'string' && ObjectId.isValid(hexadecimal)
    ? ObjectId.createFromHexString(hexadecimal)
    : bsonValue(value);
}
