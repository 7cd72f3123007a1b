import { FhiclError } from '../../errors.ts';
import { parseFhicl } from '../../fhicl/parse.ts';
import type { FhiclDocument, Value } from '../../fhicl/tree.ts';

/** What artdaqDB's FHiCL can't hold, not even in a comment: all but printable ASCII, tab and LF. */
export const FOREIGN = /[^\x20-\x7e\t\n]/gu;

/** Each character that FHiCL can't hold becomes a dot. */
export function printable(text: string): string {
  return text.replace(FOREIGN, '.');
}

/**
 * The text as quoted FHiCL. Double quotes can't end in a backslash (artdaqDB takes the closing quote for an escaped
 * one), so such a text stands in single quotes, which hold anything but themselves.
 * @param text what FHiCL can hold; not ending in a backslash if {@link needsFiller}
 */
export function quote(text: string): string {
  if (text.endsWith('\\')) return `'${text}'`;
  return `"${text.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n')}"`;
}

/** Does the text end in a backslash that single quotes can't hold? Then something must be added at its end. */
export function needsFiller(text: string): boolean {
  return text.endsWith('\\') && /['\n]/.test(text);
}

/** Is this one double-quoted text as artdaqDB reads it (its escapes are `\" \' \\ \n \t`)? */
export function isQuotedText(text: string): boolean {
  return /^"[^"\\]*(?:\\["'\\nt][^"\\]*)*"$/.test(text) && !text.endsWith('\\"');
}

/** Digits with at most one dot? The reference writes these without quotes. */
export function isPlainNumber(text: string): boolean {
  return /^[0-9]*\.?[0-9]*$/.test(text) && text !== '';
}

const NAME = /^[A-Za-z_]\w*$/;
const DOTTED_NAME = /^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*$/;
/** Names that mean something to artdaqDB. */
const RESERVED = /^(?:BEGIN_PROLOG|fhicl_pound_include)/;

/** A key that artdaqDB accepts: the given one if possible (dots only at top level), else one that is close to it. */
export function validKey(key: string, level: 'top' | 'nested'): string {
  if ((level === 'top' ? DOTTED_NAME : NAME).test(key) && !RESERVED.test(key)) return key;
  const name = key.replace(/[^A-Za-z0-9_]/gu, '_');
  return NAME.test(name) && !RESERVED.test(name) ? name : `_${name}`;
}

/** The text of a comment. artdaqDB acts on `#include` even there, so it is broken up. */
export function commentText(text: string): string {
  return printable(text).replaceAll('\n', ' ').replaceAll('#include', '# include');
}

/** The document if artdaqDB accepts the text. */
export function parseDocument(text: string): FhiclDocument | undefined {
  try {
    return parseFhicl(text, 'converted text');
  } catch (error) {
    if (error instanceof FhiclError) return undefined;
    throw error;
  }
}

/** The value if the text is exactly one, maybe with a comment after it. */
export function parseValue(text: string): Value | undefined {
  const document = parseDocument(`value: ${text}\n`);
  const [entry, another] = document?.main ?? [];
  return another === undefined && entry?.key === 'value' ? entry.value : undefined;
}

/** Can the text stand in a sequence as one element? */
export function isElement(text: string): boolean {
  const value = parseValue(`[${text}]`);
  return value?.type === 'sequence' && value.elements.length === 1;
}
