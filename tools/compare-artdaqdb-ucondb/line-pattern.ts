/** Which lines don't count. */
export interface LinePattern {
  /** Undefined: all count. */
  readonly pattern: RegExp | undefined;
}

/** Letters that mean something behind a backslash; JavaScript would take any other for the letter itself. */
const KNOWN_ESCAPES = /^[bBdDsSwWnrtfvcxuk0-9]$/;

/**
 * Reads the regular expression of `--ignore-matching-lines`. An empty one, which would be found in every line, means none.
 * @throws SyntaxError if it can't be understood
 */
export function readLinePattern(text: string): LinePattern {
  for (const [sequence, character = ''] of text.matchAll(/\\([\s\S])/g)) {
    if (/[A-Za-z0-9]/.test(character) && !KNOWN_ESCAPES.test(character)) {
      throw new SyntaxError(
        `${sequence} has no meaning in JavaScript's regular expressions${hint(character)}`,
      );
    }
  }
  return { pattern: text === '' ? undefined : new RegExp(text) };
}

function hint(character: string): string {
  if (character === 'A') return '; a line begins at ^';
  return character === 'Z' || character === 'z' ? '; a line ends at $' : '';
}
