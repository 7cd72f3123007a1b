import { ArtdaqDbError } from '../errors.ts';
import { isJsonObject, type JsonObject, type JsonValue } from './json.ts';
import { readJsonObject } from './json-reader.ts';
import { readContent } from './stored-reader.ts';
import { writeBeginning } from './stored-writer.ts';
import type { FhiclDocument } from './tree.ts';

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
 * `JSON.parse` takes half the time of our own reader, but keeps one of several members of the same name without a word. So
 * what it gives counts only if its data, written again, is what the text begins with.
 */
function readQuickly(json: string): StoredJson | undefined {
  try {
    const document: JsonValue = JSON.parse(json);
    if (!isJsonObject(document)) return undefined;
    const stored = withContent(document);
    return json.startsWith(writeBeginning(stored.content)) ? stored : undefined;
  } catch (error) {
    // Our own reader decides if it is malformed, and says where.
    if (error instanceof SyntaxError || error instanceof ArtdaqDbError) return undefined;
    throw error;
  }
}

function withContent(document: JsonObject): StoredJson {
  return { document, content: readContent(document) };
}
