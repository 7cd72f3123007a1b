import type { RunNumber } from '../run-number.ts';

/** Consecutive runs, both ends included. */
export interface RunRange {
  readonly first: RunNumber;
  readonly last: RunNumber;
}

/** The consecutive ranges of an ascending list of runs. */
export function toRanges(runs: readonly RunNumber[]): RunRange[] {
  const ranges: { first: RunNumber; last: RunNumber }[] = [];
  for (const run of runs) {
    const current = ranges.at(-1);
    if (current !== undefined && run <= current.last + 1) current.last = run;
    else ranges.push({ first: run, last: run });
  }
  return ranges;
}

const shownRanges = 10;
const shownGaps = 20;

function formatRange(range: RunRange): string {
  return range.first === range.last ? String(range.first) : `${range.first}-${range.last}`;
}

/** Ranges as text, the middle left out where there are more than 10. */
export function formatRanges(ranges: readonly RunRange[]): string {
  if (ranges.length === 0) return 'None';
  if (ranges.length <= shownRanges) return ranges.map(formatRange).join(', ');
  const half = shownRanges / 2;
  const head = ranges.slice(0, half).map(formatRange).join(', ');
  const tail = ranges.slice(-half).map(formatRange).join(', ');
  return `${head} ... ${tail} (${ranges.length} ranges total)`;
}

/** The runs missing between ranges as text: the first 20, then their number. */
export function formatGaps(ranges: readonly RunRange[]): string {
  const shown: RunNumber[] = [];
  let total = 0;
  let previous: RunRange | undefined;
  for (const range of ranges) {
    if (previous !== undefined) {
      total += range.first - previous.last - 1;
      for (let run = previous.last + 1; run < range.first && shown.length < shownGaps; run++) shown.push(run);
    }
    previous = range;
  }
  if (total === 0) return 'None';
  const list = shown.join(', ');
  return total > shown.length ? `${list} ... (${total} gaps total)` : list;
}
