import { ArchiverError, type StageName } from '../errors.ts';
import { type RunPlace, skippedRuns } from '../report/status.ts';
import type { RunNumber } from '../runs/run-number.ts';
import { RunSet, without } from '../runs/run-set.ts';
import type { Site } from '../site.ts';
import type { StageFiles } from '../stages/stage.ts';
import { followUpRecords } from '../state/follow-up-records.ts';
import type { GivenUp, GivenUpNote, Standing } from '../state/given-up-runs.ts';
import { allUncertain, uncertainRuns } from '../state/uncompared-runs.ts';
import type { Execution } from './mode.ts';

/** What a run is in both stages. */
export type RunStanding = Pick<GivenUpNote, StageName | 'unequal'>;

/** What is known of all runs now. */
export interface RunStandings {
  /** In the run records, in artdaqDB, in a failure log, among the runs that wait, or uploaded and not found equal. */
  readonly known: RunSet;
  /** Those of them that nobody needs to look at: archived to the end, and not known to be wrong. */
  readonly well: RunSet;
  /** Those of them that incremental executions pass over, and that UconDB does not have either. */
  readonly skipped: RunSet;
  readonly givenUp: GivenUp;
  of(run: RunNumber): RunStanding;
}

/** The runs at the target of each stage. Blobs that this archiver uploaded and did not find equal are `uncertain`. */
export interface ArchivedRuns {
  readonly import: RunSet;
  readonly migrate: RunSet;
  readonly uncertain: readonly RunNumber[];
}

/**
 * Asks artdaqDB and UconDB which runs they have.
 * @throws ArchiverError if one of them, or a record of uploads, can't be read
 */
export async function archivedRuns({ site, shutdown }: Execution): Promise<ArchivedRuns> {
  const inArtdaqDb = await site.artdaqDb.listRuns();
  const keys = await (await site.uconDb()).listRuns(shutdown);
  const { uncompared, verification, givenUp } = site;
  const { failures } = site.files('migrate');
  const { unequal } = verification;
  const uncertain = allUncertain(await uncertainRuns(keys, { uncompared, unequal, failures, givenUp }));
  return { import: RunSet.of(inArtdaqDb), migrate: RunSet.of(without(keys, uncertain)), uncertain };
}

/**
 * Finds out what all runs are in both stages.
 * @throws ArchiverError if a place or a file can't be read, or a place is empty that held runs before
 */
export async function runStandings(execution: Execution): Promise<RunStandings> {
  const { site } = execution;
  const records = await site.records.listRuns();
  const { uncertain, ...archived } = await archivedRuns(execution);
  if (archived.import.isEmpty) await expectNone('import', 'artdaqDB', site);
  if (archived.migrate.isEmpty && uncertain.length === 0) await expectNone('migrate', 'UconDB', site);
  const givenUp = await site.givenUp.read();
  const unequal = (await site.verification.unequal.read()) ?? RunSet.of([]);
  const { amended } = followUpRecords(site.config.app.workDir);
  const outdated = (await amended.read()) ?? RunSet.of([]);
  const stages = {
    import: await stageStandings(
      records,
      { archived: archived.import, uncertain: [] },
      site.files('import'),
      givenUp,
    ),
    migrate: await stageStandings(
      archived.import.toNumbers(),
      { archived: archived.migrate, uncertain },
      site.files('migrate'),
      givenUp,
    ),
  };
  const known = [
    RunSet.of(records),
    archived.import,
    RunSet.of(uncertain),
    unequal.intersection(archived.migrate),
    stages.import.named,
    stages.migrate.named,
    givenUp.runs,
  ].reduce((all, runs) => all.union(runs));
  const isWell = (run: RunNumber): boolean =>
    !unequal.has(run) && !outdated.has(run) && ['archived', 'new'].includes(stages.import.of(run).was);
  return {
    known,
    well: RunSet.of([...archived.migrate.numbers()].filter(isWell)),
    // What UconDB has, artdaqDB has lost, and can get back.
    skipped: stages.import.skipped.minus(archived.migrate).union(stages.migrate.skipped),
    givenUp,
    of(run) {
      const noted = givenUp.noteOf(run);
      const { import: imported, migrate } = stages;
      return noted ?? { import: imported.of(run), migrate: migrate.of(run), unequal: unequal.has(run) };
    },
  };
}

/**
 * An empty target makes all that was archived look skipped.
 * @throws ArchiverError if the stage has archived runs there
 */
async function expectNone(stage: StageName, target: RunPlace, site: Site): Promise<void> {
  const { state, seen } = site.files(stage);
  const { lastContiguousRun } = await state.read();
  if (lastContiguousRun === 0 || !(await seen.hasAny())) return;
  throw new ArchiverError(
    `No runs found in ${target}, but the state says that runs up to ${lastContiguousRun} are there, so nobody can tell what became of ` +
      'them: is it the right place, and is its file system mounted? If it was emptied on purpose, ' +
      `--recover-${stage}-state makes the state fit`,
    { stage, fault: 'site' },
  );
}

/** What runs are in one stage. */
export interface StageStandings {
  /** In its failure log, or among the runs that wait. */
  readonly named: RunSet;
  readonly skipped: RunSet;
  of(run: RunNumber): Standing;
}

/** The runs at a stage's target. Those that are `uncertain` don't count yet: each execution compares them. */
export interface RunsAtTarget {
  readonly archived: RunSet;
  readonly uncertain: readonly RunNumber[];
}

/**
 * Finds out what runs are in one stage.
 * @param source runs at the stage's source, ascending
 * @throws PersistenceError if a file can't be read
 */
export async function stageStandings(
  source: readonly RunNumber[],
  { archived, uncertain }: RunsAtTarget,
  { state, failures, seen, waiting }: StageFiles,
  givenUp: GivenUp,
): Promise<StageStandings> {
  const failed = RunSet.of(await failures.read());
  const { byRun } = await failures.reasons();
  const waits = await waiting.read();
  const missing = source.filter((run) => !archived.has(run) && !givenUp.has(run));
  const record = {
    state: await state.read(),
    failed: [...failed.numbers()],
    uncompared: uncertain,
    isKnown: await seen.membership(),
    waiting: waits,
  };
  const skipped = RunSet.of(skippedRuns(missing, record));
  return {
    named: [RunSet.of(waits.byFault.keys()), ...waits.postponed.values()].reduce(
      (all, runs) => all.union(runs),
      failed,
    ),
    skipped,
    of(run) {
      if (archived.has(run)) return { was: 'archived' };
      if (failed.has(run)) return { was: 'failed', reason: byRun.get(run) };
      const entry = waits.byFault.get(run);
      // Whatever succeeds at the place from now on proves nothing about this failure.
      if (entry !== undefined) return { was: 'waiting', ...entry, undecided: false };
      return { was: skipped.has(run) ? 'skipped' : 'new' };
    },
  };
}
