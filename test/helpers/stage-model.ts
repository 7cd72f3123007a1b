import { cpSync, existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'vitest';
import { ArchiverError, type ErrorFault, type StageName } from '../../src/errors.ts';
import { FailureLog } from '../../src/persistence/failure-log.ts';
import { isAbove, positionOf } from '../../src/persistence/position.ts';
import { SeenRuns } from '../../src/persistence/seen-runs.ts';
import { StateFile } from '../../src/persistence/state.ts';
import { WaitingRunsFile } from '../../src/persistence/waiting-runs.ts';
import { recoverFrom, writeRecovery } from '../../src/report/recover.ts';
import { skippedRuns } from '../../src/report/status.ts';
import { byRunNumber, type RunNumber } from '../../src/run-number.ts';
import { BaseStage } from '../../src/stages/base-stage.ts';
import { type Listing, missingRuns, type Postponement } from '../../src/stages/candidates.ts';
import type { FollowUps } from '../../src/stages/follow-ups.ts';
import type { Visit } from '../../src/stages/run-end.ts';
import type { StageFiles, StageRequest, StageResult } from '../../src/stages/stage.ts';
import { recordingLogger } from './recording-logger.ts';

/** When an execution is cut short: at the how many-th step of a run's work. */
export interface Cut {
  readonly how: 'kill' | 'shutdown';
  readonly step: number;
}

/** Where runs are, and how they fare: the world of a stage. */
class World {
  readonly directories = new Set<RunNumber>();
  /** In archiving order: a run that is there twice was stored twice. */
  readonly archived: RunNumber[] = [];
  readonly broken = new Set<RunNumber>();
  /** They fail, and nobody can tell whose fault it is. */
  readonly odd = new Set<RunNumber>();
  /** Nothing can be archived. */
  outage: Exclude<ErrorFault, 'run'> | undefined;
  /** Left for later, as if their stop time was awaited. */
  readonly waiting = new Set<RunNumber>();
  /** Runs that the site skipped by setting the position before the first execution. */
  skipped: ReadonlySet<RunNumber> = new Set();

  get listing(): Listing {
    const sorted = (runs: Iterable<RunNumber>): RunNumber[] => [...runs].sort(byRunNumber);
    return { source: sorted(this.directories), target: sorted(new Set(this.archived)) };
  }
}

/** A stage between two sets. */
class ModelStage extends BaseStage {
  readonly name: StageName = 'import';
  protected readonly label = 'Model Stage';
  protected readonly verb = 'import';
  protected readonly target = 'the model';
  protected readonly usualPlace = 'artdaqDB write';
  readonly #world: World;
  readonly #step: () => void;

  constructor(world: World, files: StageFiles, shutdown: AbortSignal, workers: number, step: () => void) {
    super({
      files,
      shutdown,
      logger: recordingLogger(),
      now: () => new Date(),
      settings: { batchSize: 3, parallelWorkers: workers, runProcessRetries: 0, retryDelaySeconds: 0 },
    });
    this.#world = world;
    this.#step = step;
  }

  protected async list(): Promise<Listing> {
    return this.#world.listing;
  }

  protected async followUps(): Promise<FollowUps> {
    return { runs: [], what: '', work: async () => undefined };
  }

  protected override async postponed(
    runs: readonly RunNumber[],
  ): Promise<ReadonlyMap<RunNumber, Postponement>> {
    const waiting = runs.filter((run) => this.#world.waiting.has(run));
    return new Map(waiting.map((run) => [run, { reason: 'copying', text: 'for it' }] as const));
  }

  protected async process(run: RunNumber, _logger: unknown, visit: Visit): Promise<void> {
    const { directories, broken, odd, outage, archived } = this.#world;
    this.#step();
    if (run % 2 === 0) await turn();
    if (!directories.has(run) || broken.has(run)) throw new ArchiverError('broken', { fault: 'run' });
    await visit.at('artdaqDB write', async () => {
      if (outage !== undefined) throw new ArchiverError('outage', { fault: outage });
      if (odd.has(run)) throw new ArchiverError('odd', { fault: 'unknown' });
      archived.push(run);
    });
    this.#step();
    if (run % 3 === 0) await turn();
  }

  protected async preview(): Promise<string[]> {
    return [];
  }
}

function processedIn({ successful, failed }: StageResult): RunNumber[] {
  return [...successful, ...failed.map(({ run }) => run)].sort(byRunNumber);
}

/** What a killed process could not do any more. */
class Killed extends ArchiverError {}

/** One stage of an archiver in a work directory, and the world around it. */
export class StageModel {
  readonly world = new World();
  readonly files: StageFiles;
  readonly #directory: string;
  readonly #saved: string;
  #hasRun = false;

  constructor(directory: string) {
    this.#directory = join(directory, 'work');
    this.#saved = join(directory, 'saved');
    this.files = {
      state: new StateFile(join(this.#directory, 'state.json')),
      failures: new FailureLog(join(this.#directory, 'failures.log')),
      seen: new SeenRuns(join(this.#directory, 'seen.json')),
      waiting: new WaitingRunsFile(join(this.#directory, 'waiting.json'), 'import', (text) => text),
    };
  }

  async setPosition(position: RunNumber): Promise<void> {
    await this.files.state.replace({ lastContiguousRun: 0, lastAttemptedRun: position });
  }

  /**
   * Runs the stage, after a dry run; a kill leaves the files as they were at that moment, and of the runs what was archived
   * by then.
   * @returns the runs that the dry run and the execution processed, ascending
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
    const stage = new ModelStage(this.world, this.files, shutdown.signal, workers, () => {
      if (isKilled) throw new Killed('killed');
      steps++;
      if (cut === undefined || steps !== cut.step) return;
      if (cut.how === 'shutdown') return void shutdown.abort();
      isKilled = true;
      this.#save();
      throw new Killed('killed');
    });
    const before = this.#content();
    const foretold = processedIn(await stage.dryRun(request, []));
    expect(this.#content()).toEqual(before);
    const ended = processedIn(await stage.run(request));
    if (isKilled) this.#restore();
    return { foretold, ended };
  }

  /** @param killedAfter only so many files are written */
  async recover(killedAfter = Infinity): Promise<void> {
    const { source, target } = this.world.listing;
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
      const recovery = recoverFrom(source, target, (run) => byFault.has(run));
      await writeRecovery(recovery, source, files, recordingLogger());
      this.world.skipped = new Set();
      this.#hasRun = true;
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
      const passedOver = await this.#passedOver();
      this.world.skipped = new Set([...this.world.skipped].filter((run) => passedOver.includes(run)));
    }
  }

  /** Runs that no execution with `--incremental` and no retry would ever look at, though the site did not skip them. */
  async lost(): Promise<RunNumber[]> {
    if (!this.#hasRun) return [];
    return (await this.#passedOver()).filter((run) => !this.world.skipped.has(run));
  }

  async #passedOver(): Promise<RunNumber[]> {
    return skippedRuns(missingRuns(this.world.listing), {
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
