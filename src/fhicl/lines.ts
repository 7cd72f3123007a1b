/** Character codes that end a line. */
export const LF = 10;
export const CR = 13;

/** The position of the next line break, or the end of the text. */
export function endOfLine(text: string, from: number): number {
  let position = from;
  for (; position < text.length; position++) {
    const code = text.charCodeAt(position);
    if (code === LF || code === CR) break;
  }
  return position;
}

/** Does a line begin at this position? */
export function isLineStart(text: string, position: number): boolean {
  const before = text.charCodeAt(position - 1);
  return position === 0 || before === LF || before === CR;
}

/** Counts line breaks (LF, CR LF, CR) between two positions. */
export function countLineBreaks(text: string, from: number, to: number): number {
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
