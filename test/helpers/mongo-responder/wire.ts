import { BSON } from 'mongodb';

/** One command of a client, as it came over the wire. */
export interface WireRequest {
  readonly requestId: number;
  /** The command document; document sequences (kind 1 sections) are in it as arrays of their documents. */
  readonly command: BSON.Document;
  /** The bytes of the documents of `documents`, `updates` and `deletes`, however they were sent. */
  readonly payload: readonly Uint8Array[];
  /** Sent as OP_QUERY, so that OP_REPLY is expected. */
  readonly isLegacy: boolean;
  /** The client asked for no answer (moreToCome: write concern 0). */
  readonly isUnanswered: boolean;
}

const HEADER = 16;
const OP_REPLY = 1;
const OP_QUERY = 2004;
const OP_MSG = 2013;
const CHECKSUM_PRESENT = 1;
const MORE_TO_COME = 2;
const PAYLOADS = ['documents', 'updates', 'deletes'];

const SHORTEST_DOCUMENT = 5;
/** How much of a message an error shows. */
const SHOWN_BYTES = 400;

/**
 * Cuts whole messages off the front of what a connection received.
 * @throws Error if a message says of itself that it is shorter than its head
 */
export function takeMessages(received: Buffer): { messages: Buffer[]; rest: Buffer } {
  const messages: Buffer[] = [];
  let rest = received;
  while (rest.length >= HEADER) {
    const length = rest.readInt32LE(0);
    if (length < HEADER) throw unreadable(rest, new Error(`a message of ${length} bytes`));
    if (rest.length < length) break;
    messages.push(rest.subarray(0, length));
    rest = rest.subarray(length);
  }
  return { messages, rest };
}

/**
 * Reads OP_MSG, and OP_QUERY on `$cmd`, with which drivers greet a server that they don't know.
 * @throws Error that shows the bytes of a message that is neither
 */
export function readRequest(message: Buffer): WireRequest {
  try {
    return readMessage(message);
  } catch (error) {
    throw unreadable(message, error);
  }
}

function unreadable(bytes: Buffer, cause: unknown): Error {
  const shown = bytes.toString('hex', 0, SHOWN_BYTES);
  return new Error(`the test responder got what it can't read (${cause}): ${shown}`, { cause });
}

function readMessage(message: Buffer): WireRequest {
  const requestId = message.readInt32LE(4);
  const opCode = message.readInt32LE(12);
  if (opCode === OP_MSG) return { requestId, isLegacy: false, ...readOpMsg(message) };
  if (opCode !== OP_QUERY) throw new Error(`the test responder does not speak opcode ${opCode}`);
  const nameEnd = message.indexOf(0, HEADER + 4);
  const [database = ''] = message.toString('utf8', HEADER + 4, nameEnd).split('.');
  const { command } = readCommand(documentAt(message, nameEnd + 9));
  return {
    requestId,
    command: { ...command, $db: database },
    payload: [],
    isLegacy: true,
    isUnanswered: false,
  };
}

/** The bytes of an answer. */
export function writeAnswer({ requestId, isLegacy }: WireRequest, body: Uint8Array): Buffer {
  // OP_REPLY: flags, cursor id, first document, number of documents. OP_MSG: flags, kind of the only section.
  const head = Buffer.alloc(HEADER + (isLegacy ? 20 : 5));
  head.writeInt32LE(head.length + body.length, 0);
  head.writeInt32LE(requestId, 8);
  head.writeInt32LE(isLegacy ? OP_REPLY : OP_MSG, 12);
  if (isLegacy) head.writeInt32LE(1, HEADER + 16);
  return Buffer.concat([head, body]);
}

function readOpMsg(message: Buffer): Pick<WireRequest, 'command' | 'payload' | 'isUnanswered'> {
  const flags = message.readUInt32LE(HEADER);
  const end = message.length - ((flags & CHECKSUM_PRESENT) === 0 ? 0 : 4);
  let command: BSON.Document = {};
  const payload: Uint8Array[] = [];
  const sequences: BSON.Document = {};
  let offset = HEADER + 4;
  while (offset < end) {
    const kind = message[offset];
    const length = message.readInt32LE(offset + 1);
    if (length < SHORTEST_DOCUMENT || offset + 1 + length > end) {
      throw new Error(`a section of ${length} bytes in the remaining ${end - offset - 1}`);
    }
    if (kind === 0) {
      const body = readCommand(documentAt(message, offset + 1));
      command = body.command;
      payload.push(...body.payload);
    } else {
      const { name, documents } = readSequence(message.subarray(offset + 5, offset + 1 + length));
      sequences[name] = documents.map(viewOf);
      payload.push(...documents);
    }
    offset += 1 + length;
  }
  return { command: { ...command, ...sequences }, payload, isUnanswered: (flags & MORE_TO_COME) !== 0 };
}

function readSequence(section: Buffer): { name: string; documents: Uint8Array[] } {
  const nameEnd = section.indexOf(0);
  const documents: Uint8Array[] = [];
  for (let offset = nameEnd + 1; offset < section.length; offset += section.readInt32LE(offset)) {
    documents.push(documentAt(section, offset));
  }
  return { name: section.toString('utf8', 0, nameEnd), documents };
}

function readCommand(bytes: Uint8Array): Pick<WireRequest, 'command' | 'payload'> {
  const fieldsAsRaw = Object.fromEntries(PAYLOADS.map((name) => [name, true]));
  const command = BSON.deserialize(bytes, { fieldsAsRaw, promoteBuffers: true });
  const payload: Uint8Array[] = [];
  for (const name of PAYLOADS) {
    const documents: unknown = command[name];
    if (!Array.isArray(documents)) continue;
    const own = documents.filter((document) => document instanceof Uint8Array);
    payload.push(...own);
    command[name] = own.map(viewOf);
  }
  return { command, payload };
}

function documentAt(bytes: Buffer, offset: number): Buffer {
  const length = bytes.readInt32LE(offset);
  if (length < SHORTEST_DOCUMENT || offset + length > bytes.length) {
    throw new Error(`a document of ${length} bytes in the remaining ${bytes.length - offset}`);
  }
  return Buffer.from(bytes.subarray(offset, offset + length));
}

/** A document as JavaScript sees it: repeated names are lost. Good enough to match and to look at. */
export function viewOf(bytes: Uint8Array): BSON.Document {
  return BSON.deserialize(bytes, { validation: { utf8: false } });
}

/** The bytes of `{ cursor: { id, ns, <batch>: [...] }, ok: 1 }` around documents that are kept as they are. */
export function cursorAnswer(
  cursor: { readonly id: bigint; readonly namespace: string; readonly batch: 'firstBatch' | 'nextBatch' },
  documents: readonly Uint8Array[],
): Uint8Array {
  const elements = documents.map((document, index) => element(3, String(index), document));
  const batch = element(4, cursor.batch, documentOf(elements));
  const head = fieldsOf({ id: BSON.Long.fromBigInt(cursor.id), ns: cursor.namespace });
  return documentOf([element(3, 'cursor', documentOf([head, batch])), fieldsOf({ ok: 1 })]);
}

function element(type: number, name: string, value: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(type), Buffer.from(`${name}\0`), value]);
}

function fieldsOf(document: BSON.Document): Uint8Array {
  return BSON.serialize(document).subarray(4, -1);
}

function documentOf(elements: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat([Buffer.alloc(4), ...elements, Buffer.of(0)]);
  body.writeInt32LE(body.length, 0);
  return body;
}
