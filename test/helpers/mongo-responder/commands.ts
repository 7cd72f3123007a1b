import { BSON } from 'mongodb';
import { project } from './matching.ts';
import { isNotPrimary } from './not-primary.ts';
import type { MemoryStore, WriteError, WriteResult } from './store.ts';
import { cursorAnswer, viewOf, type WireRequest } from './wire.ts';

type Document = BSON.Document;

/** The rest of a cursor's documents. */
interface OpenCursor {
  readonly namespace: string;
  readonly rest: Uint8Array[];
}

/** A command on the data, with what is needed to carry it out. */
export interface Work {
  readonly name: string;
  readonly namespace: string;
  readonly request: WireRequest;
  /** The document of the write that the script has refused. */
  readonly refused?: WriteError | undefined;
}

const DEFAULT_BATCH = 101;
const WRITES = new Set(['insert', 'update', 'delete', 'createIndexes', 'findAndModify']);

/** Does a command of that name need a primary? */
export function isWrite(name: string): boolean {
  return WRITES.has(name);
}

/** Carries commands on the data out, as far as the client under test uses them. */
export class CommandExecutor {
  readonly #store: MemoryStore;
  readonly #batchLimit: number;
  readonly #cursors = new Map<bigint, OpenCursor>();
  /** Answers to retryable writes: a repeat gets the same and changes nothing; an interrupted one is gone on with. */
  readonly #written = new Map<string, { readonly answer: Document; readonly wasInterrupted: boolean }>();
  #lastCursor = 0n;

  /** @param batchLimit most documents in one part of an answer, whatever the client asks for */
  constructor(store: MemoryStore, batchLimit = Infinity) {
    this.#store = store;
    this.#batchLimit = batchLimit;
  }

  execute(work: Work): Document | Uint8Array {
    const { command } = work.request;
    const transaction = `${JSON.stringify(command.lsid)} ${command.txnNumber}`;
    const earlier = command.txnNumber === undefined ? undefined : this.#written.get(transaction);
    if (earlier !== undefined && !earlier.wasInterrupted) return earlier.answer;
    if (!isWrite(work.name)) return this.#read(work);
    const done: number = earlier?.answer.n ?? 0;
    const rest = { ...work.request, payload: work.request.payload.slice(done) };
    const written = this.#write({ ...work, request: rest });
    const answer = done === 0 ? written : { ...written, n: written.n + done };
    const wasInterrupted = work.refused !== undefined && isNotPrimary(work.refused.code);
    if (command.txnNumber !== undefined) this.#written.set(transaction, { answer, wasInterrupted });
    return answer;
  }

  #write({ name, namespace, request, refused }: Work): Document {
    const { command, payload } = request;
    switch (name) {
      case 'insert':
        return answerOf(this.#store.insert(namespace, payload, command.ordered !== false, refused));
      case 'update':
        return answerOf(
          refused === undefined ? this.#store.update(namespace, payload) : refusedAlone(refused),
        );
      case 'delete':
        return answerOf(
          refused === undefined ? this.#store.delete(namespace, payload.map(viewOf)) : refusedAlone(refused),
        );
      case 'createIndexes':
        this.#store.addIndexes(namespace, command.indexes);
        return { ok: 1, numIndexesAfter: this.#store.indexes(namespace)?.length };
      default:
        return unknownCommand(name);
    }
  }

  #read({ name, namespace, request: { command } }: Work): Document | Uint8Array {
    switch (name) {
      case 'find':
        return this.#open(
          namespace,
          this.#found(namespace, command),
          command.singleBatch === true ? Infinity : command.batchSize,
        );
      case 'getMore':
        return this.#more(BigInt(String(command.getMore)), command.batchSize);
      case 'killCursors':
        for (const id of command.cursors) this.#cursors.delete(BigInt(String(id)));
        return { ok: 1, cursorsKilled: command.cursors };
      case 'listIndexes': {
        const indexes = this.#store.indexes(namespace);
        if (indexes !== undefined)
          return this.#open(
            namespace,
            indexes.map((index) => BSON.serialize(index)),
          );
        return { ok: 0, code: 26, codeName: 'NamespaceNotFound', errmsg: `ns does not exist: ${namespace}` };
      }
      default:
        return unknownCommand(name);
    }
  }

  #found(namespace: string, command: Document): Uint8Array[] {
    const { filter = {}, sort, skip, limit, projection } = command;
    const found = this.#store.find(namespace, { filter, sort, skip, limit });
    return found.map(({ bytes, view }) =>
      projection === undefined ? bytes : BSON.serialize(project(view, projection)),
    );
  }

  #open(namespace: string, documents: readonly Uint8Array[], batchSize = DEFAULT_BATCH): Uint8Array {
    const rest = [...documents];
    const batch = rest.splice(0, Math.min(batchSize, this.#batchLimit));
    if (rest.length === 0) return cursorAnswer({ id: 0n, namespace, batch: 'firstBatch' }, batch);
    const id = ++this.#lastCursor;
    this.#cursors.set(id, { namespace, rest });
    return cursorAnswer({ id, namespace, batch: 'firstBatch' }, batch);
  }

  #more(id: bigint, batchSize = Infinity): Document | Uint8Array {
    const cursor = this.#cursors.get(id);
    if (cursor === undefined)
      return { ok: 0, code: 43, codeName: 'CursorNotFound', errmsg: `cursor id ${id} not found` };
    const batch = cursor.rest.splice(0, Math.min(batchSize, this.#batchLimit));
    const isDone = cursor.rest.length === 0;
    if (isDone) this.#cursors.delete(id);
    return cursorAnswer({ id: isDone ? 0n : id, namespace: cursor.namespace, batch: 'nextBatch' }, batch);
  }
}

function answerOf(result: WriteResult): Document {
  return { ok: 1, ...result };
}

function refusedAlone(error: WriteError): WriteResult {
  return { n: 0, writeErrors: [error] };
}

function unknownCommand(name: string): Document {
  return { ok: 0, code: 59, codeName: 'CommandNotFound', errmsg: `no such command: '${name}'` };
}
