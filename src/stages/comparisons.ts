import type { Logger } from '../log/logger.ts';
import type { RunNumber } from '../runs/run-number.ts';
import type { Visit } from './run-end.ts';
import type { FailedRun } from './stage-observer.ts';

/** What is to be done about runs that are at the target and don't count as archived yet. */
export interface Comparisons {
  /** To be compared now, ascending. */
  readonly runs: readonly RunNumber[];
  /** Known to be different, or not to be compared at all; named, and nothing else. */
  readonly known: readonly FailedRun[];
  /** Returning means that the run is archived. Throws otherwise. */
  readonly work: (run: RunNumber, logger: Logger, visit: Visit) => Promise<void>;
}
