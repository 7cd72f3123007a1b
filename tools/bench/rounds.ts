import { type CommandLine, measure, type Usage } from './usage.ts';

/** Something that is measured once a round. */
export interface Contestant {
  readonly name: string;
  /** Makes what the command works on, which is not measured. */
  readonly prepare: (round: number) => Promise<CommandLine> | CommandLine;
  /** Looks at what the command made in the last round. @throws if that is wrong */
  readonly check?: () => Promise<void>;
}

/** What each contestant took, by its name, in each round. */
export type Measurements = ReadonlyMap<string, readonly Usage[]>;

/**
 * Measures contestants in rounds, each round in the opposite order of the one before: what comes first finds other caches and
 * another disk than what comes last.
 * @param groups contestants that must stay in order within their group
 */
export async function playRounds(
  groups: readonly (readonly Contestant[])[],
  rounds: number,
  report: (text: string) => void,
): Promise<Measurements> {
  const measurements = new Map<string, Usage[]>();
  for (let round = 1; round <= rounds; round++) {
    for (const contestant of (round % 2 === 1 ? groups : groups.toReversed()).flat()) {
      const { name, prepare, check } = contestant;
      report(`round ${round} of ${rounds}: ${name}`);
      const usage = await measure(await prepare(round));
      measurements.set(name, [...(measurements.get(name) ?? []), usage]);
      if (round === rounds) await check?.();
    }
  }
  return measurements;
}

/** The middle one, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  if (low === undefined || high === undefined) throw new Error('nothing was measured');
  return (low + high) / 2;
}
