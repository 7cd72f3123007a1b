import { diffArrays } from 'diff';

/** What became of elements of a sequence: an old place, a new one, or both. */
export interface AlignedElement {
  readonly old: number | undefined;
  readonly new: number | undefined;
}

/** How much two elements that differ have in common, from 0 to 1. */
type Likeness = (old: number, changed: number) => number;

/** Removed and added elements up to which the shortest difference is looked for: that takes time with their square. */
const MAX_EDITS = 200;
/** Elements are compared with each other, all with all, as long as that makes so few pairs. */
const MAX_PAIRS = 10_000;

/**
 * Finds out which elements of two sequences belong together: those at the same place, if fewer differ so, or else equal ones as far
 * as they are in the same order, and between these the ones that are most alike.
 * @param before one number for each element; equal for equal ones
 * @returns the elements that differ, in order
 */
export function align(
  before: readonly number[],
  after: readonly number[],
  likeness: Likeness,
): AlignedElement[] {
  const moved = alignOrder(before, after, likeness);
  if (before.length !== after.length) return moved;
  const places = before.flatMap((id, i) => (after[i] === id ? [] : [{ old: i, new: i }]));
  return places.length <= moved.length ? places : moved;
}

function alignOrder(
  before: readonly number[],
  after: readonly number[],
  likeness: Likeness,
): AlignedElement[] {
  const aligned: AlignedElement[] = [];
  let [from, to] = [0, 0];
  const closeGap = (removed: number, added: number): void => {
    for (const each of alignGap({ from, removed, to, added }, likeness)) aligned.push(each);
    from += removed;
    to += added;
  };
  let [removed, added] = [0, 0];
  for (const part of edits(before, after)) {
    if (part.removed) removed += part.count;
    else if (part.added) added += part.count;
    else {
      closeGap(removed, added);
      [removed, added] = [0, 0];
      from += part.count;
      to += part.count;
    }
  }
  closeGap(removed, added);
  return aligned;
}

interface Edit {
  readonly count: number;
  readonly removed: boolean;
  readonly added: boolean;
}

/** Where sequences have little in common, everything between their equal beginnings and ends counts as changed. */
function edits(before: readonly number[], after: readonly number[]): readonly Edit[] {
  const found = diffArrays([...before], [...after], { maxEditLength: MAX_EDITS });
  if (found !== undefined) return found;
  const shortest = Math.min(before.length, after.length);
  let head = 0;
  while (head < shortest && before[head] === after[head]) head++;
  let tail = 0;
  while (tail < shortest - head && before.at(-1 - tail) === after.at(-1 - tail)) tail++;
  return [
    { count: head, removed: false, added: false },
    { count: before.length - head - tail, removed: true, added: false },
    { count: after.length - head - tail, removed: false, added: true },
    { count: tail, removed: false, added: false },
  ];
}

/** Elements between two pairs of equal ones. */
interface Gap {
  readonly from: number;
  readonly removed: number;
  readonly to: number;
  readonly added: number;
}

function alignGap(gap: Gap, likeness: Likeness): AlignedElement[] {
  const { from, removed, to, added } = gap;
  const isSimple = removed === 0 || added === 0 || (removed === 1 && added === 1);
  if (!isSimple && removed * added <= MAX_PAIRS) return mostAlike(gap, likeness);
  const count = Math.max(removed, added);
  return Array.from({ length: count }, (_, i) => ({
    old: i < removed ? from + i : undefined,
    new: i < added ? to + i : undefined,
  }));
}

/** Chooses pairs in ascending order so that all of them together are as much alike as possible. */
function mostAlike({ from, removed, to, added }: Gap, likeness: Likeness): AlignedElement[] {
  const width = added + 1;
  // The best sum for the elements from a place on.
  const best = new Float64Array((removed + 1) * width);
  const alike = new Float64Array(removed * added);
  const at = (i: number, j: number): number => best[i * width + j] ?? 0;
  for (let i = removed - 1; i >= 0; i--) {
    for (let j = added - 1; j >= 0; j--) {
      const pair = likeness(from + i, to + j);
      alike[i * added + j] = pair;
      best[i * width + j] = Math.max(at(i + 1, j), at(i, j + 1), pair + at(i + 1, j + 1));
    }
  }
  const aligned: AlignedElement[] = [];
  let [i, j] = [0, 0];
  while (i < removed && j < added) {
    const pair = alike[i * added + j] ?? 0;
    if (pair > 0 && at(i, j) === pair + at(i + 1, j + 1)) aligned.push({ old: from + i++, new: to + j++ });
    else if (at(i, j) === at(i + 1, j)) aligned.push({ old: from + i++, new: undefined });
    else aligned.push({ old: undefined, new: to + j++ });
  }
  while (i < removed) aligned.push({ old: from + i++, new: undefined });
  while (j < added) aligned.push({ old: undefined, new: to + j++ });
  return aligned;
}
