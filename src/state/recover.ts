import { PersistenceError } from '../errors.ts';
import type { Logger } from '../log/logger.ts';
import { byRunNumber, type RunNumber } from '../runs/run-number.ts';
import { without } from '../runs/run-set.ts';
import { positionOf, recompute } from './position.ts';
import type { StageState } from './state.ts';

/** The state file and the failure log of a stage that follow from its source and target. */
export interface Recovery {
  readonly state: StageState;
  /**
   * Runs of the source, up to the highest at the target, that the target lacks and that neither wait because of a fault nor
   * are given up; and all runs of which the target holds something else.
   */
  readonly failed: readonly RunNumber[];
}

/** The files that a recovery writes. */
export interface RecoveredFiles {
  readonly state: RecoveredFile<StageState> & { read(): Promise<StageState> };
  readonly failures: RecoveredFile<readonly RunNumber[]>;
  readonly seen: RecoveredFile<readonly RunNumber[]>;
}

interface RecoveredFile<Content> {
  readonly path: string;
  /** Sets the content; returns where a different one was kept. */
  replace(content: Content): Promise<string | undefined>;
}

/**
 * Rebuilds what a stage remembers from the runs at its source and target, both ascending.
 * @param isLeftAlone does the run wait because of a fault, so that every execution tries it, wherever the position is, or is it given
 *   up?
 * @param different runs of which the target holds something else; they failed, whatever their number
 */
export function recoverFrom(
  source: readonly RunNumber[],
  target: readonly RunNumber[],
  isLeftAlone: (run: RunNumber) => boolean,
  different: readonly RunNumber[] = [],
): Recovery {
  const highest = target.at(-1) ?? -1;
  const missing = without(source, target).filter((run) => run < highest && !isLeftAlone(run));
  return { state: recompute(target), failed: [...new Set([...missing, ...different])].sort(byRunNumber) };
}

/**
 * Writes a recovery. The order matters if the process is killed in between: a run is in the failure log before the position
 * passes it, and the position goes down before a run above it leaves the log.
 * @throws PersistenceError if a file can't be written
 */
export async function writeRecovery(
  { state, failed }: Recovery,
  source: readonly RunNumber[],
  files: RecoveredFiles,
  logger: Logger,
): Promise<void> {
  const write = async <Content>(file: RecoveredFile<Content>, content: Content): Promise<void> => {
    const kept = await file.replace(content);
    logger.info(`✓ Written ${file.path}${kept === undefined ? '' : ` (before: ${kept})`}`);
  };
  const goesDown = await isBelow(state, files.state);
  if (goesDown) await write(files.state, state);
  await write(files.failures, failed);
  await write(files.seen, source);
  if (!goesDown) await write(files.state, state);
}

/** A state that can't be read stops every execution until it is replaced. */
async function isBelow(state: StageState, before: RecoveredFiles['state']): Promise<boolean> {
  try {
    return positionOf(state) < positionOf(await before.read());
  } catch (error) {
    if (!(error instanceof PersistenceError)) throw error;
    return false;
  }
}
