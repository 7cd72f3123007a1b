import { ArtdaqDbError } from '../errors.ts';
import { isJsonObject, type JsonObject, type JsonValue, nameOf } from './json.ts';
import type { Comment, Entry, FhiclDocument, Protection, Value } from './tree.ts';
import { isScalarType, MAX_DEPTH } from './tree.ts';

/**
 * The FHiCL document in a stored one. The n-th of several equal keys gets the n-th metadata of that name. Comments may be
 * left out by the caller.
 * @throws ArtdaqDbError if it is malformed
 */
export function readContent(stored: JsonObject): FhiclDocument {
  const document = object(stored.document, 'document');
  const data = object(document.data, 'document.data');
  const metadata = object(document.metadata, 'document.metadata');
  const section = (name: string) => {
    const table = object(metadata[name], `document.metadata.${name}`);
    return readEntries(object(data[name], `document.data.${name}`), table, name, 0);
  };
  return { prolog: section('prolog'), main: section('main'), comments: readComments(stored.comments) };
}

function readComments(stored: JsonValue | undefined): Comment[] {
  const comments: Comment[] = [];
  for (const each of Array.isArray(stored) ? stored : []) {
    const comment = object(each, 'comments');
    const line = comment.linenum;
    if (typeof line !== 'number') malformed('comments', 'a line number is missing');
    if (line > 0) comments.push({ line, text: text(comment.value, 'comments') });
  }
  return comments;
}

function readEntries(data: JsonObject, metadata: JsonObject, path: string, depth: number): Entry[] {
  const notes = object(metadata.children, `the children of ${path}`);
  return Object.keys(data).map((key) => {
    const place = `${path}.${key}`;
    const note = object(notes[key], `the metadata of ${place}`);
    const protection = readProtection(note.protection, place);
    return { key: nameOf(key), protection, value: readValue(data[key], note, place, depth + 1) };
  });
}

function readValue(data: JsonValue | undefined, metadata: JsonObject, path: string, depth: number): Value {
  if (depth > MAX_DEPTH + 1) malformed(path, `tables and sequences are nested more than ${MAX_DEPTH} deep`);
  const type = text(metadata.type, path);
  const comment = text(metadata.comment ?? '', path);
  if (type === 'table') {
    return { type, entries: readEntries(object(data, path), metadata, path, depth), comment };
  }
  const annotation = text(metadata.annotation ?? '', path);
  if (type === 'sequence')
    return { type, elements: readElements(data, metadata, path, depth), comment, annotation };
  if (!isScalarType(type)) return malformed(path, `there is no type "${type}"`);
  return { type, text: scalar(data, path), comment, annotation };
}

function readElements(
  data: JsonValue | undefined,
  metadata: JsonObject,
  path: string,
  depth: number,
): Value[] {
  if (!Array.isArray(data)) return malformed(path, 'its data is no array');
  const notes = object(metadata.children, `the children of ${path}`);
  return data.map((element, index) => {
    const place = `${path}[${index}]`;
    return readValue(element, object(notes[index], `the metadata of ${place}`), place, depth + 1);
  });
}

function readProtection(stored: JsonValue | undefined, path: string): Protection {
  if (stored === undefined || stored === '@none') return '';
  if (stored === '@protect_ignore' || stored === '@protect_error') return stored;
  return malformed(path, 'there is no such protection');
}

/** Scalars are stored as strings; numbers and booleans come from documents edited with other tools. */
function scalar(stored: JsonValue | undefined, path: string): string {
  if (typeof stored === 'number' || typeof stored === 'boolean') return String(stored);
  return text(stored, path);
}

function text(stored: JsonValue | undefined, path: string): string {
  return typeof stored === 'string' ? stored : malformed(path, 'a text is missing');
}

function object(stored: JsonValue | undefined, path: string): JsonObject {
  return isJsonObject(stored) ? stored : malformed(path, 'an object is missing');
}

function malformed(path: string, problem: string): never {
  throw new ArtdaqDbError(`stored document is malformed at ${path}: ${problem}`);
}
