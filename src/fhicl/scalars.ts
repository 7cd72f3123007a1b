import { locate, type Scanner, withLineFeeds } from './scanner.ts';
import type { ScalarType } from './tree.ts';

/** What must follow a token: no printable character, one of these characters, or the end. */
const followedBy = (characters: string) => `(?=[^!-~]|[${characters}]|$)(?!#include\\s)`;
const token = (pattern: string, following: string) =>
  new RegExp(`(?:${pattern})${followedBy(following)}`, 'y');

const AFTER_WORD = '#/,\\]}.[:';
const NIL = token('@nil', ',\\]}');
const BOOL = token('true|false', ',\\]}');
const NUMBER = token(
  '0[xX][0-9a-fA-F]+|0[bB][01]+|[-+]?(?:\\d+(?:\\.\\d*)?|\\.\\d+)(?:[eE][-+]?\\d+)?',
  '#/,\\]})',
);
const INFINITY = token('[-+]?infinity', '),\\]}');
const WORD = token('[A-Za-z_]\\w*', AFTER_WORD);
const DIGIT_WORD = token('\\d\\w*', '#/,\\]}');
const CATCH_ALL = token('(?!\\d)[\\w:.@]+', '#/,\\]}[');
const TABLE_ID = token('!id::[0-9a-fA-F]{40}', '#/,\\]})');
const AFTER_QUOTED = new RegExp(followedBy(',\\]}'), 'y');

/** artdaqDB takes these for a part of the scalar that they follow. */
const VERTICAL_SPACE = /[\v\f]+/y;

const UNPRINTABLE = /[^\t\n\r -~]/;
const ESCAPED = new Set(['"', "'", '\\', 'n', 't']);

/** Goes past a plain name, `[A-Za-z_]\w*`. */
export function takeName(scanner: Scanner): boolean {
  return scanner.match(WORD);
}

/** Goes past a scalar and returns its type, or undefined if none stands here. {@link scalarText} gives its text. */
export function takeScalar(scanner: Scanner): ScalarType | undefined {
  switch (scanner.text[scanner.position]) {
    case '"':
      takeQuoted(scanner, '"');
      return 'string_doublequoted';
    case "'":
      takeQuoted(scanner, "'");
      return 'string_singlequoted';
  }
  const type = takeBare(scanner);
  if (type !== undefined) scanner.match(VERTICAL_SPACE);
  return type;
}

function takeBare(scanner: Scanner): ScalarType | undefined {
  switch (scanner.text[scanner.position]) {
    case '(':
      takeComplex(scanner);
      return 'complex';
    case '!':
      return scanner.match(TABLE_ID) ? 'tableid' : undefined;
  }
  if (takeNumber(scanner)) return 'number';
  if (scanner.match(BOOL)) return 'bool';
  if (scanner.match(WORD)) return 'string_unquoted';
  if (scanner.match(NIL)) return 'nil';
  if (scanner.match(DIGIT_WORD) || scanner.match(CATCH_ALL)) return 'string_unquoted';
  return undefined;
}

/** The text that is stored for a scalar, given its source. */
export function scalarText(type: ScalarType, source: string): string {
  switch (type) {
    case 'string_doublequoted':
    case 'string_singlequoted':
      return withLineFeeds(source.slice(1, -1));
    case 'complex':
      return complexOnOneLine(source);
    default:
      return source;
  }
}

/** Is this stored text a whole complex number? The C++ library stores one only up to its first blank. */
export function isWholeComplex(text: string): boolean {
  return text.includes(')');
}

function takeNumber(scanner: Scanner): boolean {
  return scanner.match(NUMBER) || scanner.match(INFINITY);
}

function takeComplex(scanner: Scanner): void {
  const expect = (taken: boolean) => taken || scanner.fail('a complex number is written (real, imaginary)');
  expect(scanner.take('('));
  for (const closing of [',', ')']) {
    scanner.skip();
    expect(takeNumber(scanner));
    scanner.skip();
    expect(scanner.take(closing));
  }
}

/** Drops comments, and makes blanks of line breaks and tabs: the C++ library exports the text without quotes. */
function complexOnOneLine(source: string): string {
  return source
    .replace(/(?:#|\/\/)[^\r\n]*/g, '')
    .replace(/[\t\n\r ]+/g, (blanks) => (/[^ ]/.test(blanks) ? ' ' : blanks));
}

function takeQuoted(scanner: Scanner, quote: '"' | "'"): void {
  const { text, position: start } = scanner;
  let end = text.indexOf(quote, start + 1);
  if (quote === '"') while (end !== -1 && text[end - 1] === '\\') end = text.indexOf(quote, end + 1);
  if (end === -1) scanner.fail(`the closing ${quote} is missing`);
  scanner.position = end + 1;
  if (!scanner.match(AFTER_QUOTED)) failAfterQuoted(scanner, start);
  const content = text.slice(start + 1, end);
  const unprintable = content.search(UNPRINTABLE);
  if (unprintable !== -1) {
    scanner.fail('quoted text can hold printable ASCII, line breaks and tabs only', start + 1 + unprintable);
  }
  if (quote === '"' && content.includes('\\')) checkEscapes(scanner, content, start + 1);
}

/** Points to the start of a text of several lines: most likely its own closing quote is missing. */
function failAfterQuoted(scanner: Scanner, start: number): never {
  const required = 'a blank, line end, comma or bracket must follow a closing quote';
  const quoted = scanner.text.slice(start, scanner.position);
  if (/[\r\n]/.test(quoted)) {
    const { line } = locate(scanner.text, scanner.position);
    scanner.fail(
      `${required}, but this text continues to line ${line} (is its closing quote missing?)`,
      start,
    );
  }
  return scanner.fail(
    quoted.startsWith('"') ? `${required} (is a " inside the text not escaped?)` : required,
  );
}

function checkEscapes(scanner: Scanner, content: string, offset: number): void {
  for (let at = content.indexOf('\\'); at !== -1; at = content.indexOf('\\', at + 2)) {
    if (!ESCAPED.has(content.charAt(at + 1))) {
      scanner.fail(
        'in double quotes a backslash can only stand before " \' \\ n t; write it \\\\, or use single quotes',
        offset + at,
      );
    }
  }
}
