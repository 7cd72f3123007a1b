import { quoteJson } from './json.ts';
import { isWholeComplex } from './scalars.ts';
import type { Entry, FhiclDocument, Scalar, Value } from './tree.ts';
import { INCLUDE_KEY } from './tree.ts';

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
  const head = prolog.length === 0 ? '' : `BEGIN_PROLOG\n${entriesText(prolog)}\nEND_PROLOG\n`;
  return head + entriesText(main);
}

function entriesText(entries: readonly Entry[]): string {
  let text = '';
  for (const entry of entries) text += entryText(entry);
  return text;
}

function entryText({ key, protection, value }: Entry): string {
  if (key.startsWith(INCLUDE_KEY) && value.type !== 'table' && value.type !== 'sequence') {
    return ` \n#include ${quoteJson(value.text)} \n`;
  }
  const name = protection === '' ? key : `${key} ${protection}`;
  const end = value.type === 'table' ? '' : ` ${value.annotation}\n`;
  return `${value.comment}\n${name}: ${valueText(value)}${end}`;
}

function valueText(value: Value): string {
  if (value.type === 'table') return `{\n${entriesText(value.entries)}\n}`;
  if (value.type !== 'sequence') return scalarText(value);
  let elements = '';
  for (const element of value.elements) elements += (elements && ', ') + elementText(element);
  return `[${elements}]`;
}

function elementText(element: Value): string {
  if (element.type === 'sequence') return `${valueText(element)} ${element.annotation}\n`;
  if (element.type === 'complex' && !isWholeComplex(element.text)) return `"${element.text}"`;
  return valueText(element);
}

function scalarText({ type, text }: Scalar): string {
  if (type === 'string_doublequoted') return `"${text}"`;
  return type === 'string_singlequoted' ? `'${text}'` : text;
}
