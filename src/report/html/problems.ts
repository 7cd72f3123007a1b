import type { StageName } from '../../errors.ts';
import type { NumberRange } from '../../runs/run-set.ts';
import type { ReportLine } from '../lines.ts';
import { isUnused } from './axis.ts';
import { isThere, joinRanges, lengthOf, type Segment } from './segments.ts';

/** Something that an operator wants to know of some runs. */
export interface Problem {
  /** Also the anchor on the page. */
  readonly kind: string;
  readonly level: ReportLine['level'];
  /** One character that stands for it where there is no room for words. */
  readonly sign: string;
  readonly title: string;
  readonly advice: string;
  /** The stage in whose failure log the runs are, if that is what there is to know. */
  readonly failedIn?: StageName;
  /** Does the normal course of things deal with it? */
  readonly isBacklog: boolean;
  /** Are there too many of them, and is there nothing to be done, so that a sign above the lanes would only distract? */
  readonly isUnmarked?: boolean;
  readonly holds: (segment: Segment) => boolean;
  /** Ascending; never empty. */
  readonly ranges: readonly NumberRange[];
  /** Runs in all ranges. */
  readonly total: number;
}

type Rule = Omit<Problem, 'ranges' | 'total'>;

const rules: readonly Rule[] = [
  {
    kind: 'import-failed',
    failedIn: 'import',
    isBacklog: false,
    level: 'error',
    sign: '✕',
    title: 'Import failed',
    advice: 'In the import failure log. The log file says more; --retry-failed-import processes them.',
    holds: ({ failedIn }) => failedIn.includes('import'),
  },
  {
    kind: 'migrate-failed',
    failedIn: 'migrate',
    isBacklog: false,
    level: 'error',
    sign: '✕',
    title: 'Migration failed',
    advice: 'In the migrate failure log. The log file says more; --retry-failed-migrate processes them.',
    holds: ({ failedIn }) => failedIn.includes('migrate'),
  },
  {
    kind: 'import-skipped',
    isBacklog: false,
    level: 'warning',
    sign: '!',
    title: 'Skipped by the import',
    advice: 'At or below the position and not in artdaqDB. An execution without --incremental imports them.',
    holds: ({ cells }) => cells.artdaqDB === 'skipped',
  },
  {
    kind: 'migrate-skipped',
    isBacklog: false,
    level: 'warning',
    sign: '!',
    title: 'Skipped by the migration',
    advice: 'At or below the position and not in UconDB. An execution without --incremental migrates them.',
    holds: ({ cells }) => cells.UconDB === 'skipped',
  },
  {
    kind: 'outdated',
    isBacklog: false,
    level: 'warning',
    sign: '!',
    title: 'Stop time missing in UconDB',
    advice:
      'They got it in artdaqDB after their blob was stored; ucon_db.replace_incomplete replaces such blobs.',
    holds: ({ cells }) => cells.UconDB === 'incomplete',
  },
  {
    kind: 'without-files',
    isBacklog: false,
    level: 'warning',
    sign: '?',
    title: 'In artdaqDB without files',
    advice: 'The run directories may have been deleted.',
    holds: ({ cells }) =>
      isThere(cells.artdaqDB) && !isThere(cells.filesystem) && cells.filesystem !== 'unknown',
  },
  {
    kind: 'only-in-ucondb',
    isBacklog: false,
    level: 'info',
    sign: '?',
    title: 'In UconDB, not in artdaqDB',
    advice: 'Stored by another program or moved out of artdaqDB.',
    holds: ({ cells }) => isThere(cells.UconDB) && !isThere(cells.artdaqDB) && cells.artdaqDB !== 'unknown',
  },
  {
    kind: 'to-import',
    isBacklog: true,
    level: 'info',
    sign: '▸',
    title: 'Waiting for import',
    advice: 'The next executions import them.',
    holds: ({ cells }) => ['waiting', 'late'].includes(cells.artdaqDB),
  },
  {
    kind: 'to-migrate',
    isBacklog: true,
    level: 'info',
    sign: '▸',
    title: 'Waiting for migration',
    advice: 'The next executions migrate them.',
    holds: ({ cells }) => isThere(cells.artdaqDB) && ['waiting', 'late'].includes(cells.UconDB),
  },
  {
    kind: 'uncompared',
    isBacklog: true,
    level: 'info',
    sign: '▸',
    title: 'Uploaded, not compared yet',
    advice:
      'They count as migrated once they are found equal; the next execution of the migrate stage compares them first.',
    holds: ({ cells }) => cells.UconDB === 'uncompared',
  },
  {
    kind: 'unfinished',
    isBacklog: false,
    isUnmarked: true,
    level: 'info',
    sign: '▸',
    title: 'Archived without stop time',
    advice: 'It is added to artdaqDB when it appears in the run directory.',
    holds: ({ cells }) => cells.artdaqDB === 'incomplete',
  },
  {
    kind: 'gaps',
    isBacklog: false,
    level: 'info',
    sign: '○',
    title: 'Gaps',
    advice: 'Run numbers between the first and the last that were found nowhere.',
    holds: (segment) => isUnused(segment) && Object.values(segment.cells).includes('unused'),
  },
];

/** What there is to know, the most urgent first; kinds that concern no run are left out. */
export function findProblems(segments: readonly Segment[]): Problem[] {
  return rules.flatMap((rule) => {
    const ranges = joinRanges(segments.filter(rule.holds));
    if (ranges.length === 0) return [];
    return [{ ...rule, ranges, total: ranges.reduce((sum, range) => sum + lengthOf(range), 0) }];
  });
}
