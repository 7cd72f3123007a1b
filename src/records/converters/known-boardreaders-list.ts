import { type Conversion, ConvertedText } from './converted-text.ts';
import { commentText, isQuotedText, printable } from './fhicl-text.ts';
import { isComment, readSource, type SourceLine, trimmed } from './source-text.ts';

/** `known_boardreaders_list.txt` -> `known_boardreaders_list.fcl`: `label: [host, port, ...]`. */
export function convertKnownBoardreadersList(bytes: Buffer): Conversion {
  const source = readSource(bytes);
  const lines = source.lines.filter((line) => !isComment(line) && trimmed(line.text) !== '');
  const out = new ConvertedText(source, lines);
  for (const line of lines) addBoardreader(out, line);
  return out.conversion();
}

function addBoardreader(out: ConvertedText, line: SourceLine): void {
  const { fields, remark } = fieldsOf(trimmed(line.text));
  const [label = '', ...values] = fields;
  const list = out.list(values, line.number);
  // The reference puts a blank before the bracket where a field was in quotes.
  const spaced = values.some((value) => isQuotedText(printable(value))) ? `${list.slice(0, -1)} ]` : list;
  if (remark !== '') out.warn(line.number, `the remark is kept as a comment: ${remark}`);
  out.addEntry(label, label, remark === '' ? spaced : `${spaced} ${commentText(remark)}`, line.number);
}

/**
 * Splits at white space outside double quotes. A single quote character reaches to the end of the line. A field with
 * `#` at its start begins a remark.
 */
function fieldsOf(text: string): { fields: string[]; remark: string } {
  const fields: string[] = [];
  const field = /(?:"[^"]*"|"[^"]*$|[^\s\x85"]+)+/g;
  for (let match = field.exec(text); match !== null; match = field.exec(text)) {
    if (fields.length > 0 && match[0].startsWith('#')) return { fields, remark: text.slice(match.index) };
    fields.push(match[0]);
  }
  return { fields, remark: '' };
}
