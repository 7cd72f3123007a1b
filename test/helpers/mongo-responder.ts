import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createServer as createTlsServer, TLSSocket } from 'node:tls';
import type { BSON } from 'mongodb';
import { type Admission, Authentication } from './mongo-responder/authentication.ts';
import { CommandExecutor, isWrite } from './mongo-responder/commands.ts';
import { bytesOf, misbehave } from './mongo-responder/misbehave.ts';
import { notPrimary } from './mongo-responder/not-primary.ts';
import { isWork, type Script, type SeenCommand } from './mongo-responder/script.ts';
import { MemoryStore, type WriteError } from './mongo-responder/store.ts';
import { readRequest, takeMessages, type WireRequest, writeAnswer } from './mongo-responder/wire.ts';

/** How a responder is set up. */
export interface MongoResponderOptions {
  /** What goes wrong; nothing by default. */
  readonly script?: Script;
  /** Everybody by default. */
  readonly admission?: Admission;
  /** PEM texts. With `ca`, clients must show a certificate that it signed. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly ca?: string };
  /** Newest protocol that it announces: 12 is MongoDB 4.4, 13 is 5.0, 21 is 7.0 (the default). */
  readonly maxWireVersion?: number;
  readonly role?: 'primary' | 'secondary';
  /** No member of a replica set: without retryable writes. */
  readonly standalone?: boolean;
  /**
   * Most documents that it takes in one write, and that it gives in one part of an answer; two at least: for a server that
   * takes one, the driver (7.9) begins with an insert of none, whose length it leaves as memory happens to be.
   */
  readonly batchLimit?: number;
}

const REPLICA_SET = 'rs-test';
const UNAUTHENTICATED = {
  ok: 0,
  code: 13,
  codeName: 'Unauthorized',
  errmsg: 'command requires authentication',
};

const NOT_RETRYABLE = {
  ok: 0,
  code: 20,
  codeName: 'IllegalOperation',
  errmsg: 'Transaction numbers are only allowed on a replica set member or mongos',
};

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
  role: 'primary' | 'secondary';
  readonly #options: MongoResponderOptions;
  readonly #executor: CommandExecutor;
  readonly #sockets = new Set<Socket>();
  readonly #server;
  #isAccepting = true;
  #round = 0;
  #unanswered = 0;
  readonly #unreadable: unknown[] = [];

  private constructor(options: MongoResponderOptions) {
    if (options.batchLimit !== undefined && options.batchLimit < 2)
      throw new RangeError('batchLimit below 2');
    this.#options = options;
    this.#executor = new CommandExecutor(this.store, options.batchLimit);
    this.script = options.script ?? (() => undefined);
    this.role = options.role ?? 'primary';
    const serve = (socket: Socket): void => this.#serve(socket);
    const { tls } = options;
    this.#server =
      tls === undefined
        ? createServer(serve)
        : createTlsServer({ ...tls, requestCert: tls.ca !== undefined, rejectUnauthorized: true }, serve);
  }

  /** On a free port of 127.0.0.1. */
  static async start(options: MongoResponderOptions = {}): Promise<MongoResponder> {
    const responder = new MongoResponder(options);
    responder.#server.on('connection', (socket: Socket) => {
      responder.#sockets.add(socket);
      socket.once('close', () => responder.#sockets.delete(socket));
      socket.on('error', () => socket.destroy());
    });
    responder.#server.listen(0, '127.0.0.1');
    await once(responder.#server, 'listening');
    return responder;
  }

  /** `127.0.0.1:port`. */
  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** @param credentials `user:password@`, percent-encoded */
  uri(database: string, credentials = '', parameters = ''): string {
    return `mongodb://${credentials}${this.host}/${database}${parameters === '' ? '' : `?${parameters}`}`;
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

  /** @throws the error of the first message that it could not read, as the test that sent it must fail */
  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
    if (this.#unreadable.length > 0) throw this.#unreadable[0];
  }

  #serve(socket: Socket): void {
    if (!this.#isAccepting) {
      socket.destroy();
      return;
    }
    socket.on('error', () => socket.destroy());
    const authentication = new Authentication(this.#options.admission ?? 'everybody', subjectOf(socket));
    let received: Buffer = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      const requests = this.#readable(socket, () => {
        const { messages, rest } = takeMessages(received);
        received = rest;
        return messages.map(readRequest);
      });
      for (const request of requests) {
        if (!socket.destroyed) this.#meet(socket, authentication, request);
      }
    });
  }

  /** Thrown here, an error would end the test run without a word of which test it was. */
  #readable(socket: Socket, read: () => WireRequest[]): WireRequest[] {
    try {
      return read();
    } catch (error) {
      this.#unreadable.push(error);
      socket.destroy();
      return [];
    }
  }

  #meet(socket: Socket, authentication: Authentication, request: WireRequest): void {
    const seen = this.#note(request);
    const carryOut = (refused?: WriteError): Uint8Array =>
      bytesOf(this.#answer(seen, request, authentication, refused));
    const send = (answer: Uint8Array): void => {
      if (isWork(seen.name)) this.#unanswered--;
      if (!request.isUnanswered) socket.write(writeAnswer(request, answer));
    };
    const fault = this.script(seen);
    if (fault === undefined) send(carryOut());
    else misbehave(fault, { socket, request, carryOut, send, server: this });
  }

  #note({ command, payload }: WireRequest): SeenCommand {
    const name = Object.keys(command)[0] ?? '';
    const target: unknown = name === 'getMore' ? command.collection : command[name];
    if (isWork(name) && this.#unanswered++ === 0) this.#round++;
    const seen = {
      name,
      call: this.commands.filter((other) => other.name === name).length + 1,
      step: this.work.length + (isWork(name) ? 1 : 0),
      round: this.#round,
      database: String(command.$db),
      collection: typeof target === 'string' ? target : undefined,
      documents: payload.length,
      writeConcern: command.writeConcern,
      command,
    };
    this.commands.push(seen);
    return seen;
  }

  #answer(
    { name, database, collection }: SeenCommand,
    request: WireRequest,
    authentication: Authentication,
    refused: WriteError | undefined,
  ): BSON.Document | Uint8Array {
    const { command } = request;
    switch (name) {
      case 'hello':
      case 'ismaster':
        return this.#hello();
      case 'authenticate':
        return authentication.authenticate(command);
      case 'saslStart':
        return authentication.start(command);
      case 'saslContinue':
        return authentication.continue(command);
      case 'ping':
      case 'endSessions':
        return { ok: 1 };
    }
    if (!authentication.isAdmitted) return UNAUTHENTICATED;
    if (this.#options.standalone === true && command.txnNumber !== undefined) return NOT_RETRYABLE;
    if (this.role === 'secondary' && isWrite(name)) return notPrimary('NotWritablePrimary', command);
    const mode: unknown = command.$readPreference?.mode;
    if (this.role === 'secondary' && (mode === undefined || mode === 'primary'))
      return notPrimary('NotPrimaryNoSecondaryOk', command);
    try {
      return this.#executor.execute({ name, namespace: `${database}.${collection ?? ''}`, request, refused });
    } catch (error) {
      return { ok: 0, code: 115, codeName: 'CommandNotSupported', errmsg: String(error) };
    }
  }

  #hello(): BSON.Document {
    const isPrimary = this.role === 'primary';
    return {
      ok: 1,
      helloOk: true,
      isWritablePrimary: isPrimary,
      ismaster: isPrimary,
      secondary: !isPrimary,
      ...(this.#options.standalone === true ? {} : this.#membership()),
      minWireVersion: 0,
      maxWireVersion: this.#options.maxWireVersion ?? 21,
      maxBsonObjectSize: 16 * 1024 * 1024,
      maxMessageSizeBytes: 48_000_000,
      maxWriteBatchSize: this.#options.batchLimit ?? 100_000,
      logicalSessionTimeoutMinutes: 30,
      saslSupportedMechs: ['SCRAM-SHA-256'],
    };
  }

  #membership(): BSON.Document {
    const primary = this.role === 'primary' ? { primary: this.host } : {};
    return { setName: REPLICA_SET, setVersion: 1, hosts: [this.host], me: this.host, ...primary };
  }
}

function subjectOf(socket: Socket): string | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  const { subject } = socket.getPeerCertificate();
  return Object.entries(subject ?? {})
    .map(([name, value]) => `${name}=${value}`)
    .join(',');
}
