import { ArtdaqDbError } from '../errors.ts';
import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  jsonArray,
  jsonObject,
  memberName,
  parseQuickly,
  quoteJson,
  readJsonObject,
} from './json.ts';
import {
  type Comment,
  type Entry,
  type FhiclDocument,
  isScalarType,
  MAX_DEPTH,
  type Protection,
  type Value,
} from './tree.ts';

/** The stored document but for its end: members that follow `document` and `comments`, and the closing bracket. */
export function writeContent({ prolog, main, comments }: FhiclDocument): string {
  const sections = [tableData(prolog), tableData(main), tableMetadata(prolog), tableMetadata(main)] as const;
  return contentOf(...sections) + commentList(comments);
}

/** The stored document up to its comments, of the JSON texts of its sections. */
export function contentOf(
  prolog: string,
  main: string,
  prologMetadata: string,
  mainMetadata: string,
): string {
  const data = jsonObject(`"prolog" : ${prolog},\n"main" : ${main}`);
  const metadata = jsonObject(
    `"prolog" : ${section('#prolog', prologMetadata)},\n"main" : ${section('#main', mainMetadata)}`,
  );
  const end = `"metadata" : ${metadata},\n"search" : ${jsonArray('')}\n}`;
  return `{\n"document" : {\n"data" : ${data},\n${end},\n"comments" : `;
}

function section(comment: string, children: string): string {
  return jsonObject(`"type" : "table",\n"comment" : "${comment}",\n"children" : ${children}`);
}

/** The comments of a stored document, as JSON text. */
export function commentList(comments: readonly Comment[]): string {
  const stored = comments.length > 0 ? comments : [{ line: 0, text: 'No comments' }];
  return jsonArray(
    stored
      .map(({ line, text }) => jsonObject(`"linenum" : ${line},\n"value" : ${quoteJson(text)}`))
      .join(',\n'),
  );
}

function valueData(value: Value): string {
  switch (value.type) {
    case 'table':
      return tableData(value.entries);
    case 'sequence': {
      let elements = '';
      for (const element of value.elements) elements += (elements && ',\n') + valueData(element);
      return jsonArray(elements);
    }
    default:
      return value.type.startsWith('string') ? quoteJson(value.text) : `"${value.text}"`;
  }
}

function tableData(entries: readonly Entry[]): string {
  let members = '';
  for (const { key, value } of entries) members += `${members && ',\n'}"${key}" : ${valueData(value)}`;
  return jsonObject(members);
}

function tableMetadata(entries: readonly Entry[]): string {
  let members = '';
  for (const { key, value, protection } of entries) {
    members += `${members && ',\n'}"${key}" : ${valueMetadata(value, protection)}`;
  }
  return jsonObject(members);
}

function valueMetadata(value: Value, protection: string): string {
  const annotation = value.type === 'table' ? '' : value.annotation;
  const start = metadataStart(value.type, value.comment, annotation, protection);
  if (value.type === 'table') return `${start}${tableMetadata(value.entries)}\n}`;
  if (value.type !== 'sequence') return start;
  let children = '';
  let index = 0;
  for (const element of value.elements) {
    children += `${children && ',\n'}"${index++}" : ${valueMetadata(element, '')}`;
  }
  return `${start}${jsonObject(children)}\n}`;
}

/** The metadata of a value: all of it, or as far as the children of a table or sequence. */
export function metadataStart(
  type: Value['type'],
  comment: string,
  annotation: string,
  protection: string,
): string {
  const guard = protection && `,\n"protection" : "${protection}"`;
  const quote = (text: string) => (text === '' ? '""' : quoteJson(text));
  const start = `{\n"type" : "${type}",\n"comment" : ${quote(comment)}`;
  if (type === 'table') return `${start}${guard},\n"children" : `;
  const noted = `${start},\n"annotation" : ${quote(annotation)}${guard}`;
  return type === 'sequence' ? `${noted},\n"children" : ` : `${noted}\n}`;
}

/** A stored document as read. */
export interface StoredJson {
  /** All members of the stored document. */
  readonly document: JsonObject;
  /** The FHiCL document that its members `document` and `comments` hold. */
  readonly content: FhiclDocument;
}

/**
 * Reads the JSON text of a stored document.
 * @throws ArtdaqDbError if it is malformed
 */
export function readStoredJson(json: string): StoredJson {
  return readQuickly(json) ?? withContent(readJsonObject(json));
}

/** Leaves it to {@link readJsonObject} to say what is wrong. */
function readQuickly(json: string): StoredJson | undefined {
  const document = parseQuickly(json);
  try {
    return document && withContent(document);
  } catch (error) {
    if (error instanceof ArtdaqDbError) return undefined;
    throw error;
  }
}

function withContent(document: JsonObject): StoredJson {
  return { document, content: readContent(document) };
}

/**
 * The FHiCL document in a stored one. The n-th of several equal keys gets the n-th metadata of that name. Comments
 * may be missing.
 * @throws ArtdaqDbError if it is malformed
 */
export function readContent(stored: JsonObject): FhiclDocument {
  return new ContentReader().read(stored);
}

class ContentReader {
  /** The place in the document, for messages; joined only when there is one, as documents have many values. */
  readonly #place: (string | number)[] = [];

  read(stored: JsonObject): FhiclDocument {
    const document = this.#at('document', () => this.#object(stored.document));
    const data = this.#at('document.data', () => this.#object(document.data));
    const metadata = this.#at('document.metadata', () => this.#object(document.metadata));
    const section = (name: string) =>
      this.#at(name, () => this.#entries(this.#object(data[name]), this.#object(metadata[name])));
    return {
      prolog: section('prolog'),
      main: section('main'),
      comments: this.#at('comments', () => this.#comments(stored.comments)),
    };
  }

  #at<T>(step: string | number, read: () => T): T {
    this.#place.push(step);
    const result = read();
    this.#place.pop();
    return result;
  }

  #comments(stored: JsonValue | undefined): Comment[] {
    const comments: Comment[] = [];
    for (const each of Array.isArray(stored) ? stored : []) {
      const comment = this.#object(each);
      const line = comment.linenum;
      if (typeof line !== 'number') this.#malformed('a line number is missing');
      if (line > 0) comments.push({ line, text: this.#text(comment.value) });
    }
    return comments;
  }

  #entries(data: JsonObject, metadata: JsonObject): Entry[] {
    const notes = this.#object(metadata.children);
    return Object.keys(data).map((key) => {
      this.#place.push(key);
      const note = this.#object(notes[key]);
      const protection = this.#protection(note.protection);
      const entry = { key: memberName(key), protection, value: this.#value(data[key], note) };
      this.#place.pop();
      return entry;
    });
  }

  #value(data: JsonValue | undefined, metadata: JsonObject): Value {
    if (this.#place.length > MAX_DEPTH + 2) {
      this.#malformed(`tables and sequences are nested more than ${MAX_DEPTH} deep`);
    }
    const type = this.#text(metadata.type);
    const comment = this.#text(metadata.comment ?? '');
    if (type === 'table') return { type, entries: this.#entries(this.#object(data), metadata), comment };
    const annotation = this.#text(metadata.annotation ?? '');
    if (type === 'sequence') return { type, elements: this.#elements(data, metadata), comment, annotation };
    if (!isScalarType(type)) return this.#malformed(`there is no type "${type}"`);
    return { type, text: this.#scalar(data), comment, annotation };
  }

  #elements(data: JsonValue | undefined, metadata: JsonObject): Value[] {
    if (!Array.isArray(data)) return this.#malformed('its data is no array');
    const notes = this.#object(metadata.children);
    return data.map((element, index) => {
      this.#place.push(index);
      const value = this.#value(element, this.#object(notes[index]));
      this.#place.pop();
      return value;
    });
  }

  #protection(stored: JsonValue | undefined): Protection {
    if (stored === undefined || stored === '@none') return '';
    if (stored === '@protect_ignore' || stored === '@protect_error') return stored;
    return this.#malformed('there is no such protection');
  }

  /** Scalars are stored as strings; numbers and booleans come from documents edited with other tools. */
  #scalar(stored: JsonValue | undefined): string {
    if (typeof stored === 'number' || typeof stored === 'boolean') return String(stored);
    return this.#text(stored);
  }

  #text(stored: JsonValue | undefined): string {
    return typeof stored === 'string' ? stored : this.#malformed('a text is missing');
  }

  #object(stored: JsonValue | undefined): JsonObject {
    return isJsonObject(stored) ? stored : this.#malformed('an object is missing, or its metadata');
  }

  #malformed(problem: string): never {
    throw new ArtdaqDbError(`stored document is malformed at ${this.#place.join('.')}: ${problem}`);
  }
}
