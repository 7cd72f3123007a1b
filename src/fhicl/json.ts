import { ArtdaqDbError } from '../errors.ts';

/** JSON as artdaqDB writes it: names may be repeated, and control characters may stand in strings as they are. */
export type JsonValue = string | number | boolean | null | JsonValue[] | JsonObject;

/**
 * The members of an object, in the order of the text. artdaqDB's objects may repeat a name, which these can't: each
 * repeated one gets a key of its own, of which {@link memberName} gives the name.
 */
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

/** Tells an object from an array, a scalar and nothing. */
export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @param times how often the object has the name before */
function repeatedKey(name: string, times: number): string {
  return `${name}\0${times}`;
}

/** The name of a member as it is in the text. */
export function memberName(key: string): string {
  return key.includes('\0') ? key.replace(/\0\d+$/, '') : key;
}

const SPECIAL = /["\\\b\f\n\r\t]/;
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

/** The text as a JSON string with its quotes. Escapes what artdaqDB escapes, but no other control character. */
export function quoteJson(text: string): string {
  return SPECIAL.test(text)
    ? `"${text.replace(/["\\\b\f\n\r\t]/g, (character) => ESCAPES[character] ?? '')}"`
    : `"${text}"`;
}

/** An object as artdaqDB writes it, of members that are JSON text. */
export function jsonObject(members: string): string {
  return `{\n${members}\n}`;
}

/** An array as artdaqDB writes it, of elements that are JSON text. */
export function jsonArray(elements: string): string {
  return `[\n${elements}\n]`;
}

const QUOTE = '"'.charCodeAt(0);
const BACKSLASH = '\\'.charCodeAt(0);
const COMMA = ','.charCodeAt(0);
const COLON = ':'.charCodeAt(0);
const OPEN_OBJECT = '{'.charCodeAt(0);
const CLOSE_OBJECT = '}'.charCodeAt(0);
const OPEN_ARRAY = '['.charCodeAt(0);
const CLOSE_ARRAY = ']'.charCodeAt(0);

/**
 * Reads the JSON text of a stored document as {@link readJsonObject} does, in half the time where no name is repeated.
 * @throws ArtdaqDbError if it is malformed
 */
export function parseStoredJson(json: string): JsonObject {
  return parseQuickly(json) ?? readJsonObject(json);
}

/**
 * Reads a JSON text with `JSON.parse`, which keeps one of several members of the same name without a word. So its
 * result counts only if it holds as many members as the text has names.
 */
export function parseQuickly(json: string): JsonObject | undefined {
  try {
    const document: JsonValue = JSON.parse(json);
    return isJsonObject(document) && countMembers(document) === countNames(json) ? document : undefined;
  } catch (error) {
    // Our own reader decides whether the text is malformed, and says where.
    if (error instanceof SyntaxError) return undefined;
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

/** Names in a JSON text: quotes with a colon behind. A string that begins with a colon counts, too. */
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

/** Does the quote at this position of a JSON text belong to the content of a string? */
function isEscaped(text: string, position: number): boolean {
  let backslashes = 0;
  while (text.charCodeAt(position - 1 - backslashes) === BACKSLASH) backslashes++;
  return backslashes % 2 === 1;
}

/** Levels of nesting: twice what FHiCL needs for its own limit, as metadata has two levels for each of data. */
const MAX_DEPTH = 2500;
const LITERAL = /true|false|null|-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/y;
const UNESCAPED: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

/**
 * Reads the JSON text of a stored document, with what `JSON.parse` loses or refuses.
 * @throws ArtdaqDbError if it isn't JSON, not an object, or nested more than 2500 levels deep
 */
export function readJsonObject(text: string): JsonObject {
  return new JsonReader(text).document();
}

class JsonReader {
  readonly #text: string;
  #position = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): JsonObject {
    if (this.#next() !== OPEN_OBJECT) this.#fail('a { was expected');
    const document = this.#object();
    if (!Number.isNaN(this.#next())) this.#fail('something follows the document');
    return document;
  }

  #value(): JsonValue {
    const code = this.#next();
    if (code === QUOTE) return this.#string();
    if (code === OPEN_OBJECT) return this.#object();
    if (code === OPEN_ARRAY) return this.#array();
    return this.#literal();
  }

  #object(): JsonObject {
    const members: Record<string, JsonValue> = Object.create(null);
    const repeated = new Map<string, number>();
    this.#enter();
    if (this.#next() === CLOSE_OBJECT) return this.#leave(members);
    for (;;) {
      if (this.#next() !== QUOTE) this.#fail('a name in quotes was expected');
      const name = this.#string();
      let key = name;
      if (name in members) {
        const times = (repeated.get(name) ?? 0) + 1;
        repeated.set(name, times);
        key = repeatedKey(name, times);
      }
      if (this.#next() !== COLON) this.#fail('a : was expected');
      this.#position++;
      members[key] = this.#value();
      if (this.#ends(CLOSE_OBJECT)) return this.#leave(members);
    }
  }

  #array(): JsonValue[] {
    const array: JsonValue[] = [];
    this.#enter();
    if (this.#next() === CLOSE_ARRAY) return this.#leave(array);
    for (;;) {
      array.push(this.#value());
      if (this.#ends(CLOSE_ARRAY)) return this.#leave(array);
    }
  }

  #enter(): void {
    this.#position++;
    this.#depth++;
    if (this.#depth > MAX_DEPTH) this.#fail(`there are more than ${MAX_DEPTH} levels of nesting`);
  }

  #leave<T>(container: T): T {
    this.#position++;
    this.#depth--;
    return container;
  }

  /** After a member: is this the end of its container? Otherwise a comma, which is taken. */
  #ends(close: number): boolean {
    const code = this.#next();
    if (code === close) return true;
    if (code !== COMMA) this.#fail('a comma or a closing bracket was expected');
    this.#position++;
    return false;
  }

  #string(): string {
    const text = this.#text;
    const start = this.#position + 1;
    let end = text.indexOf('"', start);
    while (end !== -1 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
    if (end === -1) this.#fail('the closing quote of this string is missing');
    this.#position = end + 1;
    const content = text.slice(start, end);
    return content.includes('\\') ? withoutEscapes(content) : content;
  }

  #literal(): number | boolean | null {
    LITERAL.lastIndex = this.#position;
    if (!LITERAL.test(this.#text)) this.#fail('a value was expected');
    const literal = this.#text.slice(this.#position, LITERAL.lastIndex);
    this.#position = LITERAL.lastIndex;
    return literal === 'null' ? null : literal === 'true' || (literal !== 'false' && Number(literal));
  }

  /** Skips white space. @returns the code of the character that follows, NaN at the end */
  #next(): number {
    let code = this.#text.charCodeAt(this.#position);
    while (code === 32 || (code >= 9 && code <= 13)) code = this.#text.charCodeAt(++this.#position);
    return code;
  }

  #fail(problem: string): never {
    throw new ArtdaqDbError(`stored document is no JSON: at character ${this.#position + 1}, ${problem}`);
  }
}

function withoutEscapes(content: string): string {
  return content.replace(/\\(?:u([0-9a-fA-F]{4})|(.))/gs, (_, code: string | undefined, character: string) =>
    code === undefined ? (UNESCAPED[character] ?? character) : String.fromCharCode(Number.parseInt(code, 16)),
  );
}
