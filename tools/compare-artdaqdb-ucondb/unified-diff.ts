import { FILE_HEADERS_ONLY, formatPatch, type StructuredPatch, structuredPatch } from 'diff';

/** Lines of context around a change. */
const CONTEXT = 3;
/**
 * Removed and added lines up to which the package looks for the shortest difference. The search takes time with their
 * square (43 s for 8000 other lines), and when it gives up, the package has no patch: {@link coarsePatch} makes one.
 */
const MAX_EDITS = 1000;

/** One side of a difference. */
export interface DiffSide {
  /** Stands in the head of the difference. */
  readonly label: string;
  readonly text: string;
}

/**
 * The difference of two texts in unified format, as `patch` reads it; empty if there is none. Where texts have little
 * in common, everything between their equal beginnings and ends counts as changed.
 */
export function unifiedDiff(old: DiffSide, changed: DiffSide): string {
  if (old.text === changed.text) return '';
  const patch =
    structuredPatch(old.label, changed.label, old.text, changed.text, undefined, undefined, {
      context: CONTEXT,
      maxEditLength: MAX_EDITS,
    }) ?? coarsePatch(old, changed);
  return formatPatch(patch, FILE_HEADERS_ONLY);
}

/** One hunk with everything between equal beginnings and ends, found in one pass. */
function coarsePatch(old: DiffSide, changed: DiffSide): StructuredPatch {
  const [before, after] = [linesOf(old.text), linesOf(changed.text)];
  const shortest = Math.min(before.length, after.length);
  let head = 0;
  while (head < shortest && before[head] === after[head]) head++;
  let tail = 0;
  while (tail < shortest - head && before.at(-1 - tail) === after.at(-1 - tail)) tail++;
  const start = Math.max(0, head - CONTEXT);
  const kept = Math.max(0, tail - CONTEXT);
  const removed = before.slice(head, before.length - tail);
  const added = after.slice(head, after.length - tail);
  return {
    oldFileName: old.label,
    newFileName: changed.label,
    oldHeader: undefined,
    newHeader: undefined,
    hunks: [
      {
        oldStart: start + 1,
        oldLines: before.length - kept - start,
        newStart: start + 1,
        newLines: after.length - kept - start,
        lines: [
          ...before.slice(start, head).flatMap(marked(' ')),
          ...removed.flatMap(marked('-')),
          ...added.flatMap(marked('+')),
          ...before.slice(before.length - tail, before.length - kept).flatMap(marked(' ')),
        ],
      },
    ],
  };
}

function linesOf(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

function marked(sign: string): (line: string) => string[] {
  return (line) =>
    line.endsWith('\n')
      ? [`${sign}${line.slice(0, -1)}`]
      : [`${sign}${line}`, '\\ No newline at end of file'];
}
