import { cp, stat } from 'node:fs/promises';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { describe, expect, it } from 'vitest';
import { FilesystemDb } from '../../../src/artdaqdb/filesystem/filesystem-db.ts';
import { byName, documentsOfRun } from '../../helpers/artdaqdb-conformance.ts';
import { databaseContent } from '../../helpers/kill-points/database-content.ts';
import { type KillPoint, runWriter, type WriteJob } from '../../helpers/kill-points/killed-writer.ts';
import { warningLogger } from '../../helpers/recording-logger.ts';
import { useTemporaryDirectories } from '../../helpers/temporary-directory.ts';

const temporaryDirectory = useTemporaryDirectories();
const history = { name: 'RunHistory2.fcl', text: '\nstop: "now" \n' };
const insert = (run: number): WriteJob => ({ kind: 'insert', run, documents: documentsOfRun(run) });
const update = (run: number): WriteJob => ({ kind: 'update', run, documents: [history] });
const TWO_DAYS_MS = 2 * 24 * 60 * 60 * 1000;
const isThere = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );

/** Each point of a scenario has at least two processes; with KILL_POINT_STEP=1 there are hundreds. */
const TIMEOUT_MS = 600_000;

interface Scenario {
  readonly name: string;
  /** Runs that are stored before. */
  readonly before: readonly number[];
  readonly batches: readonly (readonly WriteJob[])[];
  /** Every so many calls one is tried; each one with KILL_POINT_STEP=1 in the environment. */
  readonly step: number;
}

const scenarios: readonly Scenario[] = [
  { name: 'its first use of a database', before: [], batches: [[insert(5)]], step: 13 },
  {
    name: 'storing several runs at once',
    before: [1, 2, 3],
    batches: [[insert(5)], [insert(6), insert(7), insert(8)]],
    step: 23,
  },
  { name: 'updating runs', before: [5, 6], batches: [[update(5), update(6)]], step: 11 },
];

/** Every run that shows is whole: before the update or after it, never between. */
async function expectWhole(db: FilesystemDb, jobs: readonly WriteJob[]): Promise<number[]> {
  const visible = await db.listRuns();
  for (const run of visible) {
    const found = byName(await db.export(run));
    const updated = documentsOfRun(run, [history]);
    const canBeUpdated = jobs.some((job) => job.kind === 'update' && job.run === run);
    const wholes = [documentsOfRun(run), ...(canBeUpdated ? [updated] : [])].map(byName);
    expect(wholes).toContainEqual(found);
  }
  return visible;
}

/** What an execution two days later does. Another run comes last, as only who stores something takes the lock. */
async function completeAndAdd(database: string, jobs: readonly WriteJob[]): Promise<void> {
  const db = new FilesystemDb(database, { now: () => new Date(Date.now() + TWO_DAYS_MS) });
  await db.prepare();
  const visible = await expectWhole(db, jobs);
  for (const { kind, run, documents } of jobs) {
    if (kind === 'update' || !visible.includes(run)) await db[kind](run, 'standard', documents);
  }
  await db.insert(99, 'standard', documentsOfRun(99));
  await db.close();
}

describe.each(scenarios)('a writer that is killed during $name', ({ before, batches, step }) => {
  const jobs = batches.flat();

  async function seedDatabase(): Promise<string> {
    const database = join(await temporaryDirectory(), 'db');
    const db = new FilesystemDb(database);
    for (const run of before) await db.insert(run, 'standard', documentsOfRun(run));
    await db.close();
    return database;
  }

  async function copyOf(seed: string): Promise<string> {
    const database = join(await temporaryDirectory(), 'db');
    if (before.length > 0) await cp(seed, database, { recursive: true });
    return database;
  }

  async function killsAt(database: string, points: readonly KillPoint[]): Promise<number> {
    let kills = 0;
    for (const point of points) {
      const db = new FilesystemDb(database);
      const stillToDo = (await isThere(database)) ? await db.listRuns() : [];
      const left = batches.map((batch) =>
        batch.filter(({ kind, run }) => kind === 'update' || !stillToDo.includes(run)),
      );
      const { stored, isKilled } = await runWriter(database, left, point);
      if (isKilled) kills++;
      const warnings: string[] = [];
      const logger = warningLogger(warnings);
      expect(await expectWhole(new FilesystemDb(database, { logger }), jobs)).toEqual(
        expect.arrayContaining([...stored]),
      );
      // What a killed process had no time to do is nothing to worry about; of two, the second leaves no sign of the first.
      if (points.length === 1) expect(warnings.filter((each) => !each.startsWith('Took over'))).toEqual([]);
    }
    await completeAndAdd(database, jobs);
    return kills;
  }

  it(
    'every run is whole or invisible, and the next execution completes everything without a trace',
    async () => {
      const seed = await seedDatabase();
      const undisturbed = await copyOf(seed);
      const { calls } = await runWriter(undisturbed, batches);
      await completeAndAdd(undisturbed, jobs);
      const expected = await databaseContent(undisturbed);
      const every = Number(process.env.KILL_POINT_STEP ?? step);
      const trials: KillPoint[][] = [];
      for (let call = 1; call <= calls; call += every) {
        trials.push([{ call, half: trials.length % 2 === 0 }]);
        if (trials.length % 3 === 0)
          trials.push([
            { call, half: false },
            { call: calls - call, half: true },
          ]);
      }
      const limit = pLimit(2);
      const kills = await limit.map(trials, async (points) => {
        const database = await copyOf(seed);
        const met = await killsAt(database, points);
        const content = await databaseContent(database);
        expect([...content.keys()].sort(), JSON.stringify(points)).toEqual([...expected.keys()].sort());
        expect(content, JSON.stringify(points)).toEqual(expected);
        return met;
      });
      // Which runs are stored together depends on the time that each takes, so the last points may lie behind the end.
      expect(kills.filter((met) => met === 0).length).toBeLessThanOrEqual(kills.length / 4);
    },
    TIMEOUT_MS,
  );
});
