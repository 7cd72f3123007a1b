import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ArtdaqDb } from '../../../src/artdaqdb/artdaqdb.ts';
import { GENERATE_NAMES } from '../../../src/records/converters/converters.ts';
import { RunRecordDirectory } from '../../../src/records/run-record-directory.ts';
import { RunSet } from '../../../src/runs/run-set.ts';
import { Importer } from '../../../src/stages/importer.ts';
import type { StageRequest } from '../../../src/stages/stage.ts';
import { FailureLog } from '../../../src/state/failure-log.ts';
import { followUpRecords } from '../../../src/state/follow-up-records.ts';
import { SeenRuns } from '../../../src/state/seen-runs.ts';
import { StateFile } from '../../../src/state/state.ts';
import { WaitingRunsFile } from '../../../src/state/waiting-runs.ts';
import { recordingLogger } from '../../helpers/recording-logger.ts';
import { useTemporaryDirectories } from '../../helpers/temporary-directory.ts';

const temporaryDirectory = useTemporaryDirectories();
const DAY_MS = 86_400_000;
const nothing = async (): Promise<void> => undefined;

/** Run records in a directory, and an importer that is made anew for each execution. */
async function setUp(settings: { readonly hours?: number; readonly excludeMostRecentRun?: boolean } = {}) {
  const { hours = 0, excludeMostRecentRun = false } = settings;
  const top = await temporaryDirectory();
  const location = join(top, 'records');
  await mkdir(location);
  const archived = new Map<number, string[]>();
  const artdaqDb: ArtdaqDb = {
    location: 'artdaqDB',
    prepare: async () => undefined,
    listRuns: async () => [...archived.keys()].sort((a, b) => a - b),
    has: async () => false,
    insert: async (run, _config, files) => void archived.set(run, files.map(({ name }) => name).sort()),
    update: async () => undefined,
    amend: async () => 'absent',
    export: async () => [],
    close: async () => undefined,
  };
  const files = {
    state: new StateFile(join(top, 'state.json')),
    failures: new FailureLog(join(top, 'failures.log')),
    seen: new SeenRuns(join(top, 'seen.json')),
    waiting: new WaitingRunsFile(join(top, 'waiting.json'), 'import', (text) => text),
  };
  const put = async (run: number, name: string, text = 'a: 1\n') => {
    await mkdir(join(location, String(run)), { recursive: true });
    await writeFile(join(location, String(run), name), text);
  };

  /**
   * Executes the stage under a clock that is so many days off.
   * @param happens between the two looks at the records, and after them
   */
  async function execute(
    mode: StageRequest['mode'],
    happens = { between: nothing, after: nothing },
    daysOff = 0,
    runs?: RunSet,
  ) {
    const now = () => new Date(Date.now() + daysOff * DAY_MS);
    const sleep = async () => happens.between();
    const records = new RunRecordDirectory(location, undefined, { now: () => now().getTime(), sleep });
    const examine = records.examine.bind(records);
    records.examine = async (runs) => {
      const examined = await examine(runs);
      await happens.after();
      return examined;
    };
    const logger = recordingLogger();
    const importer = new Importer(
      {
        records,
        artdaqDb,
        generate: new Set(GENERATE_NAMES),
        readSchema: async () => ({ name: 'schema.fcl', text: 's: [ ]\n' }),
        waitForStopTimeHours: hours,
        followUpRecords: followUpRecords(top),
        now,
      },
      {
        settings: {
          batchSize: 5,
          parallelWorkers: 1,
          runProcessRetries: 2,
          retryDelaySeconds: 0,
          excludeMostRecentRun,
        },
        files,
        logger,
        shutdown: new AbortController().signal,
        now,
      },
    );
    const { successful, failed, error } = await importer.run({ mode, runs });
    const postponed = [...(await files.waiting.read()).postponed].map(([reason, runs]) => [
      reason,
      ...runs.toTexts(),
    ]);
    return { successful, failed, error, postponed, logged: await files.failures.read() };
  }
  return {
    put,
    execute,
    archived,
    files,
    path: (run: number, name: string) => join(location, String(run), name),
  };
}

describe('a record that is still being copied', () => {
  it('it is no failure, only holds the position back, and is archived when it is complete', async () => {
    const { put, execute, path, archived, files } = await setUp();
    for (const run of [5, 6]) await put(run, 'a.fcl');
    await put(5, '.b.fcl.Xy12Zz', 'b: ');
    const first = await execute('incremental');
    expect(first).toEqual({
      successful: [6],
      failed: [],
      error: undefined,
      postponed: [['copying', '5']],
      logged: [],
    });
    expect((await files.state.read()).lastAttemptedRun).toBeLessThan(5);
    await rename(path(5, '.b.fcl.Xy12Zz'), path(5, 'b.fcl'));
    const second = await execute('incremental');
    expect(second).toMatchObject({ successful: [5], failed: [], postponed: [] });
    expect(archived.get(5)).toEqual(['a.fcl', 'b.fcl', 'schema.fcl']);
  });

  it('it stays known when a retry or an execution for certain runs leaves it out', async () => {
    const { put, execute } = await setUp();
    await put(5, 'a.fcl.part');
    await put(6, 'a.fcl');
    const copying = { postponed: [['copying', '5']] };
    expect(await execute('incremental')).toMatchObject(copying);
    expect(await execute('failed')).toMatchObject(copying);
    expect(await execute('full', undefined, 0, RunSet.of([6]))).toMatchObject(copying);
  });

  it('it does not wait if its content can never be archived, so that the error is reported', async () => {
    const { execute, path } = await setUp();
    await mkdir(path(5, 'boot.txt'), { recursive: true });
    const { failed, postponed } = await execute('incremental');
    expect([failed, postponed]).toEqual([[{ run: 5, error: expect.stringContaining('is a directory') }], []]);
  });

  it('it is left for later if it changes after it was found whole', async () => {
    const { put, execute, archived } = await setUp();
    await put(5, 'a.fcl');
    const after = () => put(5, 'b.fcl');
    const first = await execute('incremental', { between: nothing, after });
    expect(first).toMatchObject({ successful: [], failed: [], error: undefined, logged: [] });
    expect(await execute('incremental')).toMatchObject({ successful: [5] });
    expect(archived.get(5)).toContain('b.fcl');
  });
});

describe('a run that is going', () => {
  const metadata = (start: number) =>
    `Config name: x\nDAQInterface start time: ${new Date(start).toUTCString().replace(/^(\w+), (\d+) (\w+) (\d+) (\S+) GMT$/, '$1 $3 $2 $5 UTC $4')}\n`;

  it.each([60, -60, 2])('it waits for its stop time even if our clock is %i days off', async (daysOff) => {
    const { put, execute, archived } = await setUp({ hours: 24 });
    await put(5, 'a.fcl');
    await put(5, 'metadata.txt', metadata(Date.now() - DAY_MS / 24));
    await put(6, 'a.fcl');
    await put(6, 'metadata.txt', `${metadata(Date.now() - DAY_MS)}DAQInterface stop time: y\n`);
    const wrong = await execute('incremental', undefined, daysOff);
    expect(wrong).toMatchObject({ successful: [6], failed: [], postponed: [['stop-time', '5']] });
    expect(await execute('incremental')).toMatchObject({ successful: [], postponed: [['stop-time', '5']] });
    await put(5, 'metadata.txt', `${metadata(Date.now())}DAQInterface stop time: y\n`);
    expect(await execute('incremental')).toMatchObject({ successful: [5], postponed: [] });
    expect(archived.get(5)).toContain('RunHistory2.fcl');
  });
});

describe('app.exclude_most_recent_run', () => {
  it('the highest candidate is left for later until there is a higher one', async () => {
    const { put, execute } = await setUp({ excludeMostRecentRun: true });
    for (const run of [5, 6]) await put(run, 'a.fcl');
    const most = (run: string) => [['most-recent', run]];
    expect(await execute('incremental')).toMatchObject({ successful: [5], postponed: most('6') });
    expect(await execute('full')).toMatchObject({ successful: [], postponed: most('6') });
    await put(7, 'a.fcl');
    expect(await execute('full')).toMatchObject({ successful: [6], postponed: most('7') });
  });

  it('a retry ignores it', async () => {
    const { put, execute, files } = await setUp({ excludeMostRecentRun: true });
    await put(5, 'a.fcl');
    await files.failures.change({ add: new Map([[5, 'x']]) });
    expect(await execute('failed')).toMatchObject({ successful: [5], logged: [] });
  });
});
