import { CR, endOfLine, LF } from './scanner.ts';
import type { Comment } from './tree.ts';

const DOUBLE_QUOTE = 34;
const HASH = 35;
const SINGLE_QUOTE = 39;
const SLASH = 47;

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
  const signs = new CommentSigns(text);
  let line = 1;
  let counted = 0;
  // Most texts have comments at their head alone.
  for (let position = 0; signs.from(position) < text.length; ) {
    const start = signs.from(afterQuotedTexts(text, position));
    if (start === text.length) break;
    line += lineBreaks(text, counted, start);
    counted = start;
    const end = endOfLine(text, start);
    comments.push({ line, text: text.slice(start, end), position: start });
    position = end + (text.startsWith('\r\n', end) ? 2 : 1);
  }
  return comments;
}

function isCommentSign(text: string, position: number, code: number): boolean {
  return code === HASH || (code === SLASH && text.charCodeAt(position + 1) === SLASH);
}

/** Steps 1 and 2. */
function afterQuotedTexts(text: string, from: number): number {
  let position = from;
  for (; position < text.length; position++) {
    const code = text.charCodeAt(position);
    if (code === DOUBLE_QUOTE || code === SINGLE_QUOTE) {
      const close = text.indexOf(code === DOUBLE_QUOTE ? '"' : "'", position + 1);
      if (close <= position + 1) break;
      position = close;
    } else if (isCommentSign(text, position, code)) {
      break;
    }
  }
  return position;
}

/** Where comment signs are. */
class CommentSigns {
  readonly #text: string;
  #hash = -1;
  #slashes = -1;

  constructor(text: string) {
    this.#text = text;
  }

  /** The first sign from a position on, or the end of the text (step 3); ask in ascending order. */
  from(position: number): number {
    if (this.#hash < position) this.#hash = this.#next('#', position);
    if (this.#slashes < position) this.#slashes = this.#next('//', position);
    return Math.min(this.#hash, this.#slashes);
  }

  #next(sign: string, position: number): number {
    const found = this.#text.indexOf(sign, position);
    return found === -1 ? this.#text.length : found;
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
