/** Sizes are doubled three times: linear work is then done 8 times, quadratic work 64 times. */
const DOUBLINGS = 3;
/** Work that trebles at each doubling is too much. */
export const LARGEST_GROWTH = 3 ** DOUBLINGS;
/** A measurement may be disturbed, as by the compiler, but hardly all of them. */
const ROUNDS = 5;

/**
 * How many times as much processor time some work takes if its size is doubled three times, by the shortest times measured:
 * what else the machine does hardly matters then, and its speed not at all.
 * @param prepare makes the input of a size, which is not measured, and gives the work
 */
export function growthOf(prepare: (size: number) => () => unknown, size: number): number {
  const [small, large] = [prepare(size), prepare(size * 2 ** DOUBLINGS)];
  let shortest = Number.POSITIVE_INFINITY;
  let longest = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    for (let again = 0; again < 2; again++) shortest = Math.min(shortest, processorTimeOf(small));
    longest = Math.min(longest, processorTimeOf(large));
    if (longest / shortest <= LARGEST_GROWTH) break;
  }
  return longest / shortest;
}

/** How many times as much processor time one work takes as another, by the shortest times measured. */
export function ratioOf(one: () => unknown, other: () => unknown): number {
  const shortest = (work: () => unknown) =>
    Math.min(...Array.from({ length: ROUNDS }, () => processorTimeOf(work)));
  return shortest(one) / shortest(other);
}

/** In microseconds, one at least. */
function processorTimeOf(work: () => unknown): number {
  const start = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(start);
  return Math.max(1, user + system);
}
