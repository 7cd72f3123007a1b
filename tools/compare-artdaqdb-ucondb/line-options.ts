/** What does not count when texts are compared line by line. */
export interface LineOptions {
  readonly ignoreCase: boolean;
  /** All white space within lines, but not line ends. */
  readonly ignoreAllSpace: boolean;
  readonly ignoreBlankLines: boolean;
  /** Tried on each line without its end, before anything else is left out. */
  readonly ignoreMatchingLines?: RegExp | undefined;
}

/**
 * Reduces a text to what counts: two texts are equal under the options if their reduced texts are. A line of blanks is
 * a blank line only together with `ignoreAllSpace`.
 */
export function reduceLines(text: string, options: LineOptions): string {
  const { ignoreCase, ignoreAllSpace, ignoreBlankLines, ignoreMatchingLines } = options;
  if (!ignoreCase && !ignoreAllSpace && !ignoreBlankLines && ignoreMatchingLines === undefined) return text;
  const kept: string[] = [];
  for (const line of text.match(/[^\n]*\n|[^\n]+$/g) ?? []) {
    if (ignoreMatchingLines?.test(line.replace(/\r?\n$/, '')) === true) continue;
    const end = line.endsWith('\n') ? '\n' : '';
    const spaced = ignoreAllSpace ? line.replace(/\s+/g, '') + end : line;
    if (ignoreBlankLines && /^\r?\n?$/.test(spaced)) continue;
    kept.push(ignoreCase ? spaced.toLowerCase() : spaced);
  }
  return kept.join('');
}

/** Which lines do not count. */
export interface LinePattern {
  /** Undefined: all count. */
  readonly pattern: RegExp | undefined;
}

/** Letters with a meaning behind a backslash; JavaScript takes any other for the letter itself. */
const KNOWN_ESCAPES = /^[bBdDsSwWnrtfvcxuk0-9]$/;

/**
 * Reads the regular expression of `--ignore-matching-lines`. An empty one, which every line matches, means none.
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
