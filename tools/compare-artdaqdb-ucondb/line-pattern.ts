import { messageOf } from '../../src/errors.ts';

/** Letters that mean something behind a backslash; JavaScript would take any other for the letter itself. */
const KNOWN_ESCAPES = /^[bBdDsSwWnrtfvcxuk0-9]$/;

/**
 * Reads the regular expression of `--ignore-matching-lines`; an empty one means none.
 * @returns the expression, or what is wrong with it
 */
export function readLinePattern(text: string): { pattern?: RegExp; problem?: string } {
  if (text === '') return {};
  for (const [sequence, character = ''] of text.matchAll(/\\([\s\S])/g)) {
    if (/[A-Za-z0-9]/.test(character) && !KNOWN_ESCAPES.test(character)) {
      return { problem: `${sequence} has no meaning in JavaScript's regular expressions${hint(character)}` };
    }
  }
  try {
    return { pattern: new RegExp(text) };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { problem: messageOf(error) };
  }
}

function hint(character: string): string {
  if (character === 'A') return '; a line begins at ^';
  return character === 'Z' || character === 'z' ? '; a line ends at $' : '';
}
