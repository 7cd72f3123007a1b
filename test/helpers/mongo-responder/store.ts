import { BSON } from 'mongodb';
import { documentOf } from './wire.ts';

type Document = BSON.Document;

/** A stored document: its bytes are what counts. */
export interface Stored {
  readonly bytes: Uint8Array;
  readonly view: Document;
}

/** Collections in memory, by `<database>.<collection>`; answers as a server gives them. */
export class MemoryStore {
  readonly #collections = new Map<string, Stored[]>();

  /** All documents of a collection, in the order in which they came. */
  documents(namespace: string): readonly Stored[] {
    return this.#collections.get(namespace) ?? [];
  }

  /** @param limit 0: all */
  find(namespace: string, filter: Document, limit = 0): Stored[] {
    const found = this.documents(namespace).filter(({ view }) => matches(view, filter));
    return limit === 0 ? found : found.slice(0, limit);
  }

  /** In their order, until one has a repeated id. @param isRepeat what is there was stored the first time */
  insert(namespace: string, documents: readonly Uint8Array[], isRepeat = false): Document {
    const collection = this.#collection(namespace);
    for (const [index, bytes] of documents.entries()) {
      const stored = storedOf(idFirst(bytes));
      const isTaken = collection.some(({ view }) => isSame(view._id, stored.view._id));
      if (!isTaken) collection.push(stored);
      else if (!isRepeat) {
        const errmsg = `E11000 duplicate key error collection: ${namespace} index: _id_ dup key: { _id: ${stored.view._id} }`;
        return { n: index, writeErrors: [{ index, code: 11000, errmsg }] };
      }
    }
    return { n: documents.length };
  }

  /** Replaces by documents with an id, or stores what `$setOnInsert` says. @param statements each `{ q, u, upsert }` */
  update(namespace: string, statements: readonly Uint8Array[]): Document {
    const collection = this.#collection(namespace);
    const upserted: Document[] = [];
    let n = 0;
    for (const [index, statement] of statements.entries()) {
      const { q, upsert } = viewOf(statement);
      const change: Uint8Array = BSON.deserialize(statement, { raw: true }).u;
      const { $setOnInsert: seed } = viewOf(change);
      const [found] = this.find(namespace, q, 1);
      if (found !== undefined) {
        if (seed === undefined) collection[collection.indexOf(found)] = storedOf(change);
        n++;
      } else if (upsert === true) {
        const view = { _id: new BSON.ObjectId(), ...seed };
        collection.push({ bytes: BSON.serialize(view), view });
        upserted.push({ index, _id: view._id });
        n++;
      }
    }
    return { n, nModified: n - upserted.length, ...(upserted.length === 0 ? {} : { upserted }) };
  }

  /** @param statements each `{ q, limit }` */
  delete(namespace: string, statements: readonly Document[]): Document {
    const collection = this.#collection(namespace);
    const before = collection.length;
    for (const { q, limit } of statements) {
      for (const stored of this.find(namespace, q, limit)) collection.splice(collection.indexOf(stored), 1);
    }
    return { n: before - collection.length };
  }

  #collection(namespace: string): Stored[] {
    const collection = this.#collections.get(namespace) ?? [];
    this.#collections.set(namespace, collection);
    return collection;
  }
}

/** A document as JavaScript sees it: repeated names are lost. Good enough to match and to look at. */
export function viewOf(bytes: Uint8Array): Document {
  return BSON.deserialize(bytes, { validation: { utf8: false } });
}

function storedOf(bytes: Uint8Array): Stored {
  return { bytes, view: viewOf(bytes) };
}

/** Servers move `_id` to the front of a document when they store it. */
function idFirst(bytes: Uint8Array): Uint8Array {
  const elements = [...BSON.onDemand.parseToElements(bytes)].map(([, name, nameLength, offset, length]) => ({
    isId: Buffer.from(bytes.subarray(name, name + nameLength)).equals(Buffer.from('_id')),
    bytes: bytes.subarray(name - 1, offset + length),
  }));
  elements.sort((one, other) => Number(other.isId) - Number(one.isId));
  return documentOf(elements.map((element) => element.bytes));
}

const OPERATORS: Record<string, (value: unknown, operand: Document[string]) => boolean> = {
  $eq: isSame,
  $in: (value, operand) => operand.some((wanted: unknown) => isSame(value, wanted)),
  $gte: (value, operand) => String(value) >= operand,
  $lt: (value, operand) => String(value) < operand,
  $regex: (value, operand) => new RegExp(operand).test(String(value)),
};

/** Does a document meet a query, as far as the archiver's queries go? */
function matches(document: Document, query: Document): boolean {
  return Object.entries(query).every(([name, wanted]) => {
    const values = valuesAt(document, name.split('.'));
    const hasOperators = Object.keys(wanted)[0]?.startsWith('$') === true;
    return Object.entries(hasOperators ? wanted : { $eq: wanted }).every(([operator, operand]) => {
      const holds = OPERATORS[operator];
      if (holds === undefined) throw new Error(`the test responder does not know the operator ${operator}`);
      return values.some((value) => holds(value, operand));
    });
  });
}

/** All values that a dotted path leads to, through arrays, and the arrays themselves. */
function valuesAt(value: Document[string], path: readonly string[]): unknown[] {
  const [name, ...rest] = path;
  if (Array.isArray(value)) {
    const inside = value.flatMap((element) => valuesAt(element, path));
    return name === undefined ? [value, ...inside] : inside;
  }
  if (name === undefined) return [value];
  return Object.hasOwn(Object(value), name) ? valuesAt(value[name], rest) : [];
}

function isSame(one: unknown, other: unknown): boolean {
  if (typeof one !== 'object' || typeof other !== 'object') return one === other;
  return Buffer.from(BSON.serialize({ value: one })).equals(BSON.serialize({ value: other }));
}
