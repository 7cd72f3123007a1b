import { ByteOutput, LARGEST_KEPT, viewOf } from './byte-output.ts';
import {
  BACKSLASH,
  BARE,
  CLOSE_SEQUENCE,
  CLOSE_TABLE,
  COLON,
  COMMA,
  DIGIT,
  DOT,
  DOUBLE_QUOTE,
  FOLLOWING,
  HASH,
  kindOf,
  LETTER,
  LETTER_N,
  LETTER_T,
  LF,
  OPEN_SEQUENCE,
  OPEN_TABLE,
  PLAIN,
  SINGLE_QUOTE,
  SLASH,
  SPACE,
  TAB,
  TILDE,
  WORD,
} from './characters.ts';
import { type ScannedComment, scanComments } from './comments.ts';
import { takeScalar } from './scalars.ts';
import { endOfLine, Scanner } from './scanner.ts';
import { commentList } from './stored-content.ts';
import {
  AFTER_NAME,
  BEFORE_NEXT_NAME,
  BETWEEN,
  BOOL,
  CHILDREN_END,
  CONTENT_END,
  DATA_START,
  DOUBLE_QUOTED,
  METADATA_START,
  metadataOf,
  NIL,
  NUMBER,
  SEQUENCE,
  SEQUENCE_END,
  SEQUENCE_START,
  SINGLE_QUOTED,
  TABLE,
  TABLE_END,
  TABLE_START,
  type TypeMetadata,
  UNQUOTED,
} from './stored-pieces.ts';
import { INCLUDE_KEY, MAX_VALUES, type Value } from './tree.ts';

/**
 * Most documents of run records are ordinary: ASCII, names with colons, tables, sequences, plain values. These are
 * turned into stored JSON in one pass over their bytes, in a fifth of the time that the parser and the tree take.
 *
 * Whatever is unusual or wrong is left to the parser, so that the language is decided in one place: what is taken here
 * must give the same bytes there (test/unit/fhicl/quick-store.test.ts compares both).
 */

const FOUR_SPACES = 0x20202020;

/** Nested deeper, a document is not ordinary. */
const DEEPEST = 100;
/** Up to so many names of a table, it is faster to compare each with each than to make a set. */
const FEW_NAMES = 24;
const FNV_OFFSET = 0x811c9dc5 | 0;
const FNV_PRIME = 0x01000193;
/** Bytes behind the text that may be read. */
const PADDING = 8;

let kept = Buffer.alloc(0);
const data = new ByteOutput(2 ** 17);
const metadata = new ByteOutput(2 ** 19);

/**
 * Makes the stored document of a FHiCL text, if it is ordinary.
 * @param end what follows the content
 * @returns undefined if the parser must decide
 */
export function storeQuickly(text: string, end: string): Buffer | undefined {
  if (!mayBeOrdinary(text)) return undefined;
  const bytes = bufferOf(text.length + PADDING);
  // A character that is not ASCII takes more than a byte.
  if (bytes.write(text) !== text.length) return undefined;
  bytes.fill(0, text.length);
  const comments = scanComments(text);
  try {
    if (!new QuickStore(text, bytes, comments).document()) return undefined;
    const rest = Buffer.from(commentList(comments) + end);
    return Buffer.concat([DATA_START, data.content, METADATA_START, metadata.content, CONTENT_END, rest]);
  } finally {
    // Also where memory runs out: what is left here would get into the next document.
    data.clear();
    metadata.clear();
  }
}

/** A buffer of that length, which is kept for the next text unless it is large. */
function bufferOf(length: number): Buffer {
  if (length > LARGEST_KEPT) return Buffer.allocUnsafeSlow(length);
  if (kept.length < length) kept = Buffer.allocUnsafeSlow(Math.min(2 * length, LARGEST_KEPT));
  return kept.subarray(0, length);
}

/** Has the text none of what native searches find? */
function mayBeOrdinary(text: string): boolean {
  if (text === '' || text.length >= 2 * MAX_VALUES) return false;
  return !['\r', '#include', 'BEGIN_PROLOG', INCLUDE_KEY].some((unusual) => text.includes(unusual));
}

/** Reads a text and writes its data and metadata. All methods that return a boolean return false where it is unusual. */
class QuickStore {
  readonly #text: string;
  readonly #bytes: Buffer;
  readonly #view: DataView;
  readonly #comments: readonly ScannedComment[];
  /** The first comment that can still stand beside a value. */
  #comment = 0;
  #at = 0;
  #line = 1;
  /** Hashes of the names in all tables that are open. */
  readonly #names: number[] = [];

  /** @param bytes those of the text, and zeros */
  constructor(text: string, bytes: Buffer, comments: readonly ScannedComment[]) {
    this.#text = text;
    this.#bytes = bytes;
    this.#view = viewOf(bytes);
    this.#comments = comments;
  }

  document(): boolean {
    let isFirst = true;
    for (this.#skip(); this.#at < this.#text.length; this.#skip()) {
      if (!this.#entry(isFirst, 0)) return false;
      isFirst = false;
    }
    return true;
  }

  /** Goes past blanks and comments. */
  #skip(): void {
    const bytes = this.#bytes;
    let at = this.#at;
    for (;;) {
      const code = bytes[at];
      if (code === SPACE) {
        at++;
        while (this.#view.getInt32(at) === FOUR_SPACES) at += 4;
      } else if (code === LF) {
        at++;
        this.#line++;
      } else if (code === TAB) at++;
      else if (code === HASH || (code === SLASH && bytes[at + 1] === SLASH)) at = endOfLine(this.#text, at);
      else break;
    }
    this.#at = at;
  }

  #entry(isFirst: boolean, depth: number): boolean {
    const bytes = this.#bytes;
    const start = this.#at;
    if ((kindOf(bytes[start]) & LETTER) === 0) return false;
    let end = start;
    let hash = FNV_OFFSET;
    for (;;) {
      const code = bytes[end] ?? 0;
      const isDot = code === DOT && depth === 0 && (kindOf(bytes[end + 1]) & LETTER) !== 0;
      if (!isDot && (kindOf(code) & WORD) === 0) break;
      hash = Math.imul(hash ^ code, FNV_PRIME);
      end++;
    }
    let colon = end;
    while (bytes[colon] === SPACE) colon++;
    if (bytes[colon] !== COLON) return false;
    this.#at = colon + 1;
    if (depth > 0) this.#names.push(hash);
    this.#startMember(isFirst, start, end);
    return this.#value(depth);
  }

  /** Writes the name that stands between two positions. */
  #startMember(isFirst: boolean, start: number, end: number): void {
    if (isFirst) {
      data.byte(DOUBLE_QUOTE);
      metadata.byte(DOUBLE_QUOTE);
    } else {
      data.put(BEFORE_NEXT_NAME);
      metadata.put(BEFORE_NEXT_NAME);
    }
    data.copy(this.#view, start, end);
    metadata.copy(this.#view, start, end);
    data.put(AFTER_NAME);
  }

  /** Its name is written already but for the closing quote in the metadata. */
  #value(depth: number): boolean {
    this.#skip();
    switch (this.#bytes[this.#at]) {
      case OPEN_TABLE:
        return this.#table(depth + 1);
      case OPEN_SEQUENCE:
        return this.#sequence(depth + 1);
      case DOUBLE_QUOTE:
        return this.#quoted(DOUBLE_QUOTE, DOUBLE_QUOTED);
      case SINGLE_QUOTE:
        return this.#quoted(SINGLE_QUOTE, SINGLE_QUOTED);
      default:
        return this.#bare();
    }
  }

  /** Writes what the metadata says of a value that begins at the position. */
  #describe(metadataOfType: TypeMetadata): void {
    const comment = this.#comments[this.#comment];
    if (comment === undefined || comment.line > this.#line) metadata.put(metadataOfType.uncommented);
    else this.#describeCommented(metadataOfType.type);
  }

  #describeCommented(type: Value['type']): void {
    const comments = this.#comments;
    const line = this.#line;
    while ((comments[this.#comment]?.line ?? line) < line - 1) this.#comment++;
    const near = comments.slice(this.#comment, this.#comment + 2);
    const above = near.find((comment) => comment.line === line - 1 && !comment.text.startsWith('/'));
    const beside = near.find((comment) => comment.line === line);
    metadata.text(metadataOf(type, above?.text ?? '', beside?.text ?? ''));
  }

  #table(depth: number): boolean {
    if (depth > DEEPEST) return false;
    this.#describe(TABLE);
    this.#at++;
    data.put(TABLE_START);
    const firstName = this.#names.length;
    let isFirst = true;
    for (this.#skip(); this.#bytes[this.#at] !== CLOSE_TABLE; this.#skip()) {
      if (!this.#entry(isFirst, depth)) return false;
      isFirst = false;
    }
    this.#at++;
    data.put(TABLE_END);
    metadata.put(CHILDREN_END);
    return areDistinct(this.#names.splice(firstName));
  }

  #sequence(depth: number): boolean {
    if (depth > DEEPEST) return false;
    this.#describe(SEQUENCE);
    this.#at++;
    data.put(SEQUENCE_START);
    this.#skip();
    if (this.#bytes[this.#at] !== CLOSE_SEQUENCE && !this.#elements(depth)) return false;
    this.#at++;
    data.put(SEQUENCE_END);
    metadata.put(CHILDREN_END);
    return true;
  }

  /** Goes to the closing bracket. */
  #elements(depth: number): boolean {
    metadata.byte(DOUBLE_QUOTE);
    for (let index = 0; ; index++) {
      metadata.decimal(index);
      if (!this.#value(depth)) return false;
      this.#skip();
      const code = this.#bytes[this.#at];
      if (code === CLOSE_SEQUENCE) return true;
      if (code !== COMMA) return false;
      this.#at++;
      data.put(BETWEEN);
      metadata.put(BEFORE_NEXT_NAME);
    }
  }

  #bare(): boolean {
    const bytes = this.#bytes;
    const start = this.#at;
    let end = start;
    let common = WORD;
    let kind = kindOf(bytes[end]);
    for (; (kind & BARE) !== 0; kind = kindOf(bytes[++end])) common &= kind;
    if (end === start || (kind & FOLLOWING) === 0) return false;
    const type = common === DIGIT ? NUMBER : typeOf(this.#text.slice(start, end));
    if (type === undefined) return false;
    this.#describe(type);
    data.byte(DOUBLE_QUOTE);
    data.copy(this.#view, start, end);
    data.byte(DOUBLE_QUOTE);
    this.#at = end;
    return true;
  }

  #quoted(quote: number, type: TypeMetadata): boolean {
    const bytes = this.#bytes;
    this.#describe(type);
    data.byte(DOUBLE_QUOTE);
    let start = this.#at + 1;
    let at = start;
    for (;;) {
      while ((kindOf(bytes[at]) & PLAIN) !== 0) at++;
      const code = bytes[at] ?? 0;
      if (code === quote) break;
      const isEscape = code === BACKSLASH && quote === DOUBLE_QUOTE;
      if (isEscape && !isOrdinaryEscape(bytes, at)) return false;
      data.copy(this.#view, start, at);
      start = at + (isEscape ? 2 : 1);
      for (; at < start; at++) if (!this.#character(bytes[at] ?? 0)) return false;
    }
    data.copy(this.#view, start, at);
    data.byte(DOUBLE_QUOTE);
    this.#at = at + 1;
    return (kindOf(bytes[at + 1]) & FOLLOWING) !== 0;
  }

  /** Writes a character of a text as JSON has it. */
  #character(code: number): boolean {
    if (code === LF) this.#line++;
    const written = code === LF ? LETTER_N : code === TAB ? LETTER_T : code;
    if (written < SPACE || written > TILDE) return false;
    if (written !== code || code === DOUBLE_QUOTE || code === BACKSLASH) data.byte(BACKSLASH);
    data.byte(written);
    return true;
  }
}

/** Does an escape begin here after which a quote would close the text? */
function isOrdinaryEscape(bytes: Buffer, at: number): boolean {
  const code = bytes[at + 1];
  if (code === BACKSLASH) return bytes[at + 2] !== DOUBLE_QUOTE;
  return code === DOUBLE_QUOTE || code === SINGLE_QUOTE || code === LETTER_N || code === LETTER_T;
}

/** The type of a value without quotes, as the parser decides; undefined if that takes only a part of it, or refuses it. */
function typeOf(bare: string): TypeMetadata | undefined {
  if (bare === 'true' || bare === 'false') return BOOL;
  const scanner = new Scanner(bare, '');
  const type = takeScalar(scanner);
  return scanner.atEnd ? [NUMBER, UNQUOTED, BOOL, NIL].find((each) => each.type === type) : undefined;
}

/** Are all of them different? */
function areDistinct(hashes: readonly number[]): boolean {
  if (hashes.length > FEW_NAMES) return new Set(hashes).size === hashes.length;
  return hashes.every((hash, index) => hashes.indexOf(hash, index + 1) === -1);
}
