import { toRanges } from '../../src/runs/run-set.ts';
import { formatJson } from '../../src/shown-text.ts';
import type { RangeResult } from './compare-range.ts';
import type { RunResult } from './compare-run.ts';

/** Raised when a member of the JSON document changes its meaning or goes away. */
const VERSION = 1;

/** The comparison as one JSON document (documentation/COMPARE_TOOL.md, "JSON"). */
export function comparisonJson(result: RangeResult, isInterrupted: boolean): string {
  const document = {
    version: VERSION,
    range: result.range,
    artdaqdb: result.artdaqDb,
    ucondb: result.uconDb,
    interrupted: isInterrupted,
    runs: result.results.map(runMember),
    missing_in_artdaqdb: toRanges(result.missingInArtdaqDb),
    missing_in_ucondb: toRanges(result.missingInUconDb),
    in_neither: result.inNeither,
    not_compared: toRanges(result.notCompared),
  };
  return formatJson(document);
}

function runMember(result: RunResult) {
  const { run, status } = result;
  if (result.status === 'failed') return { run, status, error: result.error };
  return {
    run,
    status,
    error: null,
    matching: result.matching,
    different: result.different,
    only_in_artdaqdb: result.onlyInArtdaqDb,
    only_in_ucondb: result.onlyInUconDb,
    diffs: Object.fromEntries(result.diffs),
    notes: result.notes,
  };
}
