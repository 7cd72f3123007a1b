import { scanComments } from './comments.ts';
import { endOfLine } from './scanner.ts';

/**
 * A FHiCL text that artdaqDB would export as the given one, which it exported before. As a rule that is the exported text itself.
 * But where artdaqDB takes the end of a quoted text for a comment (see {@link scanComments}), its export has that comment behind
 * the value, and would have it twice the next time; and where a comment that it does not export kept it from that mistake, it
 * would make it now. Here the one comment is taken away, and `//` stands in for the other.
 * @returns a text whose export needn't be the given one: the caller compares them
 */
export function sourceOfExport(exported: string): string {
  if (exported === '') return '\n';
  const quoted = new QuotedTexts(exported);
  let source = '';
  let taken = 0;
  for (const { position } of scanComments(exported)) {
    const text = quoted.at(position);
    if (text === undefined) continue;
    const end = endOfLine(exported, position);
    const comment = quoted.commentFrom(text.end, end);
    if (comment !== undefined && continues(exported, position, comment, end)) {
      source += exported.slice(taken, position) + exported.slice(comment, end);
      taken = end;
    } else {
      const blank = blankLineAbove(exported, position, text.start);
      if (blank === undefined || blank < taken) continue;
      source += `${exported.slice(taken, blank)}//`;
      taken = blank;
    }
  }
  return source + exported.slice(taken);
}

/** Does what stands behind a value begin with what follows a comment sign inside the value, but for white space? */
function continues(text: string, sign: number, comment: number, end: number): boolean {
  return squeezed(text.slice(comment, end)).startsWith(squeezed(text.slice(sign, comment)));
}

function squeezed(text: string): string {
  return text.replace(/\s+/g, '');
}

/** The end of the line above a position, if nothing else is on that line, and the quoted text of the position is below it. */
function blankLineAbove(text: string, position: number, quotedFrom: number): number | undefined {
  const end = text.lastIndexOf('\n', position);
  if (end === -1 || quotedFrom < end) return undefined;
  const start = text.lastIndexOf('\n', end - 1) + 1;
  return text.slice(start, end).trim() === '' ? end : undefined;
}

interface QuotedText {
  readonly start: number;
  readonly end: number;
}

/** Finds the quoted texts and the comments of a FHiCL text as its parser does; ask for them in ascending order. */
class QuotedTexts {
  readonly #text: string;
  #last: QuotedText = { start: 0, end: 0 };

  constructor(text: string) {
    this.#text = text;
  }

  /** The quoted text that a position is in. */
  at(position: number): QuotedText | undefined {
    while (this.#last.end <= position) {
      const start = this.#nextQuote(this.#last.end);
      if (start === undefined) break;
      this.#last = { start, end: endOfQuoted(this.#text, start) };
    }
    const { start, end } = this.#last;
    return start <= position && position < end ? this.#last : undefined;
  }

  /** The next quote that is not in a comment. */
  #nextQuote(from: number): number | undefined {
    for (let place = from; place < this.#text.length; ) {
      const next = nextSign(this.#text, place);
      if (next === undefined) return undefined;
      if (isQuote(this.#text, next)) return next;
      place = endOfLine(this.#text, next);
    }
    return undefined;
  }

  /** Where a comment begins between two positions, both outside of quoted texts. */
  commentFrom(start: number, end: number): number | undefined {
    for (let place = start; place < end; ) {
      const next = nextSign(this.#text, place);
      if (next === undefined || next >= end) return undefined;
      if (!isQuote(this.#text, next)) return next;
      place = endOfQuoted(this.#text, next);
    }
    return undefined;
  }
}

const SIGN = /["'#]|\/\//g;

/** The next quote or comment sign. */
function nextSign(text: string, from: number): number | undefined {
  SIGN.lastIndex = from;
  return SIGN.exec(text)?.index;
}

function isQuote(text: string, position: number): boolean {
  const character = text[position];
  return character === '"' || character === "'";
}

/** Behind the closing quote, or the end of the text. */
function endOfQuoted(text: string, start: number): number {
  const quote = text.charAt(start);
  let end = text.indexOf(quote, start + 1);
  while (quote === '"' && end !== -1 && text[end - 1] === '\\') end = text.indexOf(quote, end + 1);
  return end === -1 ? text.length : end + 1;
}
