import { BSON } from 'mongodb';
import { compare, matches, valuesAt } from './matching.ts';
import { viewOf } from './wire.ts';

type Document = BSON.Document;

/** A stored document: its bytes are what counts. */
export interface Stored {
  readonly bytes: Uint8Array;
  readonly view: Document;
}

/** The fault of one document of a write. */
export interface WriteError {
  readonly index: number;
  readonly code: number;
  readonly errmsg: string;
}

/** What a write did. */
export interface WriteResult {
  readonly n: number;
  readonly nModified?: number;
  readonly upserted?: readonly { readonly index: number; readonly _id: unknown }[];
  readonly writeErrors?: readonly WriteError[];
}

/** Order, window and choice of a find. */
export interface FindOptions {
  readonly filter: Document;
  readonly sort?: Document;
  readonly skip?: number;
  readonly limit?: number;
}

/** Collections in memory, by `<database>.<collection>`. */
export class MemoryStore {
  readonly #collections = new Map<string, Stored[]>();
  readonly #indexes = new Map<string, Document[]>();

  /** All documents of a collection, in the order in which they came. */
  documents(namespace: string): readonly Stored[] {
    return this.#collections.get(namespace) ?? [];
  }

  /** The indexes of a collection, `_id` first; undefined if there is no such collection. */
  indexes(namespace: string): readonly Document[] | undefined {
    if (!this.#collections.has(namespace)) return undefined;
    return [{ v: 2, key: { _id: 1 }, name: '_id_' }, ...(this.#indexes.get(namespace) ?? [])];
  }

  addIndexes(namespace: string, indexes: readonly Document[]): void {
    this.#make(namespace);
    const known = this.#indexes.get(namespace) ?? [];
    const added = indexes.filter(({ name }) => !known.some((index) => index.name === name));
    this.#indexes.set(namespace, [...known, ...added]);
  }

  find(namespace: string, { filter, sort, skip = 0, limit = 0 }: FindOptions): Stored[] {
    const found = this.documents(namespace).filter(({ view }) => matches(view, filter));
    for (const [name, direction] of Object.entries(sort ?? {}).reverse()) {
      const path = name.split('.');
      found.sort(
        (one, other) => direction * compare(valuesAt(one.view, path)[0], valuesAt(other.view, path)[0]),
      );
    }
    return found.slice(skip, limit === 0 ? undefined : skip + Math.abs(limit));
  }

  /** @param stopAt index of the document that is refused for another reason than its id */
  insert(
    namespace: string,
    documents: readonly Uint8Array[],
    ordered: boolean,
    stopAt?: WriteError,
  ): WriteResult {
    const collection = this.#make(namespace);
    const writeErrors: WriteError[] = [];
    let n = 0;
    for (const [index, bytes] of documents.entries()) {
      const view = viewOf(bytes);
      if (view._id === undefined) throw new Error('drivers give every document an _id');
      const isTaken = collection.some((stored) => compare(stored.view._id, view._id) === 0);
      if (index === stopAt?.index) writeErrors.push(stopAt);
      else if (isTaken) {
        const errmsg = `E11000 duplicate key error collection: ${namespace} index: _id_ dup key: { _id: ${view._id} }`;
        writeErrors.push({ index, code: 11000, errmsg });
      } else {
        const stored = idFirst(bytes);
        collection.push({ bytes: stored, view: viewOf(stored) });
        n++;
      }
      if (ordered && writeErrors.length > 0) break;
    }
    return writeErrors.length === 0 ? { n } : { n, writeErrors };
  }

  /** Replaces, or sets top-level fields (`$set`, `$setOnInsert`, `$unset`). @param statements each `{ q, u, upsert, multi }` */
  update(namespace: string, statements: readonly Uint8Array[]): WriteResult {
    const collection = this.#make(namespace);
    const upserted: { index: number; _id: unknown }[] = [];
    let n = 0;
    for (const [index, statement] of statements.entries()) {
      const { q, upsert, multi } = viewOf(statement);
      const change: unknown = BSON.deserialize(statement, { raw: true }).u;
      if (!(change instanceof Uint8Array)) throw new Error('the test responder updates by documents only');
      const found = collection
        .filter(({ view }) => matches(view, q))
        .slice(0, multi === true ? undefined : 1);
      for (const stored of found) collection[collection.indexOf(stored)] = changed(stored, change, false);
      n += found.length;
      if (found.length === 0 && upsert === true) {
        const seed = Object.fromEntries(Object.entries(Object(q)).filter(([name]) => !name.includes('.')));
        const made = changed({ bytes: BSON.serialize(seed), view: seed }, change, true);
        collection.push(made);
        upserted.push({ index, _id: made.view._id });
        n++;
      }
    }
    const nModified = n - upserted.length;
    return upserted.length === 0 ? { n, nModified } : { n, nModified, upserted };
  }

  /** @param statements each `{ q, limit }` */
  delete(namespace: string, statements: readonly Document[]): WriteResult {
    const collection = this.#make(namespace);
    let n = 0;
    for (const { q, limit } of statements) {
      for (const stored of this.find(namespace, { filter: q, limit })) {
        collection.splice(collection.indexOf(stored), 1);
        n++;
      }
    }
    return { n };
  }

  #make(namespace: string): Stored[] {
    const collection = this.#collections.get(namespace) ?? [];
    this.#collections.set(namespace, collection);
    return collection;
  }
}

function changed(stored: Stored, change: Uint8Array, isNew: boolean): Stored {
  const update = viewOf(change);
  if (!Object.keys(update).some((name) => name.startsWith('$'))) {
    const bytes =
      '_id' in update ? change : BSON.serialize({ _id: stored.view._id ?? new BSON.ObjectId(), ...update });
    return { bytes, view: viewOf(bytes) };
  }
  const view = { ...stored.view, ...update.$set, ...(isNew ? update.$setOnInsert : {}) };
  for (const name of Object.keys(update.$unset ?? {})) delete view[name];
  const whole = '_id' in view ? view : { _id: new BSON.ObjectId(), ...view };
  return { bytes: BSON.serialize(whole), view: whole };
}

/** Servers move `_id` to the front of a document when they store it. */
function idFirst(bytes: Uint8Array): Uint8Array {
  for (const [, nameOffset, nameLength, offset, length] of BSON.onDemand.parseToElements(bytes)) {
    if (Buffer.from(bytes.subarray(nameOffset, nameOffset + nameLength)).toString() !== '_id') continue;
    const [start, end] = [nameOffset - 1, offset + length];
    return Buffer.concat([
      bytes.subarray(0, 4),
      bytes.subarray(start, end),
      bytes.subarray(4, start),
      bytes.subarray(end),
    ]);
  }
  return bytes;
}
