import { endOfLine, isLineStart } from './scanner.ts';
import { INCLUDE_KEY } from './tree.ts';

const DIRECTIVE = '#include';
const WHITE_SPACE = /\s/;

/** Does `#include` and a white-space character stand here? */
export function isIncludeAt(text: string, position: number): boolean {
  return text.startsWith(DIRECTIVE, position) && WHITE_SPACE.test(text.charAt(position + DIRECTIVE.length));
}

/**
 * The `#include` directives of a text. artdaqDB replaces `#include `, wherever it stands and with all text up to the next
 * quote, by the key of a string. Ours does so for directives that stand where an entry can, and only if no entry would be
 * swallowed; any other is the comment or text that it looks like. The numbers in the keys are artdaqDB's, which counts
 * all of them.
 */
export class Includes {
  readonly #text: string;
  readonly #entries = new Set<number>();
  #count = 0;
  #searched = 0;
  /** artdaqDB consumes the text up to here with the directive counted last. */
  #consumed = 0;
  /** artdaqDB, which goes on by the length of the replaced text in the new one, overlooks directives up to here. */
  #overlooked = 0;
  #quote = -1;
  #code = -1;

  constructor(text: string) {
    this.#text = text;
  }

  /**
   * The directive at this position (ask in ascending order).
   * @returns where its quoted name begins; 'comment' if the line is just a comment that begins with `#include`;
   * 'unquoted' if no quote follows in the whole text; 'overlooked' if artdaqDB refuses it because it overlooks it
   */
  nameOf(position: number): number | 'comment' | 'unquoted' | 'overlooked' {
    if (position < this.#overlooked && isLineStart(this.#text, position)) return 'overlooked';
    const quote = this.#quoteFrom(position);
    if (quote === this.#text.length) return 'unquoted';
    const lineEnd = endOfLine(this.#text, position);
    return quote < lineEnd || this.#codeFrom(lineEnd) === quote ? quote : 'comment';
  }

  /** The key of the directive at this position (ask in ascending order, once for each). */
  keyOf(position: number): string {
    this.#entries.add(position);
    this.#countBefore(position);
    this.#consumed = this.#quoteFrom(position);
    const key = `${INCLUDE_KEY}_${this.#count++}`;
    this.#overlooked = this.#consumed + (this.#consumed - position) - `${key}:`.length;
    return key;
  }

  /** Is the directive at this position an entry? To be asked when the whole text is read. */
  isEntry(position: number): boolean {
    return this.#entries.has(position);
  }

  #countBefore(position: number): void {
    for (;;) {
      const found = this.#text.indexOf(DIRECTIVE, this.#searched);
      this.#searched = found + DIRECTIVE.length;
      if (found === position) return;
      if (found < this.#consumed || !isIncludeAt(this.#text, found)) continue;
      this.#count++;
      this.#consumed = this.#nextQuote(found);
    }
  }

  #quoteFrom(position: number): number {
    if (this.#quote < position) this.#quote = this.#nextQuote(position);
    return this.#quote;
  }

  #nextQuote(position: number): number {
    const quote = /["']/g;
    quote.lastIndex = position;
    return quote.test(this.#text) ? quote.lastIndex - 1 : this.#text.length;
  }

  /** The first position that is neither white space nor comment. */
  #codeFrom(position: number): number {
    const text = this.#text;
    let at = Math.max(this.#code, position);
    while (at < text.length) {
      if (text[at] === '#' || text.startsWith('//', at)) at = endOfLine(text, at);
      else if (WHITE_SPACE.test(text.charAt(at))) at++;
      else break;
    }
    this.#code = at;
    return at;
  }
}
