import { expect, it } from 'vitest';
import { RunSet } from '../../../src/runs/run-set.ts';
import type { RunEnd } from '../../../src/stages/attempts.ts';
import { planBatch } from '../../../src/stages/candidates.ts';
import { Schedule } from '../../../src/stages/schedule.ts';
import { WaitingBook } from '../../../src/stages/waiting-book.ts';
import { nobodyWaits, type WaitingRun } from '../../../src/state/waiting-runs.ts';

/** How a simulated site fares. Shares are of 1. */
interface Weather {
  readonly batch: number;
  /** New runs in an execution, one of these numbers by chance. */
  readonly arrivals: readonly number[];
  /** Runs that always fail, by a fault that nobody can tell. */
  readonly poison: number;
  /** Runs that fail once though the site is well, or succeed though it is not. */
  readonly flakes: number;
  /** How often an outage begins or ends. */
  readonly changes: number;
}

const usual: Weather = { batch: 5, arrivals: [0, 0, 1, 1, 2], poison: 0.02, flakes: 0, changes: 0.08 };
const executions = 300;

/** Numbers from 0 up to 1 that repeat with the seed (mulberry32). */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Plays executions one after the other; the last 80 are without outage, and what came in the last 60 may still be under way. */
async function play(seed: number, { batch, arrivals, poison, flakes, changes }: Weather) {
  const random = chance(seed);
  const [known, archived, condemned, bad] = [[0], new Set([0]), new Set<number>(), new Set<number>()];
  let waiting = nobodyWaits;
  let isOut = false;
  let longestStay = 0;
  let settled = 0;
  for (let execution = 0; execution < executions; execution++) {
    isOut = isOut !== random() < changes && execution < executions - 80;
    if (execution === executions - 60) settled = known.length;
    const news = arrivals[Math.floor(random() * arrivals.length)] ?? 0;
    for (let i = 0; i < (execution < executions - 20 ? news : 1); i++) {
      known.push(known.length);
      // Three beside each other, now and then.
      if (random() < poison || (poison > 0 && known.length % 67 < 3)) bad.add(known.length - 1);
    }
    const view = { position: 0, failed: condemned, late: new Set<number>(), waiting };
    const listing = { source: RunSet.of(known), target: RunSet.of(archived) };
    const plan = await planBatch(listing, view, { mode: 'incremental', limit: batch });
    const book = new WaitingBook({
      before: waiting.byFault,
      inFailureLog: condemned,
      usualPlace: 'UconDB write',
      now: () => new Date(0),
    });
    const schedule = new Schedule({ ...plan, isAlarmed: false });
    let triedInOutage = 0;
    for (let run = schedule.next(); run !== undefined; run = schedule.next()) {
      if (isOut) triedInOutage++;
      const isWell = !bad.has(run) && isOut === random() < flakes;
      const end: RunEnd = isWell
        ? { kind: 'archived', reached: new Set(['UconDB write']) }
        : {
            kind: 'failed',
            reached: new Set(),
            fault: 'unknown',
            place: 'UconDB write',
            message: 'no',
            isFullCycle: !schedule.isAlarmed,
          };
      if (isWell) archived.add(run);
      for (const { run: found } of book.ended(run, end)) {
        condemned.add(found);
        schedule.drop(found);
      }
      schedule.ended(run, isWell ? 'success' : 'unknown');
    }
    if (flakes === 0) longestStay = Math.max(longestStay, triedInOutage);
    const beganWithWaiting = batch === 1 && plan.others.length === 0;
    waiting = { byFault: new Map<number, WaitingRun>(book.runs), postponed: new Map(), beganWithWaiting };
  }
  const good = known.filter((run) => !bad.has(run));
  return {
    goodCondemned: good.filter((run) => condemned.has(run)),
    goodLeft: good.filter((run) => run < settled && !archived.has(run) && !condemned.has(run)),
    poison: bad.size,
    poisonCondemned: [...bad].filter((run) => condemned.has(run)).length,
    longestStay,
  };
}

const seeds = Array.from({ length: 8 }, (_, seed) => seed + 1);

it.each<[string, Partial<Weather>]>([
  ['a usual site', {}],
  ['many runs and a large batch', { arrivals: [5, 8], batch: 50 }],
  ['executions of one run', { batch: 1, arrivals: [0, 0, 1] }],
  ['a fifth of all runs bad', { poison: 0.2 }],
])('outages condemn no good run and starve none, on %s', async (_site, weather) => {
  for (const seed of seeds) {
    const { goodCondemned, goodLeft, longestStay } = await play(seed, { ...usual, ...weather });
    expect({ seed, goodCondemned, goodLeft }).toEqual({ seed, goodCondemned: [], goodLeft: [] });
    expect(longestStay).toBeLessThanOrEqual(4);
  }
});

it('runs with a fault of their own that nobody can tell are condemned in the end', async () => {
  let [poison, found] = [0, 0];
  for (const seed of seeds) {
    const outcome = await play(seed, usual);
    poison += outcome.poison;
    found += outcome.poisonCondemned;
  }
  expect(found / poison).toBeGreaterThan(0.9);
});

it('a site where a tenth of all attempts fails by chance loses none, and condemns next to none', async () => {
  let condemned = 0;
  for (const seed of seeds) {
    const { goodCondemned, goodLeft } = await play(seed, { ...usual, flakes: 0.1 });
    expect({ seed, goodLeft }).toEqual({ seed, goodLeft: [] });
    condemned += goodCondemned.length;
  }
  expect(condemned).toBeLessThan(8);
});
