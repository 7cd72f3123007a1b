import { ArtdaqDbError } from '../errors.ts';
import { JsonObject, type JsonValue } from './json.ts';
import type { Comment, Entry, FhiclDocument, Protection, Value } from './tree.ts';
import { isScalarType, MAX_DEPTH } from './tree.ts';

/**
 * The FHiCL document in a stored one, read as {@link JsonObject}. Data and metadata are paired by position, so that
 * repeated keys keep their own; only if their keys differ in order, by name. Comments may be left out by the caller.
 * @throws ArtdaqDbError if it is malformed
 */
export function readContent(stored: JsonObject): FhiclDocument {
  const document = object(stored.get('document'), 'document');
  const data = object(document.get('data'), 'document.data');
  const metadata = object(document.get('metadata'), 'document.metadata');
  const section = (name: string) => {
    const table = object(metadata.get(name), `document.metadata.${name}`);
    return readEntries(object(data.get(name), `document.data.${name}`), table, name, 0);
  };
  return { prolog: section('prolog'), main: section('main'), comments: readComments(stored.get('comments')) };
}

function readComments(stored: JsonValue | undefined): Comment[] {
  const comments: Comment[] = [];
  for (const each of Array.isArray(stored) ? stored : []) {
    const comment = object(each, 'comments');
    const line = comment.get('linenum');
    if (typeof line !== 'number') malformed('comments', 'a line number is missing');
    if (line > 0) comments.push({ line, text: text(comment.get('value'), 'comments') });
  }
  return comments;
}

function readEntries(data: JsonObject, metadata: JsonObject, path: string, depth: number): Entry[] {
  const children = object(metadata.get('children'), `the children of ${path}`);
  const notes = pair(data.keys, children);
  return data.keys.map((key, index) => {
    const place = `${path}.${key}`;
    const note = object(notes[index], `the metadata of ${place}`);
    const protection = readProtection(note.get('protection'), place);
    return { key, protection, value: readValue(data.values[index], note, place, depth + 1) };
  });
}

function readValue(data: JsonValue | undefined, metadata: JsonObject, path: string, depth: number): Value {
  if (depth > MAX_DEPTH + 1) malformed(path, `tables and sequences are nested more than ${MAX_DEPTH} deep`);
  const type = text(metadata.get('type'), path);
  const comment = text(metadata.get('comment') ?? '', path);
  if (type === 'table') {
    return { type, entries: readEntries(object(data, path), metadata, path, depth), comment };
  }
  const annotation = text(metadata.get('annotation') ?? '', path);
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
  const children = object(metadata.get('children'), `the children of ${path}`);
  const notes = pair(
    data.map((_, index) => String(index)),
    children,
  );
  return data.map((element, index) => {
    const place = `${path}[${index}]`;
    return readValue(element, object(notes[index], `the metadata of ${place}`), place, depth + 1);
  });
}

/** The metadata of each key; the n-th of several equal keys gets the n-th of that name. */
function pair(keys: readonly string[], children: JsonObject): readonly (JsonValue | undefined)[] {
  if (keys.every((key, index) => key === children.keys[index])) return children.values;
  const byName = new Map<string, JsonValue[]>();
  children.keys.forEach((key, index) => {
    const named = byName.get(key) ?? [];
    byName.set(key, [...named, children.values[index] ?? null]);
  });
  return keys.map((key) => byName.get(key)?.shift());
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
  return stored instanceof JsonObject ? stored : malformed(path, 'an object is missing');
}

function malformed(path: string, problem: string): never {
  throw new ArtdaqDbError(`stored document is malformed at ${path}: ${problem}`);
}
