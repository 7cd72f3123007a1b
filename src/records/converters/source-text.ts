import { rangeText, toRanges } from '../../runs/run-set.ts';
import { FOREIGN } from './fhicl-text.ts';

/** Something in the source text that the FHiCL document can't hold as it is, or doesn't hold. */
export interface ConversionWarning {
  /** Line of the source text, counted from 1; undefined if it is about the whole file. */
  readonly line: number | undefined;
  readonly message: string;
}

/** A line of a record's text file, without its line end. */
export interface SourceLine {
  /** Counted from 1. */
  readonly number: number;
  readonly text: string;
}

/** A record's text file, decoded. */
export interface SourceText {
  readonly text: string;
  readonly lines: readonly SourceLine[];
  readonly warnings: readonly ConversionWarning[];
}

/** One UTF-8 sequence of several bytes, or else one byte outside ASCII, in bytes read as Latin-1. */
const BEYOND_ASCII =
  /[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2}|[\x80-\xff]/g;
/** A byte that is not UTF-8 becomes a lone surrogate: a character of its own that still tells the byte. */
const BYTE_ESCAPE = 0xdc00;
const BYTE_ORDER_MARK = '\ufeff';

/**
 * Reads UTF-8 with any faults. Leaves out a byte-order mark at the start, with a warning. LF, CR LF and CR end a line;
 * form feeds and the separators of Unicode don't, because the same value continues after them.
 */
export function readSource(bytes: Buffer): SourceText {
  const decoded = bytes
    .toString('latin1')
    .replace(BEYOND_ASCII, (sequence) =>
      sequence.length > 1
        ? Buffer.from(sequence, 'latin1').toString('utf8')
        : String.fromCharCode(BYTE_ESCAPE + sequence.charCodeAt(0)),
    );
  const marked = decoded.startsWith(BYTE_ORDER_MARK);
  const text = marked ? decoded.slice(1) : decoded;
  return {
    text,
    lines: text.split(/\r\n|\r|\n/).map((line, index) => ({ number: index + 1, text: line })),
    warnings: marked ? [{ line: 1, message: 'byte-order mark left out' }] : [],
  };
}

/** The name of a character in a warning. */
function characterName(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code > BYTE_ESCAPE && code <= BYTE_ESCAPE + 0xff) return `byte 0x${hex(code - BYTE_ESCAPE, 2)}`;
  return `U+${hex(code, 4)}`;
}

function hex(code: number, digits: number): string {
  return code.toString(16).toUpperCase().padStart(digits, '0');
}

/** White space in the reference's sense: Unicode's, and NEL. */
const SPACE = /[\s\x85]/;

/** The text without white space at its ends. */
export function trimmed(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && SPACE.test(text.charAt(start))) start++;
  while (end > start && SPACE.test(text.charAt(end - 1))) end--;
  return text.slice(start, end);
}

/** The parts of a text between runs of white space. */
export function words(text: string): string[] {
  return text.split(/[\s\x85]+/).filter((word) => word !== '');
}

/** Is `#` the first character of the line that is not a blank? */
export function isComment(line: SourceLine): boolean {
  return trimmed(line.text).startsWith('#');
}

/**
 * Splits at the first colon.
 * @returns key and value without white space around them, or undefined if there is no colon
 */
export function keyAndValue(text: string): { key: string; value: string } | undefined {
  const colon = text.indexOf(':');
  if (colon === -1) return undefined;
  return { key: trimmed(text.slice(0, colon)), value: trimmed(text.slice(colon + 1)) };
}

/** Lines that get a warning of their own; all others share one, so that a binary file can't flood the log. */
const MAX_LINES = 20;
/** Ranges of lines that their warning names. */
const MAX_RANGES = 50;
/** Characters that one warning names. */
const MAX_CHARACTERS = 10;

/** Warns of the lines with characters that FHiCL can't hold and that are written as dots. */
export function foreignCharacterWarnings(lines: readonly SourceLine[]): ConversionWarning[] {
  const foreign = lines.filter(({ text }) => text.search(FOREIGN) !== -1);
  const warnings = foreign.slice(0, MAX_LINES).map(({ number, text }) => ({
    line: number,
    message: `${characterNames(text)}: FHiCL can't hold that, so it is written as '.'`,
  }));
  const [first, ...others] = foreign.slice(MAX_LINES).map(({ number }) => number);
  if (first === undefined) return warnings;
  const ranges = toRanges([first, ...others]).map(rangeText);
  const places = ranges.slice(0, MAX_RANGES).join(', ') + (ranges.length > MAX_RANGES ? ', ...' : '');
  const message = `more characters written as '.', in ${1 + others.length} lines: ${places}`;
  return [...warnings, { line: first, message }];
}

function characterNames(text: string): string {
  const names = [...new Set(text.match(FOREIGN))].map(characterName);
  const named = names.slice(0, MAX_CHARACTERS).join(', ');
  return names.length > MAX_CHARACTERS ? `${named} and ${names.length - MAX_CHARACTERS} more` : named;
}
