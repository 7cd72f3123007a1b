import type { RunNumber } from '../../src/runs/run-number.ts';
import { rangeText, toRanges } from '../../src/runs/run-set.ts';
import { formatJson, visible, visibleLines } from '../../src/shown-text.ts';
import type { RangeResult } from './compare-range.ts';
import type { RunResult } from './compare-run.ts';

/** The lines about a run that differs; none about an equal one. */
export function runLines(result: RunResult): string[] {
  const { run } = result;
  if (result.status === 'failed') return [`Run ${run} could not be compared: ${result.error}`];
  if (result.status === 'matching') return [];
  const files = [
    ...result.different.map((name) => `different: ${name}`),
    ...result.onlyInArtdaqDb.map((name) => `missing in UconDB: ${name}`),
    ...result.onlyInUconDb.map((name) => `missing in artdaqDB: ${name}`),
    ...result.notes,
  ];
  return [`Run ${run} differs`, ...files.map((file) => `    ${file}`)];
}

/** {@link runLines}, and the differences if the user wants them. */
export function runText(result: RunResult): string {
  const diffs = result.status === 'failed' ? [] : [...result.diffs.values()];
  return [...runLines(result).map((line) => `${visible(line)}\n`), ...diffs.map(visibleLines)].join('');
}

/** The lines that end a comparison. */
export function summaryText(result: RangeResult): string {
  const { range, results, missingInArtdaqDb, missingInUconDb, inNeither, notCompared } = result;
  const runsOf = (status: RunResult['status']): RunNumber[] =>
    results.filter((run) => run.status === status).map(({ run }) => run);
  const rule = `${'='.repeat(70)}\n`;
  const count = (name: string, runs: readonly RunNumber[], isListed = true): string => {
    const list = isListed && runs.length > 0 ? `  (${toRanges(runs).map(rangeText).join(', ')})` : '';
    return `${`${name}:`.padEnd(22)}${runs.length}${list}\n`;
  };
  const absent = inNeither.reduce((sum, { first, last }) => sum + last - first + 1, 0);
  return [
    rule,
    `COMPARISON SUMMARY, runs ${rangeText(range)}\n`,
    rule,
    `artdaqDB: ${visible(result.artdaqDb)}\n`,
    `UconDB:   ${result.uconDb}\n`,
    count(
      'Total runs compared',
      results.map(({ run }) => run),
      false,
    ),
    count('Matching runs', runsOf('matching'), false),
    count('Different runs', runsOf('different')),
    count('Failed runs', runsOf('failed')),
    count('Missing in artdaqDB', missingInArtdaqDb),
    count('Missing in UconDB', missingInUconDb),
    `In neither place:     ${absent}\n`,
    notCompared.length === 0 ? '' : count('Not compared', notCompared),
    rule,
  ].join('');
}

/** Raised when a member of the JSON document changes its meaning or is removed. */
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
