import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ArchiverError, type Place } from '../../../src/errors.ts';
import type { Logger } from '../../../src/log/logger.ts';
import type { RunNumber } from '../../../src/runs/run-number.ts';
import { RunSet, without } from '../../../src/runs/run-set.ts';
import { BaseStage } from '../../../src/stages/base-stage.ts';
import type { Comparisons, FollowUps } from '../../../src/stages/before-batch.ts';
import type { Listing } from '../../../src/stages/candidates.ts';
import type { StageContext, StageRequest } from '../../../src/stages/stage.ts';
import type { Visit } from '../../../src/stages/visit.ts';
import { FailureLog } from '../../../src/state/failure-log.ts';
import { SeenRuns } from '../../../src/state/seen-runs.ts';
import { StateFile } from '../../../src/state/state.ts';
import { type PostponementReason, WaitingRunsFile } from '../../../src/state/waiting-runs.ts';
import { recordingLogger } from '../../helpers/recording-logger.ts';
import { useTemporaryDirectories } from '../../helpers/temporary-directory.ts';

const temporaryDirectory = useTemporaryDirectories();
const refused = (fault: 'run' | 'site' | 'unknown', place: Place = 'UconDB write') =>
  new ArchiverError(`refused by ${fault}`, { fault, place, retryable: true });

/** What a stage finds, and how runs fare in it. */
class World {
  source: RunNumber[] = [];
  target: RunNumber[] = [];
  uncertain: RunNumber[] = [];
  late: RunNumber[] = [];
  compared: RunNumber[] = [];
  different: RunNumber[] = [];
  followedUp: RunNumber[] = [];
  /** What it says of an empty source. */
  notice: string | undefined;
  readonly copying = new Set<RunNumber>();
  readonly errors = new Map<RunNumber, ArchiverError>();
  /** The attempts, in order. */
  readonly tried: RunNumber[] = [];
  readonly recorded: RunNumber[] = [];

  async work(run: RunNumber, visit: Visit): Promise<void> {
    this.tried.push(run);
    await visit.at('UconDB write', async () => {
      const error = this.errors.get(run);
      if (error !== undefined) throw error;
    });
  }
}

class TestStage extends BaseStage {
  readonly name = 'migrate';
  protected readonly label = 'Migration Stage';
  protected readonly verb = 'migrate';
  protected readonly target = 'UconDB';
  protected readonly usualPlace = 'UconDB write';
  readonly #world: World;

  constructor(world: World, context: StageContext) {
    super(context);
    this.#world = world;
  }

  protected async list(): Promise<Listing> {
    const { source, target, uncertain } = this.#world;
    return { source: RunSet.of(source), target: RunSet.of(without(target, uncertain)), uncertain };
  }

  protected override emptySourceNotice(): string | undefined {
    return this.#world.notice;
  }

  protected override async postponed(
    runs: readonly RunNumber[],
  ): Promise<ReadonlyMap<RunNumber, PostponementReason>> {
    const copying = runs.filter((run) => this.#world.copying.has(run));
    return new Map(copying.map((run) => [run, 'copying'] as const));
  }

  protected override async comparisons(): Promise<Comparisons> {
    const { compared, different } = this.#world;
    const known = different.map((run) => ({ run, error: `run ${run} is another` }));
    const work = (run: RunNumber, _logger: Logger, visit: Visit) => this.process(run, _logger, visit);
    return { runs: compared, known, work };
  }

  protected async followUps(): Promise<FollowUps> {
    const { followedUp } = this.#world;
    const work = (run: RunNumber, _logger: Logger, visit: Visit) => this.process(run, _logger, visit);
    return { runs: followedUp, what: 'a time added', work };
  }

  protected override async recorded(runs: readonly RunNumber[]): Promise<void> {
    this.#world.recorded.push(...runs);
  }

  protected async process(run: RunNumber, _logger: Logger, visit: Visit): Promise<void> {
    await this.#world.work(run, visit);
  }

  protected async preview(): Promise<string[]> {
    return [];
  }
}

/** A stage that is made anew for each execution, tries runs one after the other, and each twice. */
async function setUp() {
  const top = await temporaryDirectory();
  const world = new World();
  const files = {
    state: new StateFile(join(top, 'state.json')),
    failures: new FailureLog(join(top, 'failures.log')),
    seen: new SeenRuns(join(top, 'seen.json')),
    waiting: new WaitingRunsFile(join(top, 'waiting.json'), 'migrate', (text) => text),
  };
  const shutdown = new AbortController();
  const settings = {
    batchSize: 5,
    parallelWorkers: 1,
    runProcessRetries: 1,
    retryDelaySeconds: 0,
    excludeMostRecentRun: false,
  };
  async function execute(request: Partial<StageRequest> = {}) {
    world.tried.splice(0);
    const logger = recordingLogger();
    const { signal } = shutdown;
    const now = () => new Date('2026-12-01T00:00:00Z');
    const stage = new TestStage(world, { settings, files, logger, shutdown: signal, now });
    const result = await stage.run({ mode: 'incremental', ...request });
    world.target = [...new Set([...world.target, ...result.successful])].sort((a, b) => a - b);
    return { ...result, nowhere: stage.nowhere };
  }
  const waiting = async () => [...(await files.waiting.read()).byFault.keys()];
  return { world, files, shutdown, execute, waiting };
}

it('executions of one run each alternate between waiting runs and others', async () => {
  const { world, execute } = await setUp();
  world.source = [5, 6, 7];
  world.errors.set(5, refused('site'));
  const tried: number[] = [];
  for (let execution = 0; execution < 5; execution++) {
    await execute({ limit: 1 });
    tried.push(...new Set(world.tried));
  }
  expect(tried).toEqual([5, 5, 6, 5, 7]);
});

it('the list of waiting runs is written even if there is nothing to try', async () => {
  const { world, files, execute, waiting } = await setUp();
  world.source = [5];
  world.errors.set(5, refused('site'));
  expect((await execute()).waiting).toMatchObject([{ place: 'UconDB write', runs: [5] }]);
  world.source = [5, 6];
  world.target = [5];
  world.copying.add(6);
  expect(await execute()).toMatchObject({ waiting: [], notProcessed: 0 });
  expect(await waiting()).toEqual([]);
  const { postponed } = await files.waiting.read();
  expect(postponed.get('copying')?.toTexts()).toEqual(['6']);
});

it('no run of the failure log waits', async () => {
  const { world, files, execute, waiting } = await setUp();
  world.source = [5];
  world.errors.set(5, refused('site'));
  await execute();
  await files.failures.change({ add: new Map([[5, 'by hand']]) });
  expect(await execute()).toMatchObject({ waiting: [] });
  expect([world.tried, await waiting()]).toEqual([[], []]);
});

it('a retry takes runs that are archived by now out of the failure log', async () => {
  const { world, files, execute } = await setUp();
  [world.source, world.target] = [[5, 6], [5]];
  await files.failures.change({ add: new Map([5, 6].map((run) => [run, 'no'])) });
  world.errors.set(6, refused('run'));
  expect(await execute({ mode: 'failed' })).toMatchObject({ failed: [{ run: 6 }] });
  expect(await files.failures.read()).toEqual([6]);
});

it('a stage names the requested runs that nobody knows, and knows compared and failed ones', async () => {
  const { world, files, execute } = await setUp();
  [world.source, world.target, world.uncertain] = [[5], [6], [7]];
  await files.failures.change({ add: new Map([[8, 'no']]) });
  const runs = RunSet.fromTexts(['5', '6', '7', '8', '9']);
  const { nowhere } = await execute({ runs });
  expect(nowhere).toEqual([{ first: 9, last: 9 }]);
});

it('a late run is remembered only once it has ended', async () => {
  const { world, files, execute } = await setUp();
  world.source = [3, 9];
  await execute();
  world.source = [3, 5, 6, 9];
  world.errors.set(5, refused('run'));
  await execute({ limit: 1 });
  const late = () => files.seen.late([3, 5, 6, 9], 9);
  expect([await late(), await files.failures.read()]).toEqual([[6], [5]]);
  await execute({ limit: 1 });
  expect(world.tried).toEqual([6]);
  expect(await late()).toEqual([]);
});

it("an empty source is the site's fault, but only where runs were seen before", async () => {
  const { world, execute } = await setUp();
  world.notice = 'is it mounted?';
  expect(await execute()).toMatchObject({ error: undefined });
  world.source = [5];
  await execute();
  world.source = [];
  await expect(execute()).rejects.toMatchObject({ message: 'is it mounted?', fault: 'site' });
});

it('a compared run counts as archived before others are chosen, so that it holds nothing back', async () => {
  const { world, files, execute } = await setUp();
  await files.failures.change({ add: new Map([[3, 'no']]) });
  [world.source, world.target, world.uncertain, world.compared] = [[3, 5, 6], [5], [5], [5]];
  expect(await execute({ limit: 1 })).toMatchObject({ successful: [5, 6], failed: [] });
  expect([world.tried, world.recorded]).toEqual([
    [5, 6],
    [5, 6],
  ]);
  expect((await files.state.read()).lastAttemptedRun).toBe(6);
});

it('runs known to differ are named as failed, besides those that differ now', async () => {
  const { world, execute } = await setUp();
  [world.source, world.target] = [
    [4, 5, 6],
    [4, 5],
  ];
  [world.uncertain, world.compared, world.different] = [[4, 5], [5], [4]];
  world.errors.set(5, refused('run'));
  expect(await execute()).toMatchObject({ successful: [6], failed: [{ run: 4 }, { run: 5 }] });
});

it("nothing else is tried after a comparison that failed by the site's fault", async () => {
  const { world, execute } = await setUp();
  [world.source, world.target, world.uncertain] = [
    [4, 5, 6, 7],
    [4, 5],
    [4, 5],
  ];
  world.compared = [4, 5];
  world.errors.set(4, refused('site'));
  expect(await execute()).toMatchObject({
    successful: [],
    notProcessed: 3,
    error: expect.stringContaining('refused by site'),
    brokenPlace: 'UconDB write',
    waiting: [{ runs: [4] }],
  });
  expect(new Set(world.tried)).toEqual(new Set([4]));
});

it('others get one attempt after comparisons that ended in an outage, even if one went well', async () => {
  const { world, execute } = await setUp();
  const uploaded = [1, 2, 3, 4, 5, 6];
  world.source = [...uploaded, 7];
  [world.target, world.uncertain, world.compared] = [uploaded, uploaded, uploaded];
  for (const run of [2, 3, 4, 5, 6, 7]) world.errors.set(run, refused('unknown'));
  expect(await execute()).toMatchObject({ successful: [1], notProcessed: 1 });
  expect(world.tried.filter((run) => run === 7)).toHaveLength(1);
});

it('runs that do not wait are compared first', async () => {
  const { world, execute } = await setUp();
  [world.source, world.target, world.uncertain, world.compared] = [
    [5, 6],
    [5, 6],
    [5, 6],
    [5, 6],
  ];
  world.errors.set(5, refused('site'));
  await execute();
  await execute();
  expect(world.tried[0]).toBe(6);
});

it.each(['compared', 'followedUp'] as const)(
  "each run gets one attempt, and the failure is reported, after what was %s failed by a fault that may be the site's",
  async (what) => {
    const { world, execute } = await setUp();
    [world.source, world.target] = [[5, 6, 7, 8, 9], [5]];
    world[what] = [5];
    if (what === 'compared') world.uncertain = [5];
    for (const run of [5, 6, 7]) world.errors.set(run, refused('unknown'));
    const result = await execute();
    expect(world.tried.filter((run) => run !== 5)).toEqual([6, 7, 9, 8]);
    expect(result.successful).toEqual([9, 8]);
    expect(result.waiting.flatMap(({ runs }) => runs)).toEqual(what === 'compared' ? [5, 6, 7] : [6, 7]);
    if (what === 'followedUp') {
      const error = expect.stringContaining('run 5 could not have a time added');
      expect(result).toMatchObject({ error, brokenPlace: 'UconDB write' });
    }
  },
);

it("nothing else is tried after a follow-up that failed by the site's fault", async () => {
  const { world, execute } = await setUp();
  [world.source, world.target, world.followedUp] = [
    [4, 5, 6],
    [4, 5],
    [4, 5],
  ];
  world.errors.set(4, refused('site'));
  expect(await execute()).toMatchObject({
    successful: [],
    notProcessed: 1,
    error: expect.stringContaining('refused by site'),
    brokenPlace: 'UconDB write',
  });
  expect(world.tried).toEqual([4, 4]);
});

it("archived runs get one attempt each once one of them failed by a fault that may be the site's", async () => {
  const { world, files, execute } = await setUp();
  [world.source, world.target, world.followedUp] = [
    [3, 4, 5],
    [3, 4, 5],
    [3, 4, 5],
  ];
  world.errors.set(3, refused('unknown'));
  world.errors.set(4, refused('unknown'));
  world.errors.set(5, refused('run'));
  expect(await execute()).toMatchObject({ failed: [{ run: 5 }] });
  expect(world.tried).toEqual([3, 3, 4, 5]);
  // They are archived.
  expect(await files.failures.read()).toEqual([]);
});

it('there are no follow-ups in a retry of failed runs, nor after a request to stop', async () => {
  const { world, shutdown, execute } = await setUp();
  [world.source, world.target, world.followedUp] = [[5], [5], [5]];
  await execute({ mode: 'failed' });
  expect(world.tried).toEqual([]);
  shutdown.abort();
  await execute();
  expect(world.tried).toEqual([]);
});
