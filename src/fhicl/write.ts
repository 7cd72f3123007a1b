import { quoteJson } from './json.ts';
import { isWholeComplex } from './scalars.ts';
import { type Entry, type FhiclDocument, INCLUDE_KEY, type Scalar, type Value } from './tree.ts';

/**
 * The document as FHiCL text, byte for byte as artdaqDB exports it, but that complex numbers stay such in sequences
 * (there they become strings). An empty document gives an empty text.
 *
 * Read again, the text gives the same data, but where artdaqDB's own export doesn't either: an `#include` that is also
 * the annotation of a value (it stands behind it on the line, or seems to where CR LF lines are miscounted) is written
 * twice, so is one with a tab for its blank (also as comment of the next entry); the name in an include is always
 * double-quoted and written as JSON, each backslash doubled; and `true#`, `@nil#`, `infinity#`, stored as unquoted
 * strings, get the blank that makes them a bool, nil and number.
 */
export function writeFhicl({ prolog, main }: FhiclDocument): string {
  // Joined rather than added up: V8 keeps a sum as a tree of its parts, and a run's exports are kept until it is packed.
  const parts: string[] = [];
  if (prolog.length > 0) {
    parts.push('BEGIN_PROLOG\n');
    writeEntries(prolog, parts);
    parts.push('\nEND_PROLOG\n');
  }
  writeEntries(main, parts);
  return parts.join('');
}

function writeEntries(entries: readonly Entry[], parts: string[]): void {
  for (const { key, protection, value } of entries) {
    if (key.startsWith(INCLUDE_KEY) && value.type !== 'table' && value.type !== 'sequence') {
      parts.push(` \n#include ${quoteJson(value.text)} \n`);
      continue;
    }
    const name = protection === '' ? key : `${key} ${protection}`;
    parts.push(`${value.comment}\n${name}: `);
    writeValue(value, parts);
    if (value.type !== 'table') parts.push(` ${value.annotation}\n`);
  }
}

function writeValue(value: Value, parts: string[]): void {
  switch (value.type) {
    case 'table':
      parts.push('{\n');
      writeEntries(value.entries, parts);
      parts.push('\n}');
      return;
    case 'sequence':
      parts.push('[');
      value.elements.forEach((element, index) => {
        if (index > 0) parts.push(', ');
        writeElement(element, parts);
      });
      parts.push(']');
      return;
    default:
      parts.push(scalarText(value));
  }
}

function writeElement(element: Value, parts: string[]): void {
  if (element.type === 'complex' && !isWholeComplex(element.text)) {
    parts.push(`"${element.text}"`);
    return;
  }
  writeValue(element, parts);
  if (element.type === 'sequence') parts.push(` ${element.annotation}\n`);
}

function scalarText({ type, text }: Scalar): string {
  if (type === 'string_doublequoted') return `"${text}"`;
  return type === 'string_singlequoted' ? `'${text}'` : text;
}
