import type { RunNumber } from '../runs/run-number.ts';

/** Which runs a verification compares. */
export interface Turns {
  /** In this order. */
  readonly batch: readonly RunNumber[];
  /** How many runs have their turn in a later verification of the same round. */
  readonly left: number;
  /** The round that was under way had come to its end (somebody took away the runs that were left of it). */
  readonly isNewRound: boolean;
}

/**
 * Gives each run one turn in a round, however it compares, so that every round ends: first the runs that were unequal when
 * they were compared last, then the others, the newest first in both.
 * @param present the runs that can be compared
 * @param hadTurn in the round that is under way
 * @param limit of the batch; none if absent
 */
export function takeTurns(
  present: readonly RunNumber[],
  hadTurn: (run: RunNumber) => boolean,
  isUnequal: (run: RunNumber) => boolean,
  limit: number | undefined,
): Turns {
  const open = present.filter((run) => !hadTurn(run));
  const isNewRound = open.length === 0;
  const newestFirst = (isNewRound ? present : open).toSorted((one, other) => other - one);
  const inOrder = [...newestFirst.filter(isUnequal), ...newestFirst.filter((run) => !isUnequal(run))];
  const batch = inOrder.slice(0, limit);
  return { batch, left: inOrder.length - batch.length, isNewRound };
}
