import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MetricsTextfile } from '../../../src/metrics/textfile.ts';
import { type Backlog, backlogOf } from '../../../src/state/backlog.ts';
import { FailureLog } from '../../../src/state/failure-log.ts';
import { noReasons } from '../../../src/state/failure-reasons.ts';
import { StateFile } from '../../../src/state/state.ts';
import { nobodyWaits, WaitingRunsFile } from '../../../src/state/waiting-runs.ts';
import { parsePrometheusText } from '../../helpers/prometheus-text.ts';
import { recordingLogger } from '../../helpers/recording-logger.ts';
import { useTemporaryDirectories } from '../../helpers/temporary-directory.ts';

const temporaryDirectory = useTemporaryDirectories();

async function setUp() {
  const directory = await temporaryDirectory();
  const collector = join(directory, 'collector');
  await mkdir(collector);
  const path = join(collector, 'archiver.prom');
  const logger = recordingLogger();
  let seconds = 1_700_000_000;
  let backlog = nothingToDo;
  const observer = (file = path) =>
    new MetricsTextfile({
      path: file,
      logger,
      now: () => new Date(seconds * 1000),
      backlog: async () => backlog,
      files: (stage) => ({
        state: new StateFile(join(directory, `${stage}.json`), stage),
        failures: new FailureLog(join(directory, `${stage}.log`)),
        waiting: new WaitingRunsFile(join(directory, `${stage}_waiting.json`), stage, (text) => text),
      }),
    });
  /** The value of each gauge of a stage, without the common prefix. */
  const gauges = async (stage: string) => {
    const samples = parsePrometheusText(await readFile(path, 'utf8'));
    const own = samples.filter(({ labels }) => labels.stage === stage);
    return Object.fromEntries(
      own.map(({ name, value }) => [name.replace('run_record_archiver_', ''), value]),
    );
  };
  return {
    directory,
    collector,
    path,
    lines: logger.lines,
    observer,
    gauges,
    setTime: (time: number) => (seconds = time),
    setBacklog: (next: Backlog) => {
      backlog = next;
    },
  };
}

const records = { waiting: nobodyWaits, failed: [], reasons: noReasons };
const nothingToDo = backlogOf({
  stages: { import: records, migrate: records },
  unequal: undefined,
  lastExecution: undefined,
});

const well = {
  stage: 'import',
  successful: [1, 2],
  failed: [],
  waiting: [],
  allWaiting: [],
  error: undefined,
  brokenPlace: undefined,
} as const;
const bad = { ...well, successful: [3], failed: [{ run: 4, error: 'x' }] } as const;
const unable = { ...well, successful: [], error: 'not reachable' } as const;

describe('the metrics file', () => {
  it('holds how a stage ended and what it remembers', async () => {
    const { directory, observer, gauges, lines } = await setUp();
    await writeFile(join(directory, 'import.json'), '{"last_contiguous_run": 2, "last_attempted_run": 12}');
    await writeFile(join(directory, 'import.log'), '4\n7\n');
    const waits = { place: 'UconDB write', fault: 'site', cause: 'x', since: '2026-12-01T00:00:00Z' };
    const waiting = { ...waits, cycles: 1, successes: 0, undecided: false };
    const postponed = { copying: ['9-11'], 'stop-time': ['14', '16'] };
    await writeFile(
      join(directory, 'import_waiting.json'),
      JSON.stringify({ waiting_runs: { 8: waiting }, postponed_runs: postponed }),
    );
    await observer().stageEnded(bad, 1.23456);
    expect(await gauges('import')).toEqual({
      last_execution_timestamp_seconds: 1_700_000_000,
      last_execution_success: 0,
      last_execution_duration_seconds: 1.235,
      last_success_timestamp_seconds: 0,
      runs_processed: 2,
      runs_successful: 1,
      runs_failed: 1,
      failure_log_runs: 2,
      position_run: 12,
      waiting_runs_fault: 1,
      waiting_runs_stop_time: 2,
      waiting_runs_copying: 3,
    });
    expect(lines).toEqual([]);
  });

  it('keeps the last success over failures, and the other stage, from one execution to the next', async () => {
    const { observer, gauges, setTime } = await setUp();
    await observer().stageEnded(well, 1);
    setTime(1_700_000_600.5);
    const second = observer();
    await second.stageEnded(unable, 1);
    await second.stageEnded({ ...well, stage: 'migrate' }, 1);
    setTime(1_700_001_200);
    await observer().stageEnded(bad, 1);
    expect(await gauges('import')).toMatchObject({
      last_success_timestamp_seconds: 1_700_000_000,
      last_execution_timestamp_seconds: 1_700_001_200,
      last_execution_success: 0,
    });
    expect(await gauges('migrate')).toMatchObject({
      last_success_timestamp_seconds: 1_700_000_600.5,
      last_execution_success: 1,
    });
  });

  it('gets the backlog of the stages that ran here when the execution ends, and keeps it until the next end', async () => {
    const { observer, gauges, setBacklog } = await setUp();
    const waiting = {
      waiting: 2,
      left: 40,
      oldestWaiting: { run: 5, since: '2026-03-01T12:00:00.000Z', place: 'UconDB write', cause: 'x' },
      lastArchived: { time: '2026-03-01T11:00:00.000Z', run: 4 },
    };
    const { stages } = nothingToDo;
    setBacklog({
      ...nothingToDo,
      unequal: 3,
      stages: { ...stages, migrate: { ...stages.migrate, ...waiting } },
    });
    await observer().stageEnded({ ...well, stage: 'migrate' }, 1);
    await observer().executionEnded();
    const told = {
      waiting_runs: 42,
      waiting_oldest_timestamp_seconds: Date.parse('2026-03-01T12:00:00Z') / 1000,
      last_archived_timestamp_seconds: Date.parse('2026-03-01T11:00:00Z') / 1000,
      unequal_runs: 3,
    };
    expect(await gauges('migrate')).toMatchObject({ ...told, runs_successful: 2 });
    expect(await gauges('import')).toEqual({});
    await observer().stageEnded({ ...bad, stage: 'migrate' }, 1);
    expect(await gauges('migrate')).toMatchObject({ ...told, runs_failed: 1 });
    setBacklog(nothingToDo);
    await observer().executionEnded();
    const { migrate } = { migrate: await gauges('migrate') };
    expect(migrate).toMatchObject({ waiting_runs: 0, runs_failed: 1 });
    for (const name of Object.keys(told).slice(1)) expect(migrate).not.toHaveProperty(name);
  });

  it('can be read by all when it is new, and keeps the mode that it was given', async () => {
    const { path, observer } = await setUp();
    const mask = process.umask(0o077);
    try {
      await observer().stageEnded(well, 1);
      expect((await stat(path)).mode & 0o777).toBe(0o644);
      await chmod(path, 0o640);
      await observer().stageEnded(well, 1);
      expect((await stat(path)).mode & 0o777).toBe(0o640);
    } finally {
      process.umask(mask);
    }
  });

  it('leaves no other file beside it', async () => {
    const { collector, observer } = await setUp();
    await observer().stageEnded(well, 1);
    expect(await readdir(collector)).toEqual(['archiver.prom']);
  });

  it('leaves out what can not be read', async () => {
    const { directory, observer, gauges } = await setUp();
    await writeFile(join(directory, 'import.json'), 'torn');
    await observer().stageEnded(unable, 1);
    const found = await gauges('import');
    expect(found).toMatchObject({ last_execution_success: 0, failure_log_runs: 0 });
    expect(found).not.toHaveProperty('position_run');
  });

  it('does not replace a file of another program, and says so once', async () => {
    const { path, observer, lines } = await setUp();
    await writeFile(path, 'node_load1 0.5\n');
    const metrics = observer();
    await metrics.stageEnded(well, 1);
    await metrics.stageEnded({ ...well, stage: 'migrate' }, 1);
    expect(await readFile(path, 'utf8')).toBe('node_load1 0.5\n');
    expect(lines).toEqual([
      expect.stringMatching(/^WARNING .*archiver\.prom .*something other than metrics/),
    ]);
  });

  it.each([
    ['a directory that is missing', (directory: string) => join(directory, 'missing', 'a.prom')],
    ['a directory in its place', (directory: string) => directory],
  ])('has its check warn of %s', async (_, pathIn) => {
    const { directory, observer, lines } = await setUp();
    await observer(pathIn(directory)).stageEnded(well, 1);
    expect(lines).toEqual([
      expect.stringMatching(/^WARNING The metrics file .* could not be written\. Reason: /),
    ]);
  });
});
