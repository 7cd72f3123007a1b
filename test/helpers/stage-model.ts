import { cpSync, existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'vitest';
import { packBlob } from '../../src/blob/pack.ts';
import { ArchiverError, type ErrorFault, UconDbError } from '../../src/errors.ts';
import { stageStandings } from '../../src/modes/run-standings.ts';
import { skippedRuns } from '../../src/report/status.ts';
import { byRunNumber, type RunNumber } from '../../src/runs/run-number.ts';
import { RunSet, without } from '../../src/runs/run-set.ts';
import { Migrator } from '../../src/stages/migrator.ts';
import type { StageFiles, StageRequest, StageResult } from '../../src/stages/stage.ts';
import { FailureLog } from '../../src/state/failure-log.ts';
import { type GivenUpRecords, giveUp, takeUp } from '../../src/state/give-up.ts';
import { GivenUpRuns } from '../../src/state/given-up-runs.ts';
import { isAbove, positionOf } from '../../src/state/position.ts';
import { recoverFrom, writeRecovery } from '../../src/state/recover.ts';
import { RunSetFile } from '../../src/state/run-set-file.ts';
import { SeenRuns } from '../../src/state/seen-runs.ts';
import { StateFile } from '../../src/state/state.ts';
import { allUncertain, UncomparedRuns, uncertainRuns } from '../../src/state/uncompared-runs.ts';
import { type PostponementReason, WaitingRunsFile } from '../../src/state/waiting-runs.ts';
import { recordingLogger } from './recording-logger.ts';

/** When an execution is cut short: at the how many-th step of a run's work. */
export interface Cut {
  readonly how: 'kill' | 'shutdown';
  readonly step: number;
}

/** Where runs are, and how they fare: the world of a stage. */
class World {
  /** Runs at the source. */
  readonly directories = new Set<RunNumber>();
  /** What has a key at the target. */
  readonly blobs = new Map<RunNumber, Buffer>();
  /** Runs that were sent to the target although their key was there. */
  readonly sentAgain: RunNumber[] = [];
  /** Their next upload arrives damaged. */
  readonly damaging = new Set<RunNumber>();
  /** Their blob can't be read back. */
  readonly unreadable = new Set<RunNumber>();
  readonly broken = new Set<RunNumber>();
  /** They fail, and nobody can tell whose fault it is. */
  readonly odd = new Set<RunNumber>();
  /** Nothing can be archived. */
  outage: Exclude<ErrorFault, 'run'> | undefined;
  /** Left for later, as if their stop time was awaited. */
  readonly waiting = new Set<RunNumber>();
  /** Runs that the site skipped by setting the position before the first execution. */
  skipped: ReadonlySet<RunNumber> = new Set();

  get listing(): { readonly source: readonly RunNumber[]; readonly target: readonly RunNumber[] } {
    return { source: [...this.directories].sort(byRunNumber), target: this.archived };
  }

  /** Runs that have a key, ascending. */
  get archived(): RunNumber[] {
    return [...this.blobs.keys()].sort(byRunNumber);
  }

  /** Runs whose blob is not what was sent, ascending. */
  get damaged(): RunNumber[] {
    return this.archived.filter((run) => this.blobs.get(run)?.equals(blobOf(run)) === false);
  }
}

function filesOf(run: RunNumber) {
  return [{ name: 'boot.fcl', text: `run: ${run}\n` }];
}

const packedAt = new Date(Date.UTC(2024, 0, 1));

/** What a run's blob should be. */
export function blobOf(run: RunNumber): Buffer {
  return packBlob(run, filesOf(run), packedAt);
}

/** What a migrate stage keeps besides the files of every stage. */
interface ModelRecords {
  readonly amended: RunSetFile;
  readonly unequal: RunSetFile;
  readonly uncompared: UncomparedRuns;
  readonly givenUp: GivenUpRuns;
}

/** A migrate stage between two sets. */
class ModelStage extends Migrator {
  readonly #world: World;

  /** @param step is told of each step of a run's work */
  constructor(
    world: World,
    records: ModelRecords,
    files: StageFiles,
    { shutdown, workers }: { readonly shutdown: AbortSignal; readonly workers: number },
    step: () => void,
  ) {
    const artdaqDb = {
      location: 'the source',
      prepare: async () => undefined,
      listRuns: async () => [...world.listing.source],
      has: async () => true,
      insert: async () => undefined,
      update: async () => undefined,
      amend: async () => 'absent' as const,
      export: async (run: RunNumber) => {
        step();
        if (!world.directories.has(run) || world.broken.has(run)) {
          throw new ArchiverError('broken', { fault: 'run' });
        }
        return filesOf(run);
      },
      close: async () => undefined,
    };
    const uconDb = {
      location: 'the target',
      listRuns: async () => world.archived,
      put: async (run: RunNumber, blob: Buffer) => {
        step();
        if (run % 2 === 0) await turn();
        if (world.outage !== undefined) throw new UconDbError('outage', { fault: world.outage });
        if (world.odd.has(run)) throw new UconDbError('odd');
        if (world.blobs.has(run)) {
          world.sentAgain.push(run);
          return 'already-stored' as const;
        }
        world.blobs.set(run, world.damaging.delete(run) ? blob.subarray(0, -3) : blob);
        step();
        return 'stored' as const;
      },
      replace: async () => undefined,
      get: async (run: RunNumber) => {
        if (run % 3 === 0) await turn();
        if (world.unreadable.has(run)) throw new UconDbError('bad gateway');
        step();
        return world.blobs.get(run) ?? Buffer.of();
      },
      close: async () => undefined,
    };
    const parts = {
      artdaqDb,
      uconDb,
      validate: false,
      replaceIncomplete: false,
      maxInFlight: 3 * workers,
      now: () => packedAt,
    };
    super(
      { ...parts, ...records },
      {
        files,
        givenUp: records.givenUp,
        shutdown,
        logger: recordingLogger(),
        now: () => new Date(),
        settings: {
          batchSize: 3,
          parallelWorkers: workers,
          runProcessRetries: 0,
          retryDelaySeconds: 0,
          excludeMostRecentRun: false,
        },
      },
    );
    this.#world = world;
  }

  protected override async postponed(
    runs: readonly RunNumber[],
  ): Promise<ReadonlyMap<RunNumber, PostponementReason>> {
    const waiting = runs.filter((run) => this.#world.waiting.has(run));
    return new Map(waiting.map((run) => [run, 'copying'] as const));
  }
}

function processedIn({ successful, failed }: StageResult): RunNumber[] {
  return [...successful, ...failed.map(({ run }) => run)].sort(byRunNumber);
}

/** What a killed process could not do any more. */
class Killed extends ArchiverError {}

async function unlessKilled(work: Promise<void>): Promise<void> {
  await work.catch((error: unknown) => {
    if (!(error instanceof Killed)) throw error;
  });
}

/** One stage of an archiver in a work directory, and the world around it. */
export class StageModel {
  readonly world = new World();
  readonly files: StageFiles;
  readonly records: ModelRecords;
  /** Of a stage before this one, which does nothing. */
  readonly #importFiles: StageFiles;
  readonly #directory: string;
  readonly #saved: string;
  #hasRun = false;

  constructor(directory: string) {
    this.#directory = join(directory, 'work');
    this.#saved = join(directory, 'saved');
    const givenUp = new GivenUpRuns(join(this.#directory, 'given_up.json'));
    this.files = this.#filesOf('', givenUp);
    this.#importFiles = this.#filesOf('import_', givenUp);
    const runSet = (key: string): RunSetFile =>
      new RunSetFile(join(this.#directory, `${key}.json`), { key, title: key, advice: '' });
    this.records = {
      givenUp,
      amended: runSet('amended'),
      unequal: runSet('unequal'),
      uncompared: new UncomparedRuns(join(this.#directory, 'uncompared.json'), {
        server: 'https://ucondb.example/app',
        folder: 'model',
        object: 'runs',
      }),
    };
  }

  #filesOf(prefix: string, givenUp: GivenUpRuns): StageFiles {
    const path = (name: string): string => join(this.#directory, `${prefix}${name}`);
    const isGivenUp = async () => (await givenUp.read()).runs;
    return {
      state: new StateFile(path('state.json')),
      failures: new FailureLog(path('failures.log'), undefined, undefined, isGivenUp),
      seen: new SeenRuns(path('seen.json')),
      waiting: new WaitingRunsFile(path('waiting.json'), 'migrate', (text) => text, isGivenUp),
    };
  }

  /** Runs that have a key and don't count for all that, ascending. */
  async uncertain(): Promise<RunNumber[]> {
    const { failures } = this.files;
    return allUncertain(await uncertainRuns(this.world.archived, { ...this.records, failures }));
  }

  async setPosition(position: RunNumber): Promise<void> {
    await this.files.state.replace({ lastContiguousRun: 0, lastAttemptedRun: position });
  }

  /**
   * Runs the stage, after a dry run; a kill leaves the files as they were at that moment, and of the runs what was archived
   * by then.
   * @returns the runs that the dry run and the execution processed, but for those that were only compared, ascending
   */
  async execute(
    request: StageRequest,
    workers: number,
    cut?: Cut,
  ): Promise<{ foretold: RunNumber[]; ended: RunNumber[] }> {
    if (!this.#hasRun) await this.#noteSkipped();
    const shutdown = new AbortController();
    let steps = 0;
    let isKilled = false;
    let isDry = true;
    const options = { shutdown: shutdown.signal, workers };
    const stage = new ModelStage(this.world, this.records, this.files, options, () => {
      if (isDry) return;
      if (isKilled) throw new Killed('killed');
      steps++;
      if (cut === undefined || steps !== cut.step) return;
      if (cut.how === 'shutdown') return void shutdown.abort();
      isKilled = true;
      this.#save();
      throw new Killed('killed');
    });
    const before = this.#content();
    const uncertain = await this.uncertain();
    const foretold = without(processedIn(await stage.dryRun(request, [])), uncertain);
    expect(this.#content()).toEqual(before);
    isDry = false;
    const ended = without(processedIn(await stage.run(request)), uncertain);
    if (isKilled) this.#restore();
    return { foretold, ended };
  }

  /**
   * Gives up those of some runs that are known and not archived.
   * @param killedAfter only so many files are changed
   */
  async giveUp(runs: readonly RunNumber[], killedAfter = Infinity): Promise<void> {
    const { source, target } = this.world.listing;
    const uncertain = await this.uncertain();
    const archived = RunSet.of(without(target, uncertain));
    const givenUp = await this.records.givenUp.read();
    const standings = await stageStandings(source, { archived, uncertain }, this.files, givenUp);
    const unequal = await this.records.unequal.read();
    const known = RunSet.of(source).union(standings.named);
    const notes = runs
      .filter((run) => known.has(run) && !archived.has(run) && !givenUp.has(run))
      .map((run) => ({
        runs: RunSet.of([run]),
        by: 'somebody@here',
        time: packedAt.toISOString(),
        reason: 'it is hopeless',
        import: { was: 'archived' as const },
        migrate: standings.of(run),
        unequal: unequal?.has(run) === true,
      }));
    // Taken up, they are skipped again, be it that a recovery has set the position back meanwhile.
    const skipped = notes.filter(({ migrate }) => migrate.was === 'skipped').map(({ runs: of }) => of);
    this.world.skipped = new Set([...this.world.skipped, ...skipped.flatMap((of) => of.toNumbers())]);
    await unlessKilled(giveUp(notes, this.#killable(killedAfter)));
  }

  /** @param killedAfter only so many files are changed */
  async takeUp(runs: readonly RunNumber[], killedAfter = Infinity): Promise<void> {
    const { source, target } = this.world.listing;
    const archived = {
      import: RunSet.of(source),
      migrate: RunSet.of(without(target, await this.uncertain())),
    };
    const taken = (await this.records.givenUp.read()).of(RunSet.of(runs));
    await unlessKilled(takeUp(taken, archived, this.#killable(killedAfter)));
  }

  /** The files of which only so many changes reach the disk. */
  #killable(changes: number): GivenUpRecords {
    let left = changes;
    const guarded = <File extends object>(file: File): File =>
      new Proxy(file, {
        get(target, name) {
          const member: unknown = Reflect.get(target, name);
          if (typeof member !== 'function') return member;
          const isChange = /^(?:change|settle|write|restore|correct|add|drop)$/.test(String(name));
          return (...args: unknown[]) => {
            if (isChange && left-- <= 0) return Promise.reject(new Killed('killed'));
            return Reflect.apply(member, target, args);
          };
        },
      });
    const files = { import: this.#importFiles, migrate: this.files };
    return {
      givenUp: guarded(this.records.givenUp),
      unequal: guarded(this.records.unequal),
      files: (stage) => ({
        failures: guarded(files[stage].failures),
        waiting: guarded(files[stage].waiting),
        seen: guarded(files[stage].seen),
      }),
    };
  }

  /** @param killedAfter only so many files are written */
  async recover(killedAfter = Infinity): Promise<void> {
    const { source, target } = this.world.listing;
    const givenUp = await this.records.givenUp.read();
    const isGivenUp = (run: RunNumber): boolean => givenUp.has(run);
    // As if no place could be asked for anything but its runs.
    const uncertain = await this.uncertain();
    let written = 0;
    const guarded = <Content>(file: {
      path: string;
      replace(content: Content): Promise<string | undefined>;
    }) => ({
      path: file.path,
      replace: async (content: Content) => {
        if (written++ >= killedAfter) throw new Killed('killed');
        return await file.replace(content);
      },
    });
    const { state, failures, seen } = this.files;
    const files = {
      state: { ...guarded(state), read: () => state.read() },
      failures: guarded(failures),
      seen: guarded(seen),
    };
    try {
      const { byFault } = await this.files.waiting.read();
      const isLeftAlone = (run: RunNumber): boolean => byFault.has(run) || isGivenUp(run);
      const different = uncertain.filter((run) => !isGivenUp(run));
      const recovery = recoverFrom(source, without(target, uncertain), isLeftAlone, different);
      await writeRecovery(recovery, source, files, recordingLogger());
      // The others are in the failure log.
      this.world.skipped = new Set([...this.world.skipped].filter(isGivenUp));
      this.#hasRun = true;
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
      const passedOver = await this.#passedOver();
      const isSkipped = (run: RunNumber): boolean => passedOver.includes(run) || isGivenUp(run);
      this.world.skipped = new Set([...this.world.skipped].filter(isSkipped));
      // With a record of what was there, what appears from now on is late.
      if (this.#hasRun || !(await seen.hasAny())) return;
      this.#hasRun = true;
      this.world.skipped = new Set([...[...this.world.skipped].filter(isGivenUp), ...passedOver]);
    }
  }

  /** Runs that no execution with `--incremental` and no retry would ever look at, though the site did not skip them. */
  async lost(): Promise<RunNumber[]> {
    if (!this.#hasRun) return [];
    return (await this.#passedOver()).filter((run) => !this.world.skipped.has(run));
  }

  async #passedOver(): Promise<RunNumber[]> {
    const uncompared = await this.uncertain();
    const { runs: givenUp } = await this.records.givenUp.read();
    const { source, target } = this.world.listing;
    const missing = without(source, target).filter((run) => !givenUp.has(run));
    return skippedRuns(missing, {
      uncompared,
      state: await this.files.state.read(),
      failed: await this.files.failures.read(),
      isKnown: await this.files.seen.membership(),
      waiting: await this.files.waiting.read(),
    });
  }

  async #noteSkipped(): Promise<void> {
    this.#hasRun = true;
    const position = positionOf(await this.files.state.read());
    const failed = await this.files.failures.read();
    const { source, target } = this.world.listing;
    this.world.skipped = new Set(
      source.filter((run) => !isAbove(run, position) && !target.includes(run) && !failed.includes(run)),
    );
  }

  #content(): [name: string, text: string][] {
    if (!existsSync(this.#directory)) return [];
    return readdirSync(this.#directory).map((name) => [
      name,
      readFileSync(join(this.#directory, name), 'utf8'),
    ]);
  }

  #save(): void {
    rmSync(this.#saved, { recursive: true, force: true });
    cpSync(this.#directory, this.#saved, { recursive: true });
    for (const name of readdirSync(this.#saved)) {
      if (!/\.(json|log)$/.test(name)) rmSync(join(this.#saved, name), { recursive: true });
    }
  }

  #restore(): void {
    rmSync(this.#directory, { recursive: true });
    cpSync(this.#saved, this.#directory, { recursive: true });
  }
}
