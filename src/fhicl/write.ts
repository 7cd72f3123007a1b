import { quoteJson } from './json.ts';
import { isWholeComplex } from './scalars.ts';
import { type Entry, type FhiclDocument, INCLUDE_KEY, type Scalar, type Value } from './tree.ts';

/**
 * The document as FHiCL text, byte for byte as artdaqDB exports it. Only complex numbers in sequences differ: they stay
 * numbers, where artdaqDB makes strings of them. An empty document gives an empty text.
 *
 * The text gives the same data when it is read again, with the exceptions of artdaqDB's own export: an `#include` that
 * is also the annotation of a value (because it stands, or with CR LF seems to stand, behind it on the line) is written
 * twice; so is one with a tab in place of its blank. The name in an include gets double quotes and JSON's escapes.
 * `true#`, `@nil#` and `infinity#`, stored as unquoted strings, get the blank that makes them a bool, nil and number.
 */
export function writeFhicl({ prolog, main }: FhiclDocument): string {
  // V8 keeps a sum of strings as a tree of its parts, and the exports of a run are kept until they are packed: join them.
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
      parts.push(exportedScalar(value));
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

function exportedScalar({ type, text }: Scalar): string {
  if (type === 'string_doublequoted') return `"${text}"`;
  return type === 'string_singlequoted' ? `'${text}'` : text;
}
