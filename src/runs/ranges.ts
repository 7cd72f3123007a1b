import { type NumberRange, rangeText, toRanges } from './number-ranges.ts';
import type { RunNumber } from './run-number.ts';

const shownRanges = 10;
const shownGaps = 20;

/** Ranges as text, the middle left out where there are more than 10. */
export function formatRanges(ranges: readonly NumberRange[]): string {
  if (ranges.length === 0) return 'None';
  if (ranges.length <= shownRanges) return ranges.map(rangeText).join(', ');
  const half = shownRanges / 2;
  const head = ranges.slice(0, half).map(rangeText).join(', ');
  const tail = ranges.slice(-half).map(rangeText).join(', ');
  return `${head} ... ${tail} (${ranges.length} ranges total)`;
}

/** Runs, ascending, as {@link formatRanges} has them. */
export function formatRuns(runs: readonly RunNumber[]): string {
  return formatRanges(toRanges(runs));
}

/** The runs missing between ranges as text: the first 20, then their number. */
export function formatGaps(ranges: readonly NumberRange[]): string {
  const shown: RunNumber[] = [];
  let total = 0;
  let previous: NumberRange | undefined;
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
