/**
 * JSON as artdaqDB uses it: members in order, names that may repeat, and strings that may hold control characters as they
 * are. `JSON.parse` keeps neither order of digits-only names nor repeated ones and refuses the last.
 */
export type JsonValue = string | number | boolean | null | JsonValue[] | JsonObject;

/** The members of an object, in the order of the text: `values[i]` belongs to `keys[i]`. */
export class JsonObject {
  readonly keys: string[] = [];
  readonly values: JsonValue[] = [];

  /** The first member of that name. */
  get(key: string): JsonValue | undefined {
    return this.values[this.keys.indexOf(key)];
  }
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
