/** Parts of flags that are as well the name of a configuration file, or say nothing alone. */
const COMMON_PARTS: ReadonlySet<string> = new Set([
  'config',
  'state',
  'failed',
  'only',
  'run',
  'to',
  'dry',
  'archived',
]);
/** Shorter words resemble too many others. */
const SHORTEST_MISSPELT = 5;

/**
 * The flags that somebody may have meant who typed a word without dashes: `status` for `--report-status`. None if the word
 * resembles no flag.
 * @param flags all long flags
 */
export function flagsLike(word: string, flags: readonly string[]): string[] {
  if (!/^[a-z][a-z-]*$/i.test(word)) return [];
  const wanted = word.toLowerCase();
  const nameOf = (flag: string): string => flag.replace(/^--/, '');
  const partsOf = (flag: string): string[] =>
    nameOf(flag)
      .split('-')
      .filter((part) => !COMMON_PARTS.has(part));
  const rules: ((flag: string) => boolean)[] = [
    (flag) => nameOf(flag) === wanted,
    (flag) => partsOf(flag).length > 0 && nameOf(flag).startsWith(`${wanted}-`),
    (flag) => partsOf(flag).includes(wanted),
    (flag) => [nameOf(flag), ...partsOf(flag)].some((name) => isMisspelt(wanted, name)),
  ];
  for (const rule of rules) {
    const found = flags.filter(rule);
    if (found.length > 0) return found;
  }
  return [];
}

function isMisspelt(word: string, name: string): boolean {
  if (Math.min(word.length, name.length) < SHORTEST_MISSPELT) return false;
  return editDistance(word, name) <= (name.length < 7 ? 1 : 2);
}

/** How many letters differ: added, left out, replaced, or exchanged with their neighbour. */
function editDistance(one: string, other: string): number {
  let before: number[] = [];
  let previous = Array.from({ length: other.length + 1 }, (_, column) => column);
  for (let row = 1; row <= one.length; row++) {
    const current = [row];
    for (let column = 1; column <= other.length; column++) {
      const at = (line: readonly number[], index: number): number => line[index] ?? Number.POSITIVE_INFINITY;
      const isSame = one[row - 1] === other[column - 1];
      const isExchanged = one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1];
      current.push(
        Math.min(
          at(previous, column) + 1,
          at(current, column - 1) + 1,
          at(previous, column - 1) + (isSame ? 0 : 1),
          isExchanged ? at(before, column - 2) + 1 : Number.POSITIVE_INFINITY,
        ),
      );
    }
    before = previous;
    previous = current;
  }
  return previous[other.length] ?? 0;
}
