import { type Conversion, ConvertedText } from './converted-text.ts';
import { commentText, isElement, parseValue, printable } from './fhicl-text.ts';
import { settingsIn, splitAfterList } from './setting-lines.ts';
import { isComment, readSource, trimmed } from './source-text.ts';

/** `settings.txt` -> `settings.fcl`. */
export function convertSettings(bytes: Buffer): Conversion {
  const source = readSource(bytes);
  const lines = source.lines.filter((line) => !isComment(line) && trimmed(line.text) !== '');
  const out = new ConvertedText(source, lines);
  for (const { line, field, further } of settingsIn(lines, /^\[/)) {
    if (field === undefined) {
      out.warnLeftOut(line);
      continue;
    }
    const { key, value } = field;
    const text = value.startsWith('[')
      ? settingsList(out, [value, ...further.map((each) => trimmed(each.text))], line.number)
      : settingText(out, value, line.number);
    out.addEntry(key, key.replace(/[\s\x85\-()/#.]+/g, '_'), text, line.number);
  }
  return out.conversion();
}

function settingText(out: ConvertedText, value: string, line: number): string {
  return /^(?:true|false)$/i.test(value) ? value.toLowerCase() : out.value(value, line);
}

/**
 * A setting that begins with `[`. Elements that need no quotes are written as the reference writes them, with
 * underscores for hyphens. Where that gives no list of the same elements, the list stays as it is, or its elements are
 * quoted, or all of it is one text.
 * @param parts the lines that it is on
 */
function settingsList(out: ConvertedText, parts: readonly string[], line: number): string {
  const { text, remarks } = parts.length > 1 ? withoutRemarks(parts) : { text: parts.join(' '), remarks: [] };
  const split = splitAfterList(printable(text));
  const remark = trimmed(split?.rest ?? '');
  if (split === undefined || (remark !== '' && !remark.startsWith('#')))
    return out.quoted(parts.join('\n'), line);
  const kept = [remark, ...remarks].filter((each) => each !== '').join(' ');
  if (kept === '') return listOf(out, split.list, line);
  out.warn(line, `the remark is kept as a comment: ${kept}`);
  return `${listOf(out, split.list, line)} ${commentText(kept)}`;
}

function listOf(out: ConvertedText, list: string, line: number): string {
  const elements = list
    .slice(1, -1)
    .split(',')
    .map(trimmed)
    .filter((element) => element !== '');
  const plain = bracketed(elements.map((element) => withoutQuotes(element).replaceAll('-', '_')));
  if (elements.every(losesNoQuotes) && parseValue(plain) !== undefined) {
    for (const element of elements) warnOfHyphens(out, withoutQuotes(element), line);
    return plain;
  }
  if (parseValue(list) !== undefined) return list;
  const whole = commaSeparated(list.slice(1, -1))
    .map(trimmed)
    .filter((element) => element !== '');
  return bracketed(whole.map((element) => (isElement(element) ? element : out.quoted(element, line))));
}

/** The parts of a text between commas outside quotes. */
function commaSeparated(text: string): string[] {
  const parts: string[] = [];
  let start = 0;
  for (const match of text.matchAll(/"[^"]*"|'[^']*'|,/g)) {
    if (match[0] !== ',') continue;
    parts.push(text.slice(start, match.index));
    start = match.index + 1;
  }
  return [...parts, text.slice(start)];
}

function bracketed(elements: readonly string[]): string {
  return `[ ${elements.join(', ')} ]`;
}

function withoutQuotes(element: string): string {
  return /^(?:".*"|'.*')$/.test(element) && element.length > 1 ? element.slice(1, -1) : element;
}

/** Does the element mean the same without quotes? */
function losesNoQuotes(element: string): boolean {
  const bare = withoutQuotes(element);
  return bare === element
    ? !/["']/.test(element)
    : /^[\w.:@+-]+$/.test(bare) && isElement(bare.replaceAll('-', '_'));
}

/** The reference replaces hyphens because names of packages have them; anywhere else that is worth a warning. */
function warnOfHyphens(out: ConvertedText, element: string, line: number): void {
  if (!element.includes('-') || /^[A-Za-z][\w-]*$/.test(element)) return;
  out.warn(line, `the element '${element}' is written as '${element.replaceAll('-', '_')}'`);
}

function withoutRemarks(parts: readonly string[]): { text: string; remarks: string[] } {
  const remarks: string[] = [];
  const texts = parts.map((part) =>
    part.replace(/("[^"]*"|'[^']*')|(?<![^\s])#.*/gs, (found: string, quoted: string | undefined) => {
      if (quoted !== undefined) return quoted;
      remarks.push(trimmed(found));
      return '';
    }),
  );
  return { text: texts.map(trimmed).join(' '), remarks };
}
