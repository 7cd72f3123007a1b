/** As many are suggested at most. */
const MOST = 5;
/** Texts with less in common than this are not near. */
const LEAST = 0.5;

/** The candidates that are most like a text that was perhaps mistyped, the most alike first. */
export function nearest(text: string, candidates: Iterable<string>): string[] {
  const wanted = pairsIn(text);
  return [...candidates]
    .map((candidate) => ({ candidate, likeness: likeness(wanted, pairsIn(candidate)) }))
    .filter((each) => each.likeness >= LEAST)
    .sort((one, other) => other.likeness - one.likeness)
    .slice(0, MOST)
    .map(({ candidate }) => candidate);
}

/** The pairs of characters in a text, whatever their case. */
function pairsIn(text: string): ReadonlySet<string> {
  const lower = ` ${text.toLowerCase()} `;
  return new Set(Array.from({ length: lower.length - 1 }, (_, i) => lower.slice(i, i + 2)));
}

/** The share of pairs that both have (Dice's coefficient). */
function likeness(one: ReadonlySet<string>, other: ReadonlySet<string>): number {
  let common = 0;
  for (const pair of one) if (other.has(pair)) common++;
  return (2 * common) / (one.size + other.size);
}
