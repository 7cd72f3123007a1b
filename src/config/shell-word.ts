import { ConfigurationError } from '../errors.ts';

/** Characters that a variable can have on Linux; keeps lines like `A=$A$A` from growing without bound. */
const MAX_LENGTH = 131_072;

type LookUp = (variable: string) => string;

interface Rule {
  readonly pattern: RegExp;
  /** What the matched text stands for. */
  readonly read: (match: RegExpExecArray, lookUp: LookUp) => string;
}

const refuse = (reason: string) => (): never => {
  throw new ConfigurationError(reason);
};

const references: readonly Rule[] = [
  {
    pattern: /\$(?:([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)\})/y,
    read: ([, plain, braced], lookUp) => lookUp(plain ?? braced ?? ''),
  },
  { pattern: /\$\{/y, read: refuse('holds a reference in braces that is more than a name') },
  { pattern: /\$[([]|`/y, read: refuse('holds a command; none is executed here') },
  { pattern: /\$[0-9@*#?$!'"-]/y, read: refuse('holds a $ that is no variable; put it in single quotes') },
  { pattern: /\$/y, read: () => '$' },
];

const inDoubleQuotes: readonly Rule[] = [
  ...references,
  { pattern: /\\([$`"\\])/y, read: ([, character = '']) => character },
  { pattern: /\\/y, read: () => '\\' },
  { pattern: /[^\\$`]+/y, read: ([text]) => text },
];

const unquoted: readonly Rule[] = [
  { pattern: /\s+(?:#.*)?$/y, read: () => '' },
  { pattern: /\s/y, read: refuse('is more than one word; put it in quotes') },
  { pattern: /'([^']*)'/y, read: ([, text = '']) => text },
  {
    pattern: /"((?:[^"\\]|\\.)*)"/y,
    read: ([, text = ''], lookUp) => readAll(text, inDoubleQuotes, lookUp),
  },
  { pattern: /['"]/y, read: refuse('has a quote that is not closed on the same line') },
  ...references,
  { pattern: /\\(.)/y, read: ([, character = '']) => character },
  { pattern: /\\$/y, read: refuse('ends in a backslash; a value must be on one line') },
  { pattern: /[;&|<>()]/y, read: refuse('holds a character that a shell would act on; put it in quotes') },
  { pattern: /(?<=^|:)~/y, read: refuse('holds a ~, which is not expanded here; write $HOME') },
  { pattern: /[^\s'"$`\\;&|<>():]+|:/y, read: ([text]) => text },
];

/**
 * One word as a POSIX shell reads it in an assignment, with nothing behind it but a comment.
 * @throws ConfigurationError whose message goes after `the value of NAME`, for what is not a plain word
 */
export function readShellWord(text: string, lookUp: LookUp): string {
  return readAll(text, unquoted, lookUp);
}

function readAll(text: string, rules: readonly Rule[], lookUp: LookUp): string {
  let result = '';
  for (let position = 0; position < text.length; ) {
    const start = position;
    for (const { pattern, read } of rules) {
      pattern.lastIndex = start;
      const match = pattern.exec(text);
      if (match === null) continue;
      result += read(match, lookUp);
      if (result.length > MAX_LENGTH) {
        throw new ConfigurationError(`has more than the ${MAX_LENGTH} characters that a variable can have`);
      }
      position = start + match[0].length;
      break;
    }
    if (position === start) throw new ConfigurationError('holds a character that is not understood');
  }
  return result;
}
