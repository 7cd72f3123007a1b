import { isJsonObject, type JsonObject, type JsonValue, nameOf, quoteJson } from './json.ts';
import { readJsonObject } from './json-reader.ts';
import { parseFhicl } from './parse.ts';
import { jsonArray, jsonObject, writeContent } from './stored-writer.ts';

/**
 * A stored document with another content: id, stamps and all else that it is filed under stay as they are, so that indexes
 * go on to fit.
 * @param stored its JSON text
 * @param file FHiCL; its name is used in messages
 * @throws FhiclError if artdaqDB would refuse the text, ArtdaqDbError if the stored document is malformed
 */
export function amendedJson(stored: string, file: { readonly name: string; readonly text: string }): string {
  const content = writeContent(parseFhicl(file.text, file.name));
  const { document: _content, comments: _comments, ...kept } = readJsonObject(stored);
  return `${content},\n${members(kept)}\n}`;
}

function members(object: JsonObject): string {
  return Object.keys(object)
    .map((key) => `${quoteJson(nameOf(key))} : ${jsonText(object[key] ?? null)}`)
    .join(',\n');
}

function jsonText(value: JsonValue): string {
  if (typeof value === 'string') return quoteJson(value);
  if (Array.isArray(value)) return jsonArray(value.map(jsonText).join(',\n'));
  return isJsonObject(value) ? jsonObject(members(value)) : String(value);
}
