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
export function repeatedKey(name: string, times: number): string {
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
