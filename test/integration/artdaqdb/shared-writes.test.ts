import { mkdirSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type DatabaseFiles, realFiles } from '../../../src/artdaqdb/filesystem/database-files.ts';
import { FilesystemDb } from '../../../src/artdaqdb/filesystem/filesystem-db.ts';
import { ownObjectId } from '../../../src/artdaqdb/stored-document.ts';
import { RunRecordDirectory } from '../../../src/records/run-record-directory.ts';
import { Importer } from '../../../src/stages/importer.ts';
import { FailureLog } from '../../../src/state/failure-log.ts';
import { followUpRecords } from '../../../src/state/follow-up-records.ts';
import { SeenRuns } from '../../../src/state/seen-runs.ts';
import { StateFile } from '../../../src/state/state.ts';
import { WaitingRunsFile } from '../../../src/state/waiting-runs.ts';
import { recordingLogger } from '../../helpers/recording-logger.ts';
import { useTemporaryDirectories } from '../../helpers/temporary-directory.ts';

const temporaryDirectory = useTemporaryDirectories();
const runs = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, i) => first + i);

interface Site {
  readonly count: number;
  readonly workers?: number;
  readonly retries?: number;
  /** Called before the index is written that makes runs visible; its number counts from 1. */
  readonly onCommit?: (commit: number, database: string) => void;
}

/** An importer of new runs into a new FilesystemDB. */
async function setUp({ count, workers = 2, retries = 0, onCommit }: Site) {
  const top = await temporaryDirectory();
  const [location, database] = [join(top, 'records'), join(top, 'db')];
  for (const run of runs(1, count)) {
    await mkdir(join(location, String(run)), { recursive: true });
    await writeFile(join(location, String(run), 'component01.fcl'), `a: ${run}\n`);
  }
  const logger = recordingLogger();
  let commits = 0;
  const files: DatabaseFiles = {
    ...realFiles,
    open: async (path, flags, mode) => {
      const name = String(path);
      if (flags === 'wx' && basename(dirname(name)) === 'SystemLayout' && name.includes('.index.json.')) {
        // The first one is empty, for a new database.
        if (commits++ > 0) onCommit?.(commits - 1, database);
        logger.info(`commit ${commits - 1}`);
      }
      return await realFiles.open(path, flags, mode);
    },
  };
  const db = new FilesystemDb(database, { files, logger });
  const stageFiles = {
    state: new StateFile(join(top, 'state.json')),
    failures: new FailureLog(join(top, 'failures.log')),
    seen: new SeenRuns(join(top, 'seen.json')),
    waiting: new WaitingRunsFile(join(top, 'waiting.json'), 'import', (text) => text),
  };
  const shutdown = new AbortController();
  const sleep = async () => undefined;
  const importer = new Importer(
    {
      records: new RunRecordDirectory(location, undefined, { now: Date.now, sleep }),
      artdaqDb: db,
      generate: new Set(),
      readSchema: async () => ({ name: 'schema.fcl', text: 's: [ ]\n' }),
      waitForStopTimeHours: 0,
      followUpRecords: followUpRecords(top),
      now: () => new Date(),
      sleep,
    },
    {
      settings: {
        batchSize: count,
        parallelWorkers: workers,
        runProcessRetries: retries,
        retryDelaySeconds: 0,
        excludeMostRecentRun: false,
      },
      files: stageFiles,
      logger,
      shutdown: shutdown.signal,
      now: () => new Date(),
    },
  );
  return {
    database,
    shutdown,
    lines: logger.lines,
    commits: () => commits - 1,
    execute: async () => {
      const result = await importer.run({ mode: 'incremental' });
      const { lastContiguousRun } = await stageFiles.state.read();
      const waiting = [...(await stageFiles.waiting.read()).byFault.keys()];
      const logged = await stageFiles.failures.read();
      return { ...result, lastContiguousRun, waiting, logged, stored: await db.listRuns() };
    },
  };
}

const fullDisk = () => {
  throw Object.assign(new Error('ENOSPC: no space left on device, open'), { code: 'ENOSPC' });
};
const brokenDisk = () => {
  throw Object.assign(new Error('EIO: i/o error, open'), { code: 'EIO' });
};

describe('an import that shares writes of the indexes', () => {
  it('needs as many of them, however many workers there are', async () => {
    for (const workers of [1, 2, 4]) {
      const { execute, commits } = await setUp({ count: 20, workers });
      expect((await execute()).stored).toEqual(runs(1, 20));
      // The first run alone, sixteen, and the rest.
      expect({ workers, commits: commits() }).toEqual({ workers, commits: 3 });
    }
  });

  it('says that a run is imported after the write that makes it visible, in the order of the runs', async () => {
    const { execute, lines } = await setUp({ count: 5, workers: 1 });
    await execute();
    const told = lines
      .filter((line) => /imported|^INFO commit [1-9]/.test(line))
      .map((line) => line.replace(/^INFO (?:✓ )?/, '').replace(' imported successfully', ''));
    expect(told).toEqual(['commit 1', 'Run 1', 'commit 2', 'Run 2', 'Run 3', 'Run 4', 'Run 5']);
  });

  it('stores runs one by one after a write that they shared has failed, and nothing else comes of it', async () => {
    const { execute, commits, lines } = await setUp({
      count: 6,
      workers: 1,
      onCommit: (commit) => {
        if (commit === 2) fullDisk();
      },
    });
    expect(await execute()).toMatchObject({
      successful: runs(1, 6),
      failed: [],
      waiting: [],
      logged: [],
      lastContiguousRun: 6,
      error: undefined,
    });
    expect(commits()).toBe(2 + 5);
    expect(lines.filter((line) => line.startsWith('WARNING') && line.includes('stored'))).toEqual([
      expect.stringMatching(/^WARNING 5 runs could not be stored in artdaqDB together: .*ENOSPC/),
    ]);
    expect(lines.filter((line) => line.startsWith('ERROR'))).toEqual([]);
  });

  it('ends with the first run that meets the full disk alone; the others are not tried', async () => {
    const { execute, lines } = await setUp({
      count: 6,
      workers: 1,
      retries: 1,
      onCommit: (commit) => {
        if (commit > 1) fullDisk();
      },
    });
    expect(await execute()).toMatchObject({
      stored: [1],
      successful: [1],
      waiting: [2],
      notProcessed: 4,
      isBrokenBySite: true,
      brokenPlace: 'artdaqDB write',
      lastContiguousRun: 1,
    });
    expect(lines.filter((line) => /✗ Run/.test(line))).toEqual([
      expect.stringContaining('✗ Run 2 failed (attempt 1/2)'),
      expect.stringContaining('✗ Run 2 failed (attempt 2/2)'),
    ]);
  });

  it('takes an outage of unknown fault for one failure, then three runs in a row and one from the other end', async () => {
    const { execute } = await setUp({
      count: 12,
      workers: 1,
      onCommit: (commit) => {
        if (commit > 1) brokenDisk();
      },
    });
    expect(await execute()).toMatchObject({
      stored: [1],
      failed: [],
      waiting: [2, 3, 4, 12],
      notProcessed: 7,
    });
  });

  it('tries a run that fails among others alone, and stores the others', async () => {
    const { execute, commits } = await setUp({
      count: 17,
      workers: 1,
      onCommit: (commit, database) => {
        // A directory in the place of a document.
        const id = ownObjectId('RunHistory', '8/standard', 'component01');
        if (commit === 1) mkdirSync(join(database, 'RunHistory', `${id}.json`));
      },
    });
    const others = runs(1, 17).filter((run) => run !== 8);
    expect(await execute()).toMatchObject({ stored: others, successful: others, waiting: [8], logged: [] });
    expect(commits()).toBe(2);
  });

  it('stores what is under way after a request to stop, and begins no other run', async () => {
    const site = await setUp({
      count: 60,
      workers: 1,
      onCommit: (commit) => {
        if (commit === 2) site.shutdown.abort();
      },
    });
    const { execute, lines } = site;
    const { stored, successful, notProcessed, waiting } = await execute();
    expect(successful).toEqual(stored);
    expect({ sum: stored.length + notProcessed, waiting }).toEqual({ sum: 60, waiting: [] });
    expect(stored).toEqual(runs(1, lines.filter((line) => /→ Processing/.test(line)).length));
    expect(stored.length).toBeLessThan(60);
  });
});
