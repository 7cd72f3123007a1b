import { BSON } from 'mongodb';

type Document = BSON.Document;

/** Does a document meet a query? Knows equality, `$and`, `$or`, `$in`, `$ne`, `$exists`, comparisons and patterns. */
export function matches(document: Document, query: Document): boolean {
  return Object.entries(query).every(([name, wanted]) => {
    if (name === '$and') return listOf(wanted).every((part) => matches(document, part));
    if (name === '$or') return listOf(wanted).some((part) => matches(document, part));
    if (name.startsWith('$')) throw new Error(`the test responder does not know the query operator ${name}`);
    const values = valuesAt(document, name.split('.'));
    return isOperators(wanted)
      ? Object.entries(wanted).every(([operator, operand]) => holds(operator, operand, values, wanted))
      : values.some((value) => meets(value, wanted));
  });
}

/** All values that a dotted path leads to, through arrays, and the arrays themselves. */
export function valuesAt(value: unknown, path: readonly string[]): unknown[] {
  const [name, ...rest] = path;
  if (Array.isArray(value)) {
    const elements = value.flatMap((element) => valuesAt(element, path));
    return name === undefined ? [value, ...elements] : elements;
  }
  if (name === undefined) return [value];
  return isDocument(value) && name in value ? valuesAt(value[name], rest) : [];
}

/** For sorting: ids by their digits, all else as JavaScript compares it. */
export function compare(one: unknown, other: unknown): number {
  const [left, right] = [comparable(one), comparable(other)];
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

/** A document reduced to the named paths (and `_id`), or without the names that are set to 0. */
export function project(document: Document, projection: Document): Document {
  const names = Object.keys(projection).filter((name) => name !== '_id');
  const isWithId = projection._id !== 0 && projection._id !== false;
  const isExclusion = names.every((name) => projection[name] === 0 || projection[name] === false);
  if (isExclusion && (names.length > 0 || !isWithId)) {
    return Object.fromEntries(
      Object.entries(document).filter(([name]) => (name === '_id' ? isWithId : !names.includes(name))),
    );
  }
  const paths = names.map((name) => name.split('.'));
  return {
    ...(isWithId && '_id' in document ? { _id: document._id } : {}),
    ...Object(pick(document, paths)),
  };
}

function pick(value: unknown, paths: readonly string[][]): unknown {
  if (paths.some((path) => path.length === 0)) return value;
  if (Array.isArray(value)) return value.filter(isDocument).map((element) => pick(element, paths));
  if (!isDocument(value)) return undefined;
  const picked: Document = {};
  for (const [name, member] of Object.entries(value)) {
    const rests = paths.filter(([head]) => head === name).map(([, ...rest]) => rest);
    const kept = rests.length === 0 ? undefined : pick(member, rests);
    if (kept !== undefined) picked[name] = kept;
  }
  return picked;
}

function holds(operator: string, operand: unknown, values: unknown[], condition: Document): boolean {
  switch (operator) {
    case '$eq':
      return values.some((value) => meets(value, operand));
    case '$ne':
      return !values.some((value) => meets(value, operand));
    case '$in':
      return listOf(operand).some((wanted) => values.some((value) => meets(value, wanted)));
    case '$exists':
      return values.length > 0 === Boolean(operand);
    case '$gt':
      return values.some((value) => compare(value, operand) > 0);
    case '$gte':
      return values.some((value) => compare(value, operand) >= 0);
    case '$lt':
      return values.some((value) => compare(value, operand) < 0);
    case '$lte':
      return values.some((value) => compare(value, operand) <= 0);
    case '$regex':
      return values.some((value) => meets(value, patternOf(operand, condition.$options)));
    case '$options':
      return true;
    case '$elemMatch':
      return values
        .filter((value) => Array.isArray(value))
        .some((elements) =>
          elements.some((element) => isDocument(element) && matches(element, Object(operand))),
        );
    default:
      throw new Error(`the test responder does not know the query operator ${operator}`);
  }
}

function meets(value: unknown, wanted: unknown): boolean {
  if (wanted instanceof RegExp) return typeof value === 'string' && wanted.test(value);
  if (typeof value !== 'object' || typeof wanted !== 'object') return value === wanted;
  return Buffer.from(BSON.serialize({ value })).equals(BSON.serialize({ value: wanted }));
}

function patternOf(operand: unknown, options: unknown): RegExp {
  return operand instanceof RegExp ? operand : new RegExp(String(operand), String(options ?? ''));
}

function comparable(value: unknown): string | number {
  if (typeof value === 'number') return value;
  return value instanceof BSON.ObjectId ? value.toHexString() : String(value);
}

function listOf(value: unknown): Document[] {
  if (!Array.isArray(value)) throw new Error('the test responder expected an array in a query');
  return value;
}

function isOperators(value: unknown): value is Document {
  return isDocument(value) && Object.keys(value).some((name) => name.startsWith('$'));
}

function isDocument(value: unknown): value is Document {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof RegExp) &&
    !('_bsontype' in value)
  );
}
