import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packBlob } from '../../../src/blob/pack.ts';
import { UconDbError } from '../../../src/errors.ts';
import { RunSet } from '../../../src/runs/run-set.ts';
import { Migrator } from '../../../src/stages/migrator.ts';
import { FailureLog } from '../../../src/state/failure-log.ts';
import { followUpRecords } from '../../../src/state/follow-up-records.ts';
import { RunSetFile } from '../../../src/state/run-set-file.ts';
import { SeenRuns } from '../../../src/state/seen-runs.ts';
import { StateFile } from '../../../src/state/state.ts';
import { UncomparedRuns } from '../../../src/state/uncompared-runs.ts';
import { WaitingRunsFile } from '../../../src/state/waiting-runs.ts';
import { recordingLogger } from '../../helpers/recording-logger.ts';
import { blobOf, StageModel } from '../../helpers/stage-model.ts';
import { useTemporaryDirectories } from '../../helpers/temporary-directory.ts';

const temporaryDirectory = useTemporaryDirectories();
const files = [
  { name: 'boot.fcl', text: 'a: 1\n' },
  { name: 'schema.fcl', text: 's: [ ]\n' },
];
const packed = (minute: number, content = files) =>
  packBlob(7, content, new Date(Date.UTC(2024, 0, 1, 0, minute)));

const place = { server: 'https://ucondb.example/app', folder: 'f', object: 'o' };

/** Migrates run 7 to a UconDB that answers like that. `sent` is what was uploaded at 00:00. */
async function migrate(
  outcome: 'stored' | 'already-stored',
  held: (sent: Buffer) => Buffer,
  exported = files,
  runProcessRetries = 0,
) {
  const directory = await temporaryDirectory();
  const logger = recordingLogger();
  let sent: Buffer | undefined;
  let puts = 0;
  const context = {
    settings: {
      batchSize: 5,
      parallelWorkers: 1,
      runProcessRetries,
      retryDelaySeconds: 0,
      excludeMostRecentRun: false,
    },
    files: {
      state: new StateFile(join(directory, 'state.json')),
      failures: new FailureLog(join(directory, 'failures.log')),
      seen: new SeenRuns(join(directory, 'seen.json')),
      waiting: new WaitingRunsFile(join(directory, 'waiting.json'), 'migrate', (text) => text),
    },
    logger,
    shutdown: new AbortController().signal,
    now: () => new Date(),
  };
  const artdaqDb = {
    location: 'artdaqDB',
    prepare: async () => undefined,
    listRuns: async () => [7],
    has: async () => true,
    insert: async () => undefined,
    update: async () => undefined,
    amend: async () => 'absent' as const,
    export: async () => exported,
    close: async () => undefined,
  };
  const uconDb = {
    location: 'UconDB',
    listRuns: async () => [],
    put: async (_run: number, blob: Buffer) => {
      sent = blob;
      puts++;
      return outcome;
    },
    replace: async () => undefined,
    get: async () => held(sent ?? Buffer.of()),
    close: async () => undefined,
  };
  const { amended } = followUpRecords(directory);
  await amended.add([7]);
  const unequal = new RunSetFile(join(directory, 'unequal.json'), { key: 'unequal', title: '', advice: '' });
  await unequal.add([3]);
  const uncompared = new UncomparedRuns(join(directory, 'uncompared.json'), place);
  const parts = {
    artdaqDb,
    uncompared,
    uconDb,
    validate: true,
    amended,
    unequal,
    maxInFlight: 1,
    replaceIncomplete: false,
    now: () => new Date(Date.UTC(2024, 0, 1)),
  };
  const result = await new Migrator(parts, context).run({ mode: 'incremental' });
  return {
    ...result,
    log: logger.lines.join('\n'),
    failures: await context.files.failures.read(),
    amended: (await amended.read())?.toTexts(),
    unequal: (await unequal.read())?.toTexts(),
    uncompared: (await uncompared.read()).toTexts(),
    sent,
    puts,
  };
}

describe('a run counts as migrated', () => {
  it('it counts if UconDB returns what was sent', async () => {
    expect(await migrate('stored', (sent) => sent)).toMatchObject({
      successful: [7],
      failed: [],
      failures: [],
      amended: [],
      unequal: ['3'],
      uncompared: [],
    });
  });

  it('it counts if UconDB had the same record already, packed at another time', async () => {
    expect(await migrate('already-stored', () => packed(1))).toMatchObject({ successful: [7], failed: [] });
  });
});

it('another attempt does not send it again if the first could not read it back', async () => {
  let reads = 0;
  const held = (sent: Buffer): Buffer => {
    if (reads++ === 0) throw new UconDbError('the connection broke', { run: 7, retryable: true });
    return sent;
  };
  expect(await migrate('stored', held, files, 1)).toMatchObject({ successful: [7], puts: 1, uncompared: [] });
});

it('of the runs not compared since their upload, only the requested ones are compared', async () => {
  const model = new StageModel(await temporaryDirectory());
  for (const run of [7, 8]) {
    model.world.directories.add(run);
    model.world.blobs.set(run, blobOf(run));
  }
  await model.records.uncompared.note([7, 8]);
  await model.execute({ mode: 'incremental', runs: RunSet.of([8]) }, 1);
  expect(await model.uncertain()).toEqual([7]);
});

it.each([
  ['left alone by an incremental execution', { mode: 'incremental' }, [7]],
  ['compared again by one for certain runs', { mode: 'incremental', runs: RunSet.of([7]) }, []],
  ['compared again in full mode', { mode: 'full' }, []],
  ['compared again by a retry', { mode: 'failed' }, []],
] as const)('a run known to differ is %s', async (_how, request, uncertain) => {
  const model = new StageModel(await temporaryDirectory());
  model.world.directories.add(7);
  model.world.blobs.set(7, blobOf(7));
  await model.records.unequal.add([7]);
  await model.files.failures.change({ add: new Map([[7, 'it differed']]) });
  await model.execute(request, 1);
  expect(await model.uncertain()).toEqual(uncertain);
});

it.each([
  ['is not noted as uploaded', [], []],
  ['stays noted if an earlier execution may have sent it', [8], ['8']],
])('a run that failed before it was sent %s', async (_what, before, after) => {
  const model = new StageModel(await temporaryDirectory());
  model.world.directories.add(8);
  model.world.broken.add(8);
  await model.records.uncompared.note(before);
  await model.execute({ mode: 'incremental' }, 1);
  expect((await model.records.uncompared.read()).toTexts()).toEqual(after);
});

describe('a run fails', () => {
  it.each([
    ['one byte of it is another', (sent: Buffer) => Buffer.from(sent.toString().replace('a: 1', 'a: 2'))],
    ['a byte of it is missing', (sent: Buffer) => sent.subarray(0, -1)],
    ['it is the same record, packed at another time', () => packed(1)],
  ])('it fails if UconDB confirms the upload, but %s', async (_what, held) => {
    const { log, ...ended } = await migrate('stored', held);
    expect(ended).toMatchObject({ successful: [], failed: [{ run: 7 }], failures: [7], unequal: ['3', '7'] });
    expect(log).toMatch(/MD5 mismatch for run 7: sent [0-9a-f]{32} .*holds [0-9a-f]{32} /);
  });

  it('it fails if another record has its key', async () => {
    const other = [{ name: 'boot.fcl', text: 'a: 2\n' }, ...files.slice(1)];
    const { log, ...ended } = await migrate('already-stored', () => packed(0, other));
    expect(ended).toMatchObject({
      successful: [],
      failed: [{ run: 7 }],
      failures: [7],
      amended: ['7'],
      unequal: ['3', '7'],
    });
    expect(log).toContain('run 7 is in UconDB already with different content');
  });

  it('it fails before anything is sent if artdaqDB has only its schema', async () => {
    const ended = await migrate('stored', (sent) => sent, files.slice(1));
    expect(ended).toMatchObject({
      successful: [],
      failed: [{ run: 7 }],
      failures: [7],
      sent: undefined,
      unequal: ['3'],
    });
  });

  it("it waits to be compared if it could not be read back, as that may be the site's fault", async () => {
    const ended = await migrate('stored', () => {
      throw new UconDbError('the connection broke', { run: 7 });
    });
    const waiting = [{ place: 'UconDB read', runs: [7], cause: 'the connection broke' }];
    expect(ended).toMatchObject({ failed: [], failures: [], waiting, unequal: ['3'], uncompared: ['7'] });
  });
});
