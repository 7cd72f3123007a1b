import { scanComments } from './comments.ts';
import { endOfLine } from './scanner.ts';

/**
 * A FHiCL text that artdaqDB would export as the given one, which it exported before. As a rule that is the exported text itself,
 * but not where an export has comments in other places than artdaqDB looks for them:
 * - The comment behind `[` stands behind `]`, be that on another line.
 * - Where artdaqDB took the end of a quoted text for a comment (see {@link scanComments}), it stands once more behind the value,
 *   and would twice the next time. A comment that was not exported may have kept it from that mistake; `//` stands in for it.
 * @returns a text whose export needn't be the given one: the caller compares them
 */
export function sourceOfExport(exported: string): string {
  return exported === '' ? '\n' : withoutMistakes(withCommentsAtBegin(exported));
}

/** The comment of each sequence over several lines behind its opening bracket, and nothing else on that line. */
function withCommentsAtBegin(text: string): string {
  const edits: Edit[] = [];
  const open: { readonly position: number; readonly line: number }[] = [];
  let line = 0;
  for (let place = 0; ; ) {
    const next = nextOf(BRACKET, text, place);
    if (next === undefined) break;
    place = next + 1;
    const character = text[next];
    if (character === '\n') line++;
    else if (character === '[') open.push({ position: place, line });
    else if (character === ']') {
      const opening = open.pop();
      if (opening === undefined || opening.line === line) continue;
      const end = endOfLine(text, place);
      const behind = text.slice(place, end);
      const comment = /^ (?:#|\/\/)/.test(behind) ? behind : '';
      edits.push({ start: opening.position, end: opening.position, text: `${comment}\n` });
      if (comment !== '') edits.push({ start: place, end, text: ' ' });
    } else if (isQuote(text, next)) {
      place = endOfQuoted(text, next);
      line += text.slice(next, place).split('\n').length - 1;
    } else place = endOfLine(text, next);
  }
  return edited(text, edits);
}

/** Without comments behind values that artdaqDB will find inside of them. */
function withoutMistakes(text: string): string {
  const quoted = new QuotedTexts(text);
  const edits: Edit[] = [];
  for (const { position } of scanComments(text)) {
    const within = quoted.at(position);
    if (within === undefined) continue;
    const end = endOfLine(text, position);
    const comment = quoted.commentFrom(within.end, end);
    if (comment !== undefined && continues(text, position, comment, end)) {
      edits.push({ start: position, end: comment, text: '' });
    } else {
      const blank = blankLineAbove(text, position, within.start);
      if (blank !== undefined) edits.push({ start: blank, end: blank, text: '//' });
    }
  }
  return edited(text, edits);
}

/** What takes the place of a part of a text. */
interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

function edited(text: string, edits: readonly Edit[]): string {
  const parts: string[] = [];
  let taken = 0;
  for (const edit of edits.toSorted((one, other) => one.start - other.start)) {
    if (edit.start < taken) continue;
    parts.push(text.slice(taken, edit.start), edit.text);
    taken = edit.end;
  }
  return `${parts.join('')}${text.slice(taken)}`;
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
      const next = nextOf(SIGN, this.#text, place);
      if (next === undefined) return undefined;
      if (isQuote(this.#text, next)) return next;
      place = endOfLine(this.#text, next);
    }
    return undefined;
  }

  /** Where a comment begins between two positions, both outside of quoted texts. */
  commentFrom(start: number, end: number): number | undefined {
    for (let place = start; place < end; ) {
      const next = nextOf(SIGN, this.#text, place);
      if (next === undefined || next >= end) return undefined;
      if (!isQuote(this.#text, next)) return next;
      place = endOfQuoted(this.#text, next);
    }
    return undefined;
  }
}

/** A quote or a comment sign. */
const SIGN = /["'#]|\/\//g;
/** The same, or a bracket or the end of a line. */
const BRACKET = /["'#[\]\n]|\/\//g;

function nextOf(pattern: RegExp, text: string, from: number): number | undefined {
  pattern.lastIndex = from;
  return pattern.exec(text)?.index;
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
