import { describe, expect, it } from 'vitest';
import type { ArtdaqDb } from '../../../src/artdaqdb/artdaqdb.ts';
import { ArtdaqDbError, ArtdaqDbPresenceError } from '../../../src/errors.ts';
import type { RunRecordSource } from '../../../src/records/run-record-source.ts';
import { RunSet } from '../../../src/runs/run-set.ts';
import { UnfinishedRuns } from '../../../src/stages/unfinished-runs.ts';
import { followUpRecords } from '../../../src/state/follow-up-records.ts';
import { recordingLogger } from '../../helpers/recording-logger.ts';
import { useTemporaryDirectories } from '../../helpers/temporary-directory.ts';

const temporaryDirectory = useTemporaryDirectories();
const going = 'DAQInterface start time: Mon Jan  1 11:00:00 UTC 2024\n';
const ended = `${going}DAQInterface stop time: Mon Jan  1 11:30:00 UTC 2024\n`;

/** Runs 7 and others, whose metadata.txt can be changed, before an artdaqDB that takes whatever it is given. */
async function setUp(runs: readonly number[] = [7]) {
  const files = followUpRecords(await temporaryDirectory());
  const amended: string[] = [];
  const artdaqDb: ArtdaqDb = {
    location: 'artdaqDB',
    prepare: async () => undefined,
    listRuns: async () => [7],
    has: async () => true,
    insert: async () => undefined,
    update: async () => undefined,
    amend: async (_run, _config, { text }) => {
      amended.push(text);
      return 'replaced';
    },
    export: async () => [],
    close: async () => undefined,
  };
  let metadata = '';
  const bytes = () => Buffer.from(metadata);
  const looked: number[] = [];
  let meanwhile = (): void => undefined;
  const records: RunRecordSource = {
    location: 'run records',
    listRuns: async () => [...runs],
    examine: async () => new Map(),
    newestChange: async () => undefined,
    read: async () => ({
      run: 7,
      directory: '',
      files: [{ path: 'metadata.txt', bytes: bytes() }],
      aside: [],
      warnings: [],
    }),
    glance: async (run) => {
      looked.push(run);
      return { metadata: bytes(), signature: metadata, modified: 0, changed: 0 };
    },
  };
  const logger = recordingLogger();
  const sleep = async () => meanwhile();
  const unfinished = new UnfinishedRuns({ records, artdaqDb, files, logger, sleep });
  const due = async (all = true, readOnly = false) => {
    looked.splice(0);
    return await unfinished.due(
      { source: RunSet.of(runs), target: RunSet.of(runs) },
      { runs: undefined, all },
      readOnly,
    );
  };
  return {
    amended,
    files,
    looked,
    /** Between the two looks at a run that is due. */
    between: (happen: () => void) => {
      meanwhile = happen;
    },
    is: (text: string) => {
      metadata = text;
    },
    store: async (insert: () => Promise<void>) => unfinished.storing(await records.read(7, ''), insert),
    due,
    amend: () => unfinished.amend(7, logger),
  };
}

describe('a run that is archived without stop time', () => {
  it('it stays known when the answer was lost and its next attempt has the stop time', async () => {
    const run = await setUp();
    run.is(going);
    const lost = run.store(async () => {
      throw new ArtdaqDbError('connection reset', { retryable: true });
    });
    await expect(lost).rejects.toThrow('connection reset');
    run.is(ended);
    const again = run.store(async () => {
      throw new ArtdaqDbPresenceError('it is there already');
    });
    await expect(again).rejects.toThrow('it is there already');
    expect(await run.due()).toEqual([7]);
  });

  it('it is forgotten once it is stored with the stop time', async () => {
    const run = await setUp();
    run.is(going);
    await expect(run.store(() => Promise.reject(new ArtdaqDbError('no')))).rejects.toThrow('no');
    run.is(ended);
    await run.store(async () => undefined);
    expect(await run.due()).toEqual([]);
  });

  it('it stays known when its metadata.txt has no time at the moment of the amendment', async () => {
    const run = await setUp();
    run.is(going);
    await run.store(async () => undefined);
    run.is(ended);
    expect(await run.due()).toEqual([7]);
    run.is('Config name: test\n');
    await run.amend();
    expect(run.amended).toEqual([]);
    run.is(ended);
    expect(await run.due()).toEqual([7]);
    await run.amend();
    expect(run.amended).toEqual([expect.stringContaining('stop_time')]);
    expect(await run.due()).toEqual([]);
  });
});

describe('unfinished runs', () => {
  it('they are never dropped, whatever their age is by any clock', async () => {
    const run = await setUp();
    run.is(going.replace('2024', '1999'));
    await run.store(async () => undefined);
    expect(await run.due()).toEqual([]);
    run.is(ended.replaceAll('2024', '1999'));
    expect(await run.due()).toEqual([7]);
  });

  it('they stay known without their run directory, as that may come back', async () => {
    const run = await setUp([]);
    run.is(going);
    await run.store(async () => undefined);
    expect(await run.due()).toEqual([]);
    expect((await run.files.unfinished.read())?.has(7)).toBe(true);
  });

  it('they are left to the next execution if metadata.txt changes between two looks', async () => {
    const run = await setUp();
    run.is(going);
    await run.store(async () => undefined);
    run.is(`${going}DAQInterface stop time: Mon J`);
    run.between(() => run.is(ended));
    expect(await run.due()).toEqual([]);
    run.between(() => undefined);
    expect(await run.due()).toEqual([7]);
  });

  it('they are looked at in turn if there are many of them, the newest each time', async () => {
    const runs = Array.from({ length: 350 }, (_, index) => index);
    const run = await setUp(runs);
    await run.files.unfinished.add(runs);
    run.is(going);
    const seen = new Set<number>();
    for (let execution = 0; execution < 3; execution++) {
      await run.due(false);
      expect(run.looked).toHaveLength(execution < 2 ? 200 : 150);
      expect(run.looked).toEqual(expect.arrayContaining(runs.slice(-100)));
      for (const each of run.looked) seen.add(each);
    }
    expect(seen.size).toBe(350);
    await run.due(false, true);
    await run.due(false);
    expect(run.looked).toHaveLength(200);
    await run.due(true);
    expect(run.looked).toHaveLength(350);
  });
});
