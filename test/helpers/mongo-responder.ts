import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { BSON } from 'mongodb';
import { type Account, scram } from './mongo-responder/scram.ts';
import { type Fault, isWork, type Script, type SeenCommand } from './mongo-responder/script.ts';
import { MemoryStore, viewOf } from './mongo-responder/store.ts';
import {
  readRequest,
  serialize,
  takeMessages,
  type WireRequest,
  writeAnswer,
} from './mongo-responder/wire.ts';

type Document = BSON.Document;

/** How a responder is set up. */
export interface MongoResponderOptions {
  /** What goes wrong; nothing by default. */
  readonly script?: Script;
  /** Everybody by default. */
  readonly admission?: Account | 'client certificates';
  /** PEM texts. With `ca`, clients must show a certificate that it signed. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly ca?: string };
  /** Newest protocol that it announces: 12 is MongoDB 4.4, 13 is 5.0, 21 is 7.0 (the default). */
  readonly maxWireVersion?: number;
  /** No member of a replica set: without retryable writes. */
  readonly standalone?: boolean;
  /**
   * Most documents that it takes in one write, and that it gives in one part of an answer; two at least: for a server that
   * takes one, the driver (7.9) begins with an insert of none, whose length it leaves as memory happens to be.
   */
  readonly batchLimit?: number;
}

/** A connection, and what it has shown of itself so far. */
interface Client {
  readonly socket: Socket;
  isAdmitted: boolean;
  login?: ReturnType<typeof scram>;
}

const DEFAULT_BATCH = 101;
const AUTHENTICATION_FAILED = error(18, 'AuthenticationFailed', 'Authentication failed.');

/**
 * A member of a replica set that speaks MongoDB's wire protocol as far as the client under test needs it, keeps documents
 * in memory, and misbehaves as a script says. For what no real server does on demand; it is no MongoDB.
 */
export class MongoResponder {
  readonly store = new MemoryStore();
  /** All commands so far, the connections' own included. */
  readonly commands: SeenCommand[] = [];
  /** May be replaced at any time. */
  script: Script;
  role: 'primary' | 'secondary' = 'primary';
  readonly #options: MongoResponderOptions;
  readonly #sockets = new Set<Socket>();
  readonly #server;
  /** The documents that are left for each cursor. */
  readonly #cursors = new Map<number, Uint8Array[]>();
  /** Inserts that clients may repeat. */
  readonly #begun = new Set<string>();
  #isAccepting = true;
  #round = 0;
  #unanswered = 0;

  private constructor(options: MongoResponderOptions) {
    const { script, tls } = options;
    this.#options = options;
    this.script = script ?? (() => undefined);
    const serve = (socket: Socket): void => this.#serve(socket);
    this.#server =
      tls === undefined ? createServer(serve) : createTlsServer({ ...tls, requestCert: 'ca' in tls }, serve);
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
      socket.on('error', () => socket.destroy());
    });
  }

  /** On a free port of 127.0.0.1. */
  static async start(options: MongoResponderOptions = {}): Promise<MongoResponder> {
    const responder = new MongoResponder(options);
    responder.#server.listen(0, '127.0.0.1');
    await once(responder.#server, 'listening');
    return responder;
  }

  /** `127.0.0.1:port`. */
  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** @param credentials `user:password@`, percent-encoded */
  uri(database: string, credentials = ''): string {
    return `mongodb://${credentials}${this.host}/${database}`;
  }

  /** The commands that were work for a client, in their order. */
  get work(): SeenCommand[] {
    return this.commands.filter(({ name }) => isWork(name));
  }

  /** Ends all connections and takes no new ones, as for a client that is gone. */
  refuse(): void {
    this.#isAccepting = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  accept(): void {
    this.#isAccepting = true;
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #serve(socket: Socket): void {
    if (!this.#isAccepting) {
      socket.destroy();
      return;
    }
    socket.on('error', () => socket.destroy());
    const client: Client = { socket, isAdmitted: this.#options.admission === undefined };
    let received: Buffer = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      const { messages, rest } = takeMessages(Buffer.concat([received, chunk]));
      received = rest;
      for (const message of messages) if (!socket.destroyed) this.#meet(client, readRequest(message));
    });
  }

  #meet(client: Client, request: WireRequest): void {
    const seen = this.#note(request);
    const fault = this.script(seen);
    const carryOut = (documents?: number): Document =>
      this.#answer(client, seen, request.payload.slice(0, documents));
    const send = (answer: Document): void => {
      if (isWork(seen.name)) this.#unanswered--;
      if (!request.isUnanswered) client.socket.write(writeAnswer(request, answer));
    };
    if (fault === undefined) send(carryOut());
    else this.#misbehave(fault, client.socket, request, carryOut, send);
  }

  #note({ command }: WireRequest): SeenCommand {
    const [name = ''] = Object.keys(command);
    const target: unknown = name === 'getMore' ? command.collection : command[name];
    if (isWork(name) && this.#unanswered++ === 0) this.#round++;
    const seen = {
      name,
      call: this.commands.filter((other) => other.name === name).length + 1,
      step: this.work.length + (isWork(name) ? 1 : 0),
      round: this.#round,
      collection: typeof target === 'string' ? target : undefined,
      writeConcern: command.writeConcern,
      command,
    };
    this.commands.push(seen);
    return seen;
  }

  /** @param carryOut does the work, or that of so many documents, and gives the answer */
  #misbehave(
    fault: Fault,
    socket: Socket,
    request: WireRequest,
    carryOut: (documents?: number) => Document,
    send: (answer: Document) => void,
  ): void {
    if ('applied' in fault && fault.applied === true) carryOut();
    switch (fault.kind) {
      case 'answer':
        send(fault.answer);
        break;
      case 'write error':
        send({ ...carryOut(fault.error.index), writeErrors: [fault.error] });
        break;
      case 'write concern error':
        send({ ...carryOut(), writeConcernError: fault.error });
        break;
      case 'late': {
        const answer = carryOut();
        setTimeout(() => send(answer), fault.milliseconds).unref();
        break;
      }
      case 'hang':
        break;
      case 'cut':
        socket.destroy();
        break;
      case 'half answer': {
        const answer = writeAnswer(request, carryOut());
        const half = answer.subarray(0, answer.length / 2);
        if (fault.ending === 'cut') socket.end(half);
        else socket.write(half);
        break;
      }
      case 'step down': {
        carryOut(fault.afterDocuments);
        this.role = 'secondary';
        const errorLabels = request.command.txnNumber === undefined ? [] : ['RetryableWriteError'];
        send({ ...error(11602, 'InterruptedDueToReplStateChange', 'not primary'), errorLabels });
        break;
      }
      case 'client dies':
        this.refuse();
        break;
    }
  }

  #answer(client: Client, { name, collection, command }: SeenCommand, payload: Uint8Array[]): Document {
    const { admission, standalone } = this.#options;
    switch (name) {
      case 'hello':
      case 'ismaster':
        return this.#hello();
      case 'authenticate':
        // X.509: without a certificate that it trusts there is no connection.
        client.isAdmitted = admission === 'client certificates';
        return client.isAdmitted ? { ok: 1 } : AUTHENTICATION_FAILED;
      case 'saslStart':
        if (typeof admission !== 'object') return AUTHENTICATION_FAILED;
        client.login = scram(admission);
        client.login.next('');
        return logIn(client, command);
      case 'saslContinue':
        return logIn(client, command);
      case 'ping':
      case 'endSessions':
        return { ok: 1 };
    }
    if (!client.isAdmitted) return error(13, 'Unauthorized', 'command requires authentication');
    if (standalone === true && command.txnNumber !== undefined)
      return error(20, 'IllegalOperation', 'Transaction numbers are only allowed on a replica set member');
    return this.#execute(name, `${command.$db}.${collection}`, command, payload);
  }

  #execute(name: string, namespace: string, command: Document, payload: Uint8Array[]): Document {
    switch (name) {
      case 'find': {
        const found = this.store.find(namespace, command.filter, command.limit);
        const id = this.commands.length;
        this.#cursors.set(
          id,
          found.map(({ bytes }) => bytes),
        );
        return this.#batch(id, namespace, 'firstBatch', command.batchSize);
      }
      case 'getMore':
        return this.#batch(Number(command.getMore), namespace, 'nextBatch', command.batchSize);
      case 'insert': {
        const transaction = `${JSON.stringify(command.lsid)} ${command.txnNumber}`;
        const isRepeat = this.#begun.has(transaction);
        if (command.txnNumber !== undefined) this.#begun.add(transaction);
        return { ok: 1, ...this.store.insert(namespace, payload, isRepeat) };
      }
      case 'update':
        return { ok: 1, ...this.store.update(namespace, payload) };
      case 'delete':
        return { ok: 1, ...this.store.delete(namespace, payload.map(viewOf)) };
      case 'createIndexes':
      case 'killCursors':
        return { ok: 1 };
      case 'listIndexes':
        return error(26, 'NamespaceNotFound', `ns does not exist: ${namespace}`);
      default:
        return error(59, 'CommandNotFound', `no such command: '${name}'`);
    }
  }

  #batch(id: number, ns: string, batch: 'firstBatch' | 'nextBatch', size = DEFAULT_BATCH): Document {
    const rest = this.#cursors.get(id);
    if (rest === undefined) return error(43, 'CursorNotFound', `cursor id ${id} not found`);
    const documents = rest.splice(0, Math.min(size, this.#options.batchLimit ?? Infinity));
    const isDone = rest.length === 0;
    if (isDone) this.#cursors.delete(id);
    return {
      ok: 1,
      cursor: serialize({ ns, id: BSON.Long.fromNumber(isDone ? 0 : id), [batch]: documents }),
    };
  }

  #hello(): Document {
    const { standalone = false, maxWireVersion = 21, batchLimit = 100_000 } = this.#options;
    const isPrimary = this.role === 'primary';
    const primary = isPrimary ? { primary: this.host } : {};
    const member = { setName: 'rs-test', setVersion: 1, hosts: [this.host], me: this.host, ...primary };
    return {
      ok: 1,
      helloOk: true,
      isWritablePrimary: isPrimary,
      ismaster: isPrimary,
      secondary: !isPrimary,
      ...(standalone ? {} : member),
      minWireVersion: 0,
      maxWireVersion,
      maxBsonObjectSize: 16 * 1024 * 1024,
      maxMessageSizeBytes: 48_000_000,
      maxWriteBatchSize: batchLimit,
      logicalSessionTimeoutMinutes: 30,
      saslSupportedMechs: ['SCRAM-SHA-256'],
    };
  }
}

function logIn(client: Client, { payload }: Document): Document {
  const { done, value } = client.login?.next(Buffer.from(payload).toString()) ?? {};
  if (value === undefined) return AUTHENTICATION_FAILED;
  if (done === true) client.isAdmitted = true;
  return { ok: 1, conversationId: 1, done, payload: new BSON.Binary(Buffer.from(value)) };
}

function error(code: number, codeName: string, errmsg: string): Document {
  return { ok: 0, code, codeName, errmsg };
}
