import type { StageReport } from '../../../src/notify/stage-report.ts';

/** A report of two failed runs, with other details in place of its own. */
export function exampleReport(details: Partial<StageReport> = {}): StageReport {
  return {
    kind: 'failure',
    stage: 'import',
    host: 'daq01',
    time: '2026-03-01 12:00:00',
    failureLog: '/data/import_failures.log',
    newRuns: [12, 15],
    knownRuns: [],
    goneRuns: [],
    error: undefined,
    errorIsOver: false,
    cause: (run) => `run ${run} has no metadata.txt`,
    ...details,
  };
}

/** The numbers from `first` on. */
export function runsFrom(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => first + index);
}
