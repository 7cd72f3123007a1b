import { describe, expect, it } from 'vitest';
import type { ArtdaqDb } from '../../../src/clients/artdaqdb/artdaqdb.ts';
import { ArtdaqDbError, ArtdaqDbPresenceError } from '../../../src/errors.ts';
import { followUpRecords } from '../../../src/persistence/follow-up-records.ts';
import { UnfinishedRuns } from '../../../src/stages/unfinished-runs.ts';
import { recordingLogger } from '../../helpers/recording-logger.ts';
import { useTemporaryDirectories } from '../../helpers/temporary-directory.ts';

const temporaryDirectory = useTemporaryDirectories();
const now = new Date('2024-01-01T12:00:00Z');
const going = 'DAQInterface start time: Mon Jan  1 11:00:00 UTC 2024\n';
const ended = `${going}DAQInterface stop time: Mon Jan  1 11:30:00 UTC 2024\n`;

/** Run 7, whose metadata.txt can be changed, before an artdaqDB that takes whatever it is given. */
async function setUp() {
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
  const records = {
    location: 'run records',
    listRuns: async () => [7],
    read: async () => ({
      run: 7,
      directory: '',
      files: [{ path: 'metadata.txt', bytes: bytes() }],
      warnings: [],
    }),
    glance: async () => ({ metadata: bytes(), lastChange: now.getTime() }),
  };
  const logger = recordingLogger();
  const unfinished = new UnfinishedRuns({ records, artdaqDb, files, now: () => now, logger });
  return {
    amended,
    is: (text: string) => {
      metadata = text;
    },
    store: async (insert: () => Promise<void>) => unfinished.storing(await records.read(), insert),
    due: () => unfinished.due({ source: [7], target: [7] }, () => true, true),
    amend: () => unfinished.amend(7, logger),
  };
}

describe('a run that is archived without stop time', () => {
  it('stays known when the answer was lost and its next attempt has the stop time', async () => {
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

  it('is forgotten once it is stored with the stop time', async () => {
    const run = await setUp();
    run.is(going);
    await expect(run.store(() => Promise.reject(new ArtdaqDbError('no')))).rejects.toThrow('no');
    run.is(ended);
    await run.store(async () => undefined);
    expect(await run.due()).toEqual([]);
  });

  it('stays known when its metadata.txt has no time at the moment it is to be brought up to date', async () => {
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
