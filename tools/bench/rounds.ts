import { execFileSync } from 'node:child_process';
import { type CommandLine, measure, type Usage } from './usage.ts';

/** Something that is measured once a round. */
export interface Contestant {
  readonly name: string;
  /** Makes what the command works on, which is not measured. */
  readonly prepare: (round: number) => Promise<CommandLine> | CommandLine;
  /** Looks at what the command made in the last round. @throws if that is wrong */
  readonly check?: () => Promise<void>;
}

/** How rounds are played. */
export interface RoundOptions {
  /** For what is made meanwhile. */
  readonly directory: string;
  readonly rounds: number;
  /** Tells what is going on. */
  readonly report: (text: string) => void;
}

/** What each contestant took, by its name, in each round. */
export type Measurements = ReadonlyMap<string, readonly Usage[]>;

/**
 * Measures contestants in rounds, each round in the opposite order of the one before: what comes first finds other caches and
 * another disk than what comes last.
 * @param title for the reports
 * @param groups contestants that must stay in order within their group
 */
export async function playRounds(
  title: string,
  groups: readonly (readonly Contestant[])[],
  { directory, rounds, report }: RoundOptions,
): Promise<Measurements> {
  const measurements = new Map<string, Usage[]>();
  for (let round = 1; round <= rounds; round++) {
    for (const contestant of (round % 2 === 1 ? groups : groups.toReversed()).flat()) {
      const { name, prepare, check } = contestant;
      report(`${title}: round ${round} of ${rounds}: ${name}`);
      const command = await prepare(round);
      // Nobody pays for what the disk has not done yet of earlier work.
      execFileSync('sync', ['-f', directory]);
      measurements.set(name, [...(measurements.get(name) ?? []), await measure(command)]);
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
