import { ArtdaqDbError } from '../errors.ts';
import { JsonObject, type JsonValue } from './json.ts';

const QUOTE = 34;
const BACKSLASH = 92;
const LITERAL = /true|false|null|-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/y;
const UNESCAPED: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

/**
 * Reads the JSON text of a stored document. Nesting may be of any depth.
 * @param wanted names of the members of the document to read; the others are only passed over
 * @throws ArtdaqDbError if it isn't JSON or not an object
 */
export function readJsonObject(text: string, wanted: ReadonlySet<string>): JsonObject {
  return new Reader(text).document(wanted);
}

class Reader {
  private readonly text: string;
  private position = 0;

  constructor(text: string) {
    this.text = text;
  }

  document(wanted: ReadonlySet<string>): JsonObject {
    const document = new JsonObject();
    this.expect('{');
    if (!this.take('}')) {
      do {
        const key = this.key();
        if (wanted.has(key)) {
          document.keys.push(key);
          document.values.push(this.value());
        } else {
          this.passValue();
        }
      } while (this.take(','));
      this.expect('}');
    }
    this.skipBlanks();
    if (this.position < this.text.length) this.fail('something follows the document');
    return document;
  }

  /** A value with all it holds; the containers still open are on a stack of our own. */
  private value(): JsonValue {
    const open: (JsonValue[] | JsonObject)[] = [];
    for (;;) {
      let value = this.opening() ?? this.scalar();
      if (typeof value === 'object' && value !== null && !this.closes(value)) {
        open.push(value);
        if (value instanceof JsonObject) value.keys.push(this.key());
        continue;
      }
      for (;;) {
        const parent = open.at(-1);
        if (parent === undefined) return value;
        if (parent instanceof JsonObject) parent.values.push(value);
        else parent.push(value);
        if (this.take(',')) {
          if (parent instanceof JsonObject) parent.keys.push(this.key());
          break;
        }
        if (!this.closes(parent)) this.fail('a comma or a closing bracket was expected');
        open.pop();
        value = parent;
      }
    }
  }

  private opening(): JsonValue[] | JsonObject | undefined {
    if (this.take('{')) return new JsonObject();
    return this.take('[') ? [] : undefined;
  }

  private closes(container: JsonValue[] | JsonObject): boolean {
    return this.take(container instanceof JsonObject ? '}' : ']');
  }

  private scalar(): string | number | boolean | null {
    if (this.text.charCodeAt(this.position) === QUOTE) return this.string();
    LITERAL.lastIndex = this.position;
    if (!LITERAL.test(this.text)) this.fail('a value was expected');
    const literal = this.text.slice(this.position, LITERAL.lastIndex);
    this.position = LITERAL.lastIndex;
    return literal === 'null' ? null : literal === 'true' || (literal !== 'false' && Number(literal));
  }

  private key(): string {
    this.skipBlanks();
    if (this.text.charCodeAt(this.position) !== QUOTE) this.fail('a name in quotes was expected');
    const key = this.string();
    this.expect(':');
    return key;
  }

  private string(): string {
    const start = this.position + 1;
    const escaped = this.passString();
    const content = this.text.slice(start, this.position - 1);
    return escaped ? this.unescape(content) : content;
  }

  /** Goes past a string. @returns whether it holds a backslash */
  private passString(): boolean {
    const { text } = this;
    let escaped = false;
    for (let at = this.position + 1; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === QUOTE) {
        this.position = at + 1;
        return escaped;
      }
      if (code === BACKSLASH) {
        escaped = true;
        at++;
      }
    }
    return this.fail('the closing quote of this string is missing');
  }

  private unescape(content: string): string {
    return content.replace(
      /\\(?:u([0-9a-fA-F]{4})|(.))/gs,
      (_, code: string | undefined, character: string) =>
        code === undefined
          ? (UNESCAPED[character] ?? character)
          : String.fromCharCode(Number.parseInt(code, 16)),
    );
  }

  private passValue(): void {
    let depth = 0;
    do {
      this.skipBlanks();
      const code = this.text[this.position];
      if (code === '"') this.passString();
      else if (code === '{' || code === '[') depth += this.step();
      else if (code === '}' || code === ']') depth -= this.step();
      else if (code === ',' || code === ':') this.step();
      else this.scalar();
    } while (depth > 0);
  }

  private step(): 1 {
    this.position++;
    return 1;
  }

  private skipBlanks(): void {
    const { text } = this;
    for (let code = text.charCodeAt(this.position); code === 32 || (code >= 9 && code <= 13); ) {
      code = text.charCodeAt(++this.position);
    }
  }

  private take(character: string): boolean {
    this.skipBlanks();
    if (this.text[this.position] !== character) return false;
    this.position++;
    this.skipBlanks();
    return true;
  }

  private expect(character: string): void {
    if (!this.take(character)) this.fail(`a ${character} was expected`);
  }

  private fail(problem: string): never {
    throw new ArtdaqDbError(`stored document is no JSON: at character ${this.position + 1}, ${problem}`);
  }
}
