import type { Logger } from '../log/logger.ts';
import type { RunNumber } from '../runs/run-number.ts';
import type { Visit } from './run-end.ts';

/** What is to be done about runs that are archived already. */
export interface FollowUps {
  readonly runs: readonly RunNumber[];
  /** What each of them is to have, for the log. */
  readonly what: string;
  readonly work: (run: RunNumber, logger: Logger, visit: Visit) => Promise<void>;
}
