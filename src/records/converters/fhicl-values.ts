import { FhiclError } from '../../errors.ts';
import { parseFhicl } from '../../fhicl/parse.ts';
import type { FhiclDocument, Value } from '../../fhicl/tree.ts';

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
