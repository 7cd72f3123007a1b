import { formatRuns } from '../report/ranges.ts';
import type { BatchPlan, IncrementalView } from './candidates.ts';
import type { StageRequest } from './stage.ts';

/** What operators are told of a batch before it begins, without the stage's name. */
export function planLines(
  { batch, waiting, left }: BatchPlan,
  { mode, limit, runs }: StageRequest,
  { position, late }: IncrementalView,
  verb: string,
): string[] {
  const lines: string[] = [];
  if (mode === 'incremental') {
    lines.push(`Incremental mode: filtering runs > ${position}`);
    if (late.size > 0) lines.push(`${late.size} runs appeared late, below the position`);
  }
  if (runs !== undefined) lines.push(`only runs ${runs.toTexts().join(',')} (--runs)`);
  const found = batch.length + left;
  const [first, last] = [batch[0], batch.at(-1)];
  if (mode !== 'failed') lines.push(`Found ${found} runs to ${verb}.`);
  else if (found > 0) lines.push(`Attempting to recover ${found} failed runs.`);
  for (const [reason, waitingRuns] of waiting) {
    lines.push(`${waitingRuns.length} runs wait ${reason}: ${formatRuns(waitingRuns)}`);
  }
  if (first === undefined) {
    if (mode === 'failed' && waiting.size > 0) return lines;
    return [...lines, mode === 'failed' ? 'No failed runs in log to recover.' : `No new runs to ${verb}.`];
  }
  lines.push(`Run range: ${first} to ${last}`);
  if (left > 0) {
    const rule = limit !== undefined ? '--limit' : mode === 'incremental' ? 'batch_size' : 'batch_size * 10';
    lines.push(`Limited to ${batch.length} runs (${rule}). ${left} runs remaining.`);
  }
  return lines;
}
