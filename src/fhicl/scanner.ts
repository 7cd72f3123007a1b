import { FhiclError } from '../errors.ts';

/** Character codes that end a line. */
export const LF = 10;
export const CR = 13;
const SPACE = 32;
const TAB = 9;
const HASH = 35;
const SLASH = 47;

const INCLUDE = '#include';
const WHITE_SPACE = /\s/;

/** Walks through a FHiCL text and knows where it is. */
export class Scanner {
  readonly text: string;
  position = 0;
  readonly #name: string;
  #line = 1;
  #counted = 0;

  /** @param name of the file, for messages */
  constructor(text: string, name: string) {
    this.text = text;
    this.#name = name;
  }

  get atEnd(): boolean {
    return this.position >= this.text.length;
  }

  /** Skips white space and comments where no `#include` can stand. */
  skip(): void {
    this.skipToDirective();
    if (isIncludeAt(this.text, this.position)) {
      this.fail('#include can only stand where an entry can; put quotes around it if it is text');
    }
  }

  /** Skips white space and comments, but no `#include`. */
  skipToDirective(): void {
    const { text } = this;
    let { position } = this;
    for (;;) {
      const code = text.charCodeAt(position);
      if (code === SPACE || (code >= TAB && code <= 13)) {
        position++;
      } else if (
        (code === HASH && !isIncludeAt(text, position)) ||
        (code === SLASH && text.charCodeAt(position + 1) === SLASH)
      ) {
        position = endOfLine(text, position);
      } else {
        break;
      }
    }
    this.position = position;
  }

  skipLine(): void {
    this.position = endOfLine(this.text, this.position);
  }

  /** Goes past the given text if it stands here. */
  take(expected: string): boolean {
    if (!this.text.startsWith(expected, this.position)) return false;
    this.position += expected.length;
    return true;
  }

  /** Goes past what a sticky pattern matches here. */
  match(pattern: RegExp): boolean {
    pattern.lastIndex = this.position;
    if (!pattern.test(this.text)) return false;
    this.position = pattern.lastIndex;
    return true;
  }

  /** The line of the position, counted from 1; ask in ascending order. */
  currentLine(): number {
    this.#line += countLineBreaks(this.text, this.#counted, this.position);
    this.#counted = this.position;
    return this.#line;
  }

  /** Counts the lines up to a later position and the current line as one. */
  joinLinesUpTo(position: number): void {
    this.currentLine();
    this.#counted = position;
  }

  /** @throws FhiclError always, at the given or the current position */
  fail(problem: string, position = this.position): never {
    const { line, column } = locate(this.text, position);
    throw new FhiclError(this.#name, line, column, problem);
  }
}

/** Do `#include` and a white-space character stand here? */
export function isIncludeAt(text: string, position: number): boolean {
  return text.startsWith(INCLUDE, position) && WHITE_SPACE.test(text.charAt(position + INCLUDE.length));
}

/** The position of the next line break, or the end of the text. */
export function endOfLine(text: string, from: number): number {
  let position = from;
  for (; position < text.length; position++) {
    const code = text.charCodeAt(position);
    if (code === LF || code === CR) break;
  }
  return position;
}

/** Counts line breaks (LF, CR LF, CR) between two positions. */
function countLineBreaks(text: string, from: number, to: number): number {
  let count = 0;
  for (let position = from; position < to; position++) {
    const code = text.charCodeAt(position);
    if (code === CR || (code === LF && text.charCodeAt(position - 1) !== CR)) count++;
  }
  return count;
}

/** Line and column of a position, both counted from 1. */
export function locate(text: string, position: number): { line: number; column: number } {
  const line = 1 + countLineBreaks(text, 0, position);
  const before = Math.max(text.lastIndexOf('\n', position - 1), text.lastIndexOf('\r', position - 1));
  return { line, column: position === 0 ? 1 : position - before };
}

/** A line with CR LF or CR ends as the parser sees it: with LF. */
export function withLineFeeds(text: string): string {
  return text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text;
}
