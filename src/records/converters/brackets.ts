/** Lists in texts that are no FHiCL yet. */

/** Splits a text that begins with `[` behind the bracket that closes it; undefined if none does. */
export function splitAfterList(text: string): { list: string; rest: string } | undefined {
  let depth = 0;
  for (const match of text.matchAll(/"[^"]*"|'[^']*'|[[\]]/g)) {
    if (match[0] === '[') depth++;
    else if (match[0] === ']') depth--;
    if (depth === 0) {
      const end = match.index + match[0].length;
      return { list: text.slice(0, end), rest: text.slice(end) };
    }
  }
  return undefined;
}

/** The parts of a text between commas outside quotes. */
export function commaSeparated(text: string): string[] {
  const parts: string[] = [];
  let start = 0;
  for (const match of text.matchAll(/"[^"]*"|'[^']*'|,/g)) {
    if (match[0] !== ',') continue;
    parts.push(text.slice(start, match.index));
    start = match.index + 1;
  }
  return [...parts, text.slice(start)];
}
