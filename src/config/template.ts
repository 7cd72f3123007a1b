/** A `${name}` or `${name:-default}` of a text. */
export interface Reference {
  readonly name: string;
  /** What stands for it if there is nothing of that name. */
  readonly fallback: readonly TemplatePart[] | undefined;
  /** As written. */
  readonly source: string;
}

/** Plain text, or a reference. */
export type TemplatePart = string | Reference;

interface OpenReference {
  readonly start: number;
  /** Between `${` and the first brace after it. */
  head: string | undefined;
  readonly parts: TemplatePart[];
}

/**
 * Splits a text into plain parts and references. A `}` closes the `${` opened last; a `${` that is never closed is plain
 * text, and references inside it still count. What is in braces but no name is plain text as a whole. Takes linear time.
 */
export function parseTemplate(text: string): readonly TemplatePart[] {
  const stack: OpenReference[] = [{ start: 0, head: '', parts: [] }];
  let position = 0;
  const top = () => stack.at(-1) as OpenReference;
  const takeText = (end: number) => {
    const piece = text.slice(position, end);
    top().head ??= piece;
    if (piece !== '') top().parts.push(piece);
  };
  for (const { 0: token, index } of text.matchAll(/\$\{|\}/g)) {
    if (token === '}' && stack.length === 1) continue;
    takeText(index);
    position = index + token.length;
    if (token === '${') {
      stack.push({ start: index, head: undefined, parts: [] });
    } else {
      const closed = top();
      stack.pop();
      top().parts.push(asReference(closed, text.slice(closed.start, position)));
    }
  }
  takeText(text.length);
  const [whole, ...unclosed] = stack as [OpenReference, ...OpenReference[]];
  for (const { parts } of unclosed) {
    whole.parts.push('${');
    for (const part of parts) whole.parts.push(part);
  }
  return whole.parts;
}

function asReference({ head = '', parts }: OpenReference, source: string): TemplatePart {
  const separator = head.indexOf(':-');
  if (separator < 0) return parts.length === 1 ? { name: head, fallback: undefined, source } : source;
  const rest = head.slice(separator + 2);
  const fallback = [...(rest === '' ? [] : [rest]), ...parts.slice(1)];
  return { name: head.slice(0, separator), fallback, source };
}
