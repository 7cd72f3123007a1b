import { ArtdaqDbError } from '../errors.ts';

/** Levels of nesting: twice what FHiCL needs for its own limit, as metadata has two levels for each of data. */
const MAX_DEPTH = 2500;

const QUOTE = '"'.charCodeAt(0);
const BACKSLASH = '\\'.charCodeAt(0);
const COMMA = ','.charCodeAt(0);
const COLON = ':'.charCodeAt(0);
const OPEN_OBJECT = '{'.charCodeAt(0);
const CLOSE_OBJECT = '}'.charCodeAt(0);
const OPEN_ARRAY = '['.charCodeAt(0);
const CLOSE_ARRAY = ']'.charCodeAt(0);
const LITERAL = /true|false|null|-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/y;
const UNESCAPED: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

/**
 * Reads the JSON text of a stored document, with what `JSON.parse` loses or refuses: members of the same name, and control
 * characters that stand in strings as they are.
 * @throws ArtdaqDbError if it isn't JSON, not an object, or nested more than 2500 levels deep
 */
export function readJsonObject(text: string): JsonObject {
  return new Reader(text).document();
}

class Reader {
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

/** Does the quote at this position of a JSON text belong to the content of a string? */
export function isEscaped(text: string, position: number): boolean {
  let backslashes = 0;
  while (text.charCodeAt(position - 1 - backslashes) === BACKSLASH) backslashes++;
  return backslashes % 2 === 1;
}

function withoutEscapes(content: string): string {
  return content.replace(/\\(?:u([0-9a-fA-F]{4})|(.))/gs, (_, code: string | undefined, character: string) =>
    code === undefined ? (UNESCAPED[character] ?? character) : String.fromCharCode(Number.parseInt(code, 16)),
  );
}

/** JSON as artdaqDB uses it. */
export type JsonValue = string | number | boolean | null | JsonValue[] | JsonObject;

/**
 * The members of an object, in the order of the text. artdaqDB's objects may repeat a name, which these can't: see
 * {@link repeatedKey}.
 */
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

/**
 * The key of a member whose name the object has already.
 * @param times how often it has the name before
 */
function repeatedKey(name: string, times: number): string {
  return `${name}\0${times}`;
}

/** The name of a member as it is in the text. */
export function nameOf(key: string): string {
  return key.includes('\0') ? key.replace(/\0\d+$/, '') : key;
}

/** Tells an object from an array, a scalar and nothing. */
export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
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

/** The text as a JSON string with its quotes. Escapes what artdaqDB escapes, other control characters not. */
export function quoteJson(text: string): string {
  return SPECIAL.test(text)
    ? `"${text.replace(/["\\\b\f\n\r\t]/g, (character) => ESCAPES[character] ?? '')}"`
    : `"${text}"`;
}
