import { ArtdaqDbError } from '../errors.ts';
import { isEscaped, isJsonObject, type JsonObject, type JsonValue, readJsonObject } from './json-reader.ts';
import { readContent } from './stored-reader.ts';
import type { FhiclDocument } from './tree.ts';

/** A stored document as read. */
export interface StoredJson {
  /** All members of the stored document. */
  readonly document: JsonObject;
  /** What its members `document` and `comments` hold. */
  readonly content: FhiclDocument;
}

/**
 * Reads the JSON text of a stored document.
 * @throws ArtdaqDbError if it is malformed
 */
export function readStoredJson(json: string): StoredJson {
  return readQuickly(json) ?? withContent(readJsonObject(json));
}

/**
 * Reads the JSON text of a stored document without its content.
 * @throws ArtdaqDbError if it is malformed
 */
export function parseStoredJson(json: string): JsonObject {
  return parseQuickly(json) ?? readJsonObject(json);
}

const QUOTE = '"'.charCodeAt(0);

/**
 * `JSON.parse` takes half the time of our own reader, but keeps one of several members of the same name without a word. So
 * what it gives counts only if it holds as many members as the text has names.
 */
function parseQuickly(json: string): JsonObject | undefined {
  try {
    const document: JsonValue = JSON.parse(json);
    return isJsonObject(document) && countMembers(document) === countNames(json) ? document : undefined;
  } catch (error) {
    // Our own reader decides if it is malformed, and says where.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function readQuickly(json: string): StoredJson | undefined {
  const document = parseQuickly(json);
  try {
    return document && withContent(document);
  } catch (error) {
    if (error instanceof ArtdaqDbError) return undefined;
    throw error;
  }
}

/** Members of the document at all levels, however many. */
function countMembers(document: JsonObject): number {
  let count = 0;
  const unseen: (JsonObject | JsonValue[])[] = [document];
  for (let container = unseen.pop(); container !== undefined; container = unseen.pop()) {
    const values = Array.isArray(container) ? container : Object.values(container);
    if (values !== container) count += values.length;
    for (const value of values) if (typeof value === 'object' && value !== null) unseen.push(value);
  }
  return count;
}

/** Names in a JSON text: quotes with a colon behind. A text that begins with a colon counts too, so it may be too many. */
function countNames(json: string): number {
  let count = 0;
  for (let colon = json.indexOf(':'); colon !== -1; colon = json.indexOf(':', colon + 1)) {
    let at = colon - 1;
    while (isBlank(json.charCodeAt(at))) at--;
    if (json.charCodeAt(at) === QUOTE && !isEscaped(json, at)) count++;
  }
  return count;
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9 || code === 10 || code === 13;
}

function withContent(document: JsonObject): StoredJson {
  return { document, content: readContent(document) };
}
