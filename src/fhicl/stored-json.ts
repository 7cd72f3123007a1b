import { ArtdaqDbError } from '../errors.ts';
import { isJsonObject, type JsonObject, type JsonValue } from './json.ts';
import { readJsonObject } from './json-reader.ts';
import { readContent } from './stored-reader.ts';
import type { Entry, FhiclDocument, Value } from './tree.ts';

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

/** What follows the data, as artdaqDB writes it. */
const METADATA = '\n"metadata" : {\n"prolog" : {\n"type" : "table",\n"comment" : "#prolog"';
const AFTER_NAME = '" : ';
/** Members around data, prolog and main: these three and `document`. */
const OUTER_MEMBERS = 4;

/**
 * `JSON.parse` takes half the time of our own reader, but keeps one of several members of the same name without a word. So
 * what it gives counts only if it holds as many members as the text has names in its data.
 */
function readQuickly(json: string): StoredJson | undefined {
  const end = json.indexOf(METADATA);
  if (end === -1 || json.lastIndexOf(METADATA) !== end) return undefined;
  try {
    const document: JsonValue = JSON.parse(json);
    if (!isJsonObject(document)) return undefined;
    const stored = withContent(document);
    const { prolog, main } = stored.content;
    const members = OUTER_MEMBERS + countMembers(prolog) + countMembers(main);
    return countNames(json, end) === members ? stored : undefined;
  } catch (error) {
    // Our own reader decides if it is malformed, and says where.
    if (error instanceof SyntaxError || error instanceof ArtdaqDbError) return undefined;
    throw error;
  }
}

/** Names of members before `end`; the quote that ends one never has a backslash before it, one within a text always has. */
function countNames(json: string, end: number): number {
  let count = 0;
  let at = json.indexOf(AFTER_NAME);
  while (at !== -1 && at < end) {
    if (json[at - 1] !== '\\') count++;
    at = json.indexOf(AFTER_NAME, at + AFTER_NAME.length);
  }
  return count;
}

function countMembers(entries: readonly Entry[]): number {
  let count = entries.length;
  for (const { value } of entries) count += membersWithin(value);
  return count;
}

function membersWithin(value: Value): number {
  if (value.type === 'table') return countMembers(value.entries);
  if (value.type !== 'sequence') return 0;
  let count = 0;
  for (const element of value.elements) count += membersWithin(element);
  return count;
}

function withContent(document: JsonObject): StoredJson {
  return { document, content: readContent(document) };
}
