/** Consecutive whole numbers, both ends included. */
export interface NumberRange {
  readonly first: number;
  readonly last: number;
}

/** The consecutive ranges of an ascending list; a number that is repeated counts once. */
export function toRanges(numbers: readonly number[]): NumberRange[] {
  const ranges: { first: number; last: number }[] = [];
  for (const number of numbers) {
    const current = ranges.at(-1);
    if (current !== undefined && number <= current.last + 1) current.last = number;
    else ranges.push({ first: number, last: number });
  }
  return ranges;
}

/** `17` for a single number, `20-35` for more. */
export function rangeText({ first, last }: NumberRange): string {
  return first === last ? String(first) : `${first}-${last}`;
}
