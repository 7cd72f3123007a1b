import { BSON } from 'mongodb';

/** One command of a client, as it came over the wire. */
export interface WireRequest {
  readonly requestId: number;
  readonly opCode: number;
  readonly command: BSON.Document;
  /** The bytes of the documents, updates or deletes of a write, however they were sent. */
  readonly payload: readonly Uint8Array[];
  /** The client asked for no answer. */
  readonly isUnanswered: boolean;
}

const HEADER = 16;
const OP_REPLY = 1;
const OP_QUERY = 2004;
const OP_MSG = 2013;
const MORE_TO_COME = 2;
const PAYLOADS = ['documents', 'updates', 'deletes'];

/** Cuts whole messages off the front of what a connection received. */
export function takeMessages(received: Buffer): { messages: Buffer[]; rest: Buffer } {
  const messages: Buffer[] = [];
  let rest = received;
  while (rest.length >= HEADER && rest.length >= rest.readInt32LE(0)) {
    messages.push(sized(rest, 0));
    rest = rest.subarray(rest.readInt32LE(0));
  }
  return { messages, rest };
}

/** Reads OP_MSG, and OP_QUERY, with which drivers greet a server that they don't know. */
export function readRequest(message: Buffer): WireRequest {
  const requestId = message.readInt32LE(4);
  const opCode = message.readInt32LE(12);
  if (opCode === OP_QUERY) {
    // Flags, the name of a collection, two numbers, the command.
    const command = BSON.deserialize(message.subarray(message.indexOf(0, HEADER + 4) + 9));
    return { requestId, opCode, command, payload: [], isUnanswered: false };
  }
  if (opCode !== OP_MSG) throw new Error(`the test responder does not speak opcode ${opCode}`);
  let command: BSON.Document = {};
  const payload: Uint8Array[] = [];
  for (let offset = HEADER + 4; offset < message.length; ) {
    const section = sized(message, offset + 1);
    if (message[offset] === 0) command = readCommand(section, payload);
    else payload.push(...readSequence(section));
    offset += 1 + section.length;
  }
  const isUnanswered = (message.readUInt32LE(HEADER) & MORE_TO_COME) !== 0;
  return { requestId, opCode, command, payload, isUnanswered };
}

function readCommand(bytes: Buffer, payload: Uint8Array[]): BSON.Document {
  const fieldsAsRaw = Object.fromEntries(PAYLOADS.map((name) => [name, true]));
  const command = BSON.deserialize(bytes, { fieldsAsRaw, promoteBuffers: true });
  for (const name of PAYLOADS) payload.push(...(command[name] ?? []));
  return command;
}

/** Documents in a section of their own, behind its length and a name. */
function readSequence(section: Buffer): Uint8Array[] {
  const documents: Buffer[] = [];
  for (let offset = section.indexOf(0, 4) + 1; offset < section.length; ) {
    const document = sized(section, offset);
    documents.push(document);
    offset += document.length;
  }
  return documents;
}

/** What begins with its own length. @throws Error if there is less of it */
function sized(bytes: Buffer, offset: number): Buffer {
  const length = bytes.readInt32LE(offset);
  if (length < 5 || offset + length > bytes.length) {
    throw new Error(`the test responder got ${length} bytes in the remaining ${bytes.length - offset}`);
  }
  return bytes.subarray(offset, offset + length);
}

/** A whole message. @param answer see {@link serialize} */
export function writeAnswer({ requestId, opCode }: WireRequest, answer: BSON.Document): Buffer {
  const isLegacy = opCode === OP_QUERY;
  const body = serialize(answer);
  // OP_REPLY: flags, cursor id, first document, number of documents. OP_MSG: flags, kind of the only section.
  const head = Buffer.alloc(HEADER + (isLegacy ? 20 : 5));
  head.writeInt32LE(head.length + body.length, 0);
  head.writeInt32LE(requestId, 8);
  head.writeInt32LE(isLegacy ? OP_REPLY : OP_MSG, 12);
  if (isLegacy) head.writeInt32LE(1, HEADER + 16);
  return Buffer.concat([head, body]);
}

/** The BSON of a document that may hold BSON as bytes, of a document or of each in an array. */
export function serialize(document: BSON.Document): Buffer {
  const elements = Object.entries(document).map(([name, value]) => {
    if (value instanceof Uint8Array) return element(3, name, value);
    const isOfBytes = Array.isArray(value) && value.every((each) => each instanceof Uint8Array);
    return isOfBytes
      ? element(4, name, serialize({ ...value }))
      : BSON.serialize({ [name]: value }).subarray(4, -1);
  });
  return documentOf(elements);
}

function element(type: number, name: string, value: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(type), Buffer.from(`${name}\0`), value]);
}

/** @param elements type, name and value each */
export function documentOf(elements: readonly Uint8Array[]): Buffer {
  const document = Buffer.concat([Buffer.alloc(4), ...elements, Buffer.of(0)]);
  document.writeInt32LE(document.length, 0);
  return document;
}
