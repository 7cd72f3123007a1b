import { CR, endOfLine, LF } from './scanner.ts';
import type { Comment } from './tree.ts';

/** A comment as found in a text. */
export interface ScannedComment extends Comment {
  /** Where in the text it starts. */
  readonly position: number;
}

/**
 * Finds comments as artdaqDB does: in a scan of its own that knows no FHiCL. It errs where quotes don't pair (an empty
 * string or an escaped quote can turn a later `#` inside a string into a comment). Its errors are stored and exported,
 * so each of its steps is kept: (1) go to the next quote or comment sign; (2) pass over a quoted text that holds at
 * least one character and continue with (1); (3) go to the next comment sign, past any quotes; (4) the comment runs to
 * the end of the line; (5) start again on the next line.
 */
export function scanComments(text: string): ScannedComment[] {
  const comments: ScannedComment[] = [];
  const places = new Places(text);
  let line = 1;
  let counted = 0;
  // Most texts have comments at their head alone.
  for (let position = 0; places.sign(position) < text.length; ) {
    const start = places.sign(places.afterQuotedTexts(position));
    if (start === text.length) break;
    line += lineBreaks(text, counted, start);
    counted = start;
    const end = endOfLine(text, start);
    comments.push({ line, text: text.slice(start, end), position: start });
    position = end + (text.startsWith('\r\n', end) ? 2 : 1);
  }
  return comments;
}

/** Where quotes and comment signs are; ask for all of them in ascending order. */
class Places {
  readonly #hash: Search;
  readonly #slashes: Search;
  readonly #double: Search;
  readonly #single: Search;

  constructor(text: string) {
    this.#hash = new Search(text, '#');
    this.#slashes = new Search(text, '//');
    this.#double = new Search(text, '"');
    this.#single = new Search(text, "'");
  }

  /** Step 3: the first comment sign from a position on, or the end of the text. */
  sign(from: number): number {
    return Math.min(this.#hash.from(from), this.#slashes.from(from));
  }

  /** Steps 1 and 2: the comment sign or the quote that is not passed over. */
  afterQuotedTexts(from: number): number {
    for (let position = from; ; ) {
      const sign = this.sign(position);
      const [double, single] = [this.#double.from(position), this.#single.from(position)];
      const open = Math.min(double, single);
      if (sign <= open) return sign;
      const quote = double < single ? this.#double : this.#single;
      const close = quote.from(open + 1);
      if (close === open + 1 || close === quote.none) return open;
      position = close + 1;
    }
  }
}

/** Looks for a text in another. */
class Search {
  readonly #text: string;
  readonly #wanted: string;
  #found = -1;

  constructor(text: string, wanted: string) {
    this.#text = text;
    this.#wanted = wanted;
  }

  /** What is returned if there is none: the end of the text. */
  get none(): number {
    return this.#text.length;
  }

  /** The first place from a position on; ask in ascending order. */
  from(position: number): number {
    if (this.#found < position) {
      const found = this.#text.indexOf(this.#wanted, position);
      this.#found = found === -1 ? this.none : found;
    }
    return this.#found;
  }
}

/**
 * Line breaks between two positions as this scan counts them: neither a CR right after LF nor an LF right after CR is
 * one. A run of CR LF counts once, unlike in the parser, so that the two disagree behind blank lines of a CR LF text.
 */
function lineBreaks(text: string, from: number, to: number): number {
  let count = 0;
  for (let position = from; position < to; position++) {
    const code = text.charCodeAt(position);
    if (code !== LF && code !== CR) continue;
    if (text.charCodeAt(position - 1) !== (code === LF ? CR : LF)) count++;
  }
  return count;
}
