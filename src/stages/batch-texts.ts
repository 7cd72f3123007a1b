import type { StageName } from '../errors.ts';
import { formatRanges } from '../runs/run-set.ts';
import { type BatchPlan, byReason, type IncrementalView, sizeOf } from './candidates.ts';
import type { StageRequest } from './stage.ts';
import { postponementTexts } from './waiting-texts.ts';

/** The log lines before a batch, without the stage's name. */
export function planLines(
  plan: BatchPlan,
  { mode, limit, runs }: StageRequest,
  { position, late }: IncrementalView,
  verb: string,
): string[] {
  const { waiting, postponed, selected } = plan;
  const lines: string[] = [];
  if (mode === 'incremental') {
    lines.push(`Incremental mode: filtering runs > ${position}`);
    if (late.size > 0) lines.push(`${late.size} runs appeared late, below the position`);
  }
  if (runs !== undefined) lines.push(`only runs ${runs.toTexts().join(',')} (--runs)`);
  const found = selected.length;
  if (mode !== 'failed') lines.push(`Found ${found} runs to ${verb}.`);
  else if (found > 0) lines.push(`Attempting to recover ${found} failed runs.`);
  if (waiting.length > 0) {
    lines.push(
      `${waiting.length} of them failed earlier by a fault that may be the site's, and are tried again`,
    );
  }
  for (const [reason, later] of byReason(postponed)) {
    lines.push(`${later.size} runs wait ${postponementTexts[reason]}: ${formatRanges(later.ranges)}`);
  }
  const size = sizeOf(plan);
  if (size === 0) {
    if (mode === 'failed' && postponed.size > 0) return lines;
    return [...lines, mode === 'failed' ? 'No failed runs in log to recover.' : `No new runs to ${verb}.`];
  }
  lines.push(`Run range: ${selected[0]} to ${selected.at(-1)}`);
  if (found > size) {
    const rule = limit !== undefined ? '--limit' : mode === 'incremental' ? 'batch_size' : 'batch_size * 10';
    lines.push(`Limited to ${size} runs (${rule}). ${found - size} runs remaining.`);
  }
  return lines;
}

/** How many runs of a batch were archived, and how many were tried. */
interface BatchCounts {
  readonly successful: number;
  readonly attempted: number;
}

/** The log line after a batch. Its state was written as its runs ended. */
export function stateLine({ successful, attempted }: BatchCounts): string {
  return `Updating state tracking: ${successful} successful, ${attempted} attempted`;
}

/**
 * The log lines after a retry of failed runs.
 * @param counts `dropped`: failed runs that were archived already; `remaining`: those still in the failure log
 */
export function recoveryLines(
  stage: StageName,
  label: string,
  {
    successful,
    attempted,
    dropped,
    remaining,
  }: BatchCounts & { readonly dropped: number; readonly remaining: number },
): string[] {
  const [there, done] = stage === 'import' ? ['archived', 'imported'] : ['migrated', 'migrated'];
  return [
    `Updating state tracking after recovery: ${successful} newly ${done}, ${attempted} total attempted in recovery`,
    `${label}: Recovery complete. ${successful + dropped} successful (${dropped} already ${there}, ${successful} newly ${done}), ` +
      `${remaining} remaining.`,
  ];
}
