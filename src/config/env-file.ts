import type { Environment } from '../environment.ts';
import { ConfigurationError, messageOf } from '../errors.ts';
import { readRegularFileSync } from '../files/regular-file.ts';
import { errorCode } from '../system-error.ts';

/** Characters that a variable can have on Linux: lines like `A=$A$A` must not grow without bound. */
const MAX_LENGTH = 131_072;

/**
 * Reads an environment file, if it exists: `KEY=value` lines as a shell reads them, optionally after `export`, with quotes,
 * backslashes, comments, and `$X` or `${X}` of earlier lines and of the environment. Nothing is executed.
 * @returns the variables that it sets
 * @throws ConfigurationError naming file and line for anything else. Values are never shown.
 */
export function loadEnvFile(file: string, env: Environment): Record<string, string> {
  let text: string;
  try {
    text = String(readRegularFileSync(file));
  } catch (cause) {
    if (errorCode(cause) === 'ENOENT') return {};
    throw new ConfigurationError(`${file} can't be read: ${messageOf(cause)}`, { cause });
  }
  return parseEnvFile(text, file, env);
}

/** As {@link loadEnvFile}, from the text of the file. */
export function parseEnvFile(text: string, file: string, env: Environment): Record<string, string> {
  const variables = new Map<string, string>();
  const lookUp = (variable: string): string =>
    variables.get(variable) ?? (Object.hasOwn(env, variable) ? env[variable] : undefined) ?? '';
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  for (const [index, line] of lines.entries()) {
    if (/^\s*(?:#.*)?$/.test(line)) continue;
    const place = `${file}:${index + 1}`;
    const [start, name] = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=/.exec(line) ?? [];
    if (start === undefined || name === undefined) {
      throw new ConfigurationError(
        `${place}: not a KEY=value line (without blanks around =), a comment or an empty line`,
      );
    }
    try {
      variables.set(name, readWord(line.slice(start.length), unquoted, lookUp));
    } catch (cause) {
      if (!(cause instanceof WordError)) throw cause;
      throw new ConfigurationError(`${place}: the value of ${name} ${cause.message}`, { cause });
    }
  }
  return Object.fromEntries(variables);
}

/** Says why a text is not one plain word of a shell; continues `the value of NAME`. */
class WordError extends Error {}

type LookUp = (variable: string) => string;

/** A piece of a word. */
interface WordToken {
  readonly pattern: RegExp;
  /** What the matched text stands for. */
  readonly read: (match: RegExpExecArray, lookUp: LookUp) => string;
}

const refuse = (reason: string) => (): never => {
  throw new WordError(reason);
};

const references: readonly WordToken[] = [
  {
    pattern: /\$(?:([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)\})/y,
    read: ([, plain, braced], lookUp) => lookUp(plain ?? braced ?? ''),
  },
  { pattern: /\$\{/y, read: refuse('holds a reference in braces that is more than a name') },
  { pattern: /\$[([]|`/y, read: refuse('holds a command; none is executed here') },
  { pattern: /\$[0-9@*#?$!'"-]/y, read: refuse('holds a $ that is no variable; put it in single quotes') },
  { pattern: /\$/y, read: () => '$' },
];

const inDoubleQuotes: readonly WordToken[] = [
  ...references,
  { pattern: /\\([$`"\\])/y, read: ([, character = '']) => character },
  { pattern: /\\/y, read: () => '\\' },
  { pattern: /[^\\$`]+/y, read: ([text]) => text },
];

const unquoted: readonly WordToken[] = [
  { pattern: /\s+(?:#.*)?$/y, read: () => '' },
  { pattern: /\s/y, read: refuse('is more than one word; put it in quotes') },
  { pattern: /'([^']*)'/y, read: ([, text = '']) => text },
  {
    pattern: /"((?:[^"\\]|\\.)*)"/y,
    read: ([, text = ''], lookUp) => readWord(text, inDoubleQuotes, lookUp),
  },
  { pattern: /['"]/y, read: refuse('has a quote that is not closed on the same line') },
  ...references,
  { pattern: /\\(.)/y, read: ([, character = '']) => character },
  { pattern: /\\$/y, read: refuse('ends in a backslash; a value must be on one line') },
  { pattern: /[;&|<>()]/y, read: refuse('holds a character that a shell would act on; put it in quotes') },
  { pattern: /(?<=^|:)~/y, read: refuse('holds a ~, which is not expanded here; write $HOME') },
  { pattern: /[^\s'"$`\\;&|<>():]+|:/y, read: ([text]) => text },
];

/** One word as a POSIX shell reads it in an assignment, followed by nothing but a comment. The first matching token counts. */
function readWord(text: string, tokens: readonly WordToken[], lookUp: LookUp): string {
  let word = '';
  for (let position = 0; position < text.length; ) {
    const start = position;
    for (const { pattern, read } of tokens) {
      pattern.lastIndex = start;
      const match = pattern.exec(text);
      if (match === null) continue;
      word += read(match, lookUp);
      if (word.length > MAX_LENGTH) {
        throw new WordError(`has more than the ${MAX_LENGTH} characters that a variable can have`);
      }
      position = start + match[0].length;
      break;
    }
    if (position === start) throw new WordError('holds a character that is not understood');
  }
  return word;
}
