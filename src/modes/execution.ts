import type { Logger } from '../log/logger.ts';
import type { ProgressView } from '../log/terminal.ts';
import type { Site } from '../site.ts';
import type { StageOutcome } from '../stages/stage-observer.ts';

/** What every mode works with. */
export interface Execution {
  readonly site: Site;
  /** Of the orchestrator. */
  readonly logger: Logger;
  /** What loading the configuration warned of. */
  readonly warnings: readonly string[];
  /** Writes a report for programs to standard output. */
  readonly print: (text: string) => void;
  /** Where somebody watches, if anybody does. */
  readonly progress: ProgressView | undefined;
  /** Aborted = begin nothing further. */
  readonly shutdown: AbortSignal;
  /** Tells whoever wants to know how a stage ended, and after how many seconds; never fails. */
  stageEnded(outcome: StageOutcome, seconds: number): Promise<void>;
  /** Notes what is under way, for the error summary. */
  enter(stage: string): void;
}
