import { EventEmitter, once } from 'node:events';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { type DatabaseFiles, realFiles } from '../../../src/artdaqdb/filesystem/database-files.ts';
import { FilesystemDb, type FilesystemDbOptions } from '../../../src/artdaqdb/filesystem/filesystem-db.ts';
import { IndexFile } from '../../../src/artdaqdb/filesystem/index/index-file.ts';
import { ownObjectId } from '../../../src/artdaqdb/stored-document.ts';
import { ArtdaqDbError } from '../../../src/errors.ts';
import type { Collection } from '../../../src/fhicl/document.ts';
import type { Logger } from '../../../src/log/logger.ts';
import { byName, documentsOfRun } from '../../helpers/artdaqdb-conformance.ts';
import { CppIndexWriter } from '../../helpers/cpp-index-writer.ts';
import { warningLogger } from '../../helpers/recording-logger.ts';
import { useTemporaryDirectories } from '../../helpers/temporary-directory.ts';

const temporaryDirectory = useTemporaryDirectories();
const START = Date.UTC(2026, 10, 24);

let database: string;
let warnings: string[];
let logger: Logger;

beforeEach(async () => {
  database = join(await temporaryDirectory(), 'db');
  warnings = [];
  logger = warningLogger(warnings);
  await new FilesystemDb(database).insert(4, 'standard', documentsOfRun(4));
});

function cpp(collection: Collection, run: number, entity: string, now = new Date(0)): CppIndexWriter {
  return new CppIndexWriter({ database, collection, run, entity, now });
}

function open(options: FilesystemDbOptions = {}): FilesystemDb {
  return new FilesystemDb(database, { logger, ...options });
}

/** A run as a C++ loader stores it. */
async function loadRun(run: number, entities: readonly string[], now?: Date): Promise<void> {
  for (const entity of entities) {
    await cpp(entity === 'schema' ? 'SystemLayout' : 'RunHistory', run, entity, now).store();
  }
}

/** Takes entries out of an index as a C++ tool does that had read it before they were there. */
async function overwriteWith(collection: Collection, change: () => Promise<void>): Promise<void> {
  const path = join(database, collection, 'index.json');
  const old = await readFile(path);
  await change();
  await writeFile(path, old);
}

/** Two C++ tools at once: one takes the other's document out of the index. @returns its id */
async function lose(entity: string, run = 9): Promise<string> {
  const slow = cpp('RunHistory', 8, 'slow');
  await slow.readIndex();
  const lost = await cpp('RunHistory', run, entity).store();
  await slow.cutIndexOff();
  await slow.writeIndex();
  return lost;
}

const inAnHour = () => new Date(Date.now() + 3_600_000);

describe('documents of other programs that no index lists', () => {
  it('they are reported once and left alone', async () => {
    const lost = await lose('boot');
    const db = open({ now: inAnHour });
    await db.prepare();
    await db.insert(5, 'standard', documentsOfRun(5));
    await db.prepare();
    await db.close();
    expect(warnings).toEqual([expect.stringMatching(new RegExp(`${lost}.*repair-filesystemdb`))]);
    const { ouid } = JSON.parse(await readFile(join(database, 'RunHistory', 'index.json'), 'utf8'));
    expect(ouid).not.toContain(lost);
  });

  it('they are not reported while they may be on their way, but the next execution looks again', async () => {
    await lose('boot');
    await open().prepare();
    expect(warnings).toEqual([]);
    await open({ now: inAnHour }).prepare();
    expect(warnings).toHaveLength(1);
  });

  it('their run is not exported until they are listed or gone, nor in later executions', async () => {
    await loadRun(9, ['boot', 'schema']);
    const lost = await lose('settings');
    for (const db of [open({ now: inAnHour }), open({ now: inAnHour })]) {
      const exporting = db.export(9);
      await expect(exporting).rejects.toThrow(ArtdaqDbError);
      await expect(exporting).rejects.toThrow(/Run 9 .*listed in no index.*repair-filesystemdb/);
      await expect(exporting).rejects.toHaveProperty('retryable', true);
      expect(byName(await db.export(4))).toEqual(byName(documentsOfRun(4)));
      expect(await db.listRuns()).toEqual([4, 9]);
    }
    await rm(join(database, 'RunHistory', `${lost}.json`));
    expect((await open().export(9)).map(({ name }) => name)).toEqual(['boot.fcl', 'schema.fcl']);
  });

  it('their run is not exported while another run that has such documents is looked at', async () => {
    for (const run of [9, 10]) {
      await loadRun(run, ['boot', 'schema']);
      await lose('settings', run);
    }
    const moments = new EventEmitter();
    const opendir: typeof realFiles.opendir = (target, options) => {
      moments.emit('comparing');
      return realFiles.opendir(target, options);
    };
    const db = open({ now: inAnHour, files: { ...realFiles, opendir } });
    await db.prepare();
    let other: Promise<unknown> | undefined;
    vi.spyOn(IndexFile.prototype, 'extent').mockImplementationOnce(async () => {
      other = expect(db.export(10)).rejects.toThrow('listed in no index');
      await once(moments, 'comparing');
      return { size: 0, written: Infinity };
    });
    await expect(db.export(9)).rejects.toThrow('listed in no index');
    await other;
  });
});

describe('a run of ours that another program dropped from the index', () => {
  it.each(['RunHistory', 'SystemLayout'] as const)(
    'a run that lost entries in %s is exported whole',
    async (collection) => {
      const db = open();
      await overwriteWith(collection, () => db.insert(5, 'standard', documentsOfRun(5)));
      expect(byName(await db.export(5))).toEqual(byName(documentsOfRun(5)));
    },
  );

  it('the run is not exported from a database that can only be read', async () => {
    await overwriteWith('RunHistory', () => open().insert(5, 'standard', documentsOfRun(5)));
    const db = open({ files: readOnlyFiles() });
    await db.prepare();
    await expect(db.export(5)).rejects.toHaveProperty('retryable', true);
    expect(byName(await db.export(4))).toEqual(byName(documentsOfRun(4)));
    await db.close();
  });
});

/** Everything that would change a file is refused. */
function readOnlyFiles(): DatabaseFiles {
  const refuse = async (): Promise<never> => {
    throw Object.assign(new Error('EROFS: read-only file system'), { code: 'EROFS' });
  };
  const open: typeof realFiles.open = async (path, flags, mode) =>
    flags === 'r' ? realFiles.open(path, flags, mode) : refuse();
  return { ...realFiles, open, link: refuse, mkdir: refuse, rename: refuse, rm: refuse };
}

describe('a run that another program is storing', () => {
  const now = () => new Date(START);
  const secondsAgo = (seconds: number) => new Date(START - seconds * 1000);

  it('the run is exported after it stayed unchanged for some seconds, with everything that came until then', async () => {
    await loadRun(9, ['schema', 'boot'], secondsAgo(1));
    const late = ['settings', 'hashes'];
    let waited = 0;
    const sleep = async (milliseconds: number) => {
      waited += milliseconds;
      await loadRun(9, late.splice(0, 1), secondsAgo(0));
    };
    const files = await open({ now, sleep }).export(9);
    expect(files.map(({ name }) => name).sort()).toEqual(
      ['schema', 'boot', 'settings', 'hashes'].map((entity) => `${entity}.fcl`).sort(),
    );
    expect(waited).toBeGreaterThan(3000);
  });

  it.each([
    ['an hour ago', secondsAgo(3600), 0],
    ['in an hour, by another clock', secondsAgo(-3600), 1],
  ])('nobody waits for the run in vain if its stamps say %s', async (_name, stamp, expected) => {
    await loadRun(9, ['schema', 'boot'], stamp);
    let waits = 0;
    expect(await open({ now, sleep: async () => void waits++ }).export(9)).toHaveLength(2);
    expect(waits).toBe(expected);
  });

  it('the export waits for the run although a wrong clock says that it was stored long ago', async () => {
    // A part of the time that it has to be quiet for has passed.
    await loadRun(9, ['schema', 'boot'], new Date(Date.now() - 1000));
    let waits = 0;
    const wrong = () => new Date(Date.now() + 60 * 86_400_000);
    expect(await open({ now: wrong, sleep: async () => void waits++ }).export(9)).toHaveLength(2);
    expect(waits).toBe(1);
  });

  it('the export of a run that keeps changing fails, to be tried again', async () => {
    await loadRun(9, ['schema', 'boot'], secondsAgo(1));
    let count = 0;
    const sleep = () => loadRun(9, [`more${count++}`], secondsAgo(0));
    const exporting = open({ now, sleep }).export(9);
    await expect(exporting).rejects.toThrow('Run 9 is still being stored by another program');
    await expect(exporting).rejects.toHaveProperty('retryable', true);
  });

  it('the export does not wait if our own loader stored the run', async () => {
    let waits = 0;
    const db = open({ now, sleep: async () => void waits++ });
    await db.exclusively(9, 'standard', () => loadRun(9, ['schema', 'boot'], secondsAgo(0)));
    expect(await db.export(9)).toHaveLength(2);
    expect(waits).toBe(0);
  });
});

describe('leftovers of an interrupted import', () => {
  const path = (collection: Collection, entity: string) =>
    join(database, collection, `${ownObjectId(collection, '5/standard', entity)}.json`);

  /** Ends as if the process were killed at the first call to the file system that a test picks out. */
  async function interruptAt(isFatal: (from: string, to: string) => boolean): Promise<void> {
    let isDead = false;
    const mortal: DatabaseFiles = {
      ...realFiles,
      rename: async (from, to) => {
        isDead ||= isFatal(String(from), String(to));
        if (isDead) throw Object.assign(new Error('EIO: killed'), { code: 'EIO' });
        await realFiles.rename(from, to);
      },
      rm: async (target, options) => {
        if (!isDead) await realFiles.rm(target, options);
        else throw Object.assign(new Error('EIO: killed'), { code: 'EIO' });
      },
    };
    const extra = [{ name: 'extra.fcl', text: '\na: 1 \n' }];
    const inserting = new FilesystemDb(database, { files: mortal }).insert(
      5,
      'standard',
      documentsOfRun(5, extra),
    );
    await expect(inserting).rejects.toThrow(ArtdaqDbError);
  }

  it('they stay invisible before the schema is stored, and do not get into the run later on', async () => {
    await interruptAt((_from, to) => to.endsWith(join('RunHistory', 'index.json')));
    await readFile(path('RunHistory', 'extra'));
    const db = open();
    await db.prepare();
    expect(await db.listRuns()).toEqual([4]);
    await db.insert(5, 'standard', documentsOfRun(5));
    await expect(readFile(path('RunHistory', 'extra'))).rejects.toThrow('ENOENT');
    await loadRun(9, ['schema', 'boot']);
    await open().prepare();
    expect(byName(await open().export(5))).toEqual(byName(documentsOfRun(5)));
  });

  it('they become a stored run if the schema is there, since everything else was stored before', async () => {
    await interruptAt((_from, to) => to.endsWith(join('SystemLayout', 'index.json')));
    await readFile(path('SystemLayout', 'schema'));
    const db = open();
    await db.prepare();
    expect(await db.listRuns()).toEqual([4, 5]);
    expect(await db.export(5)).toHaveLength(4);
  });

  it('the run is not stored while they cannot be removed', async () => {
    await interruptAt((_from, to) => to.endsWith(join('RunHistory', 'index.json')));
    const rmExceptExtra: typeof realFiles.rm = async (target, options) => {
      if (target === path('RunHistory', 'extra'))
        throw Object.assign(new Error('EACCES'), { code: 'EACCES' });
      await realFiles.rm(target, options);
    };
    const inserting = open({ files: { ...realFiles, rm: rmExceptExtra } }).insert(
      5,
      'standard',
      documentsOfRun(5),
    );
    await expect(inserting).rejects.toThrow('in the way');
    expect(await open().listRuns()).toEqual([4]);
    await open().insert(5, 'standard', documentsOfRun(5));
    expect(byName(await open().export(5))).toEqual(byName(documentsOfRun(5)));
  });
});

describe('comparing documents with indexes', () => {
  it('nothing is compared while nobody else writes, from one execution to the next', async () => {
    let listings = 0;
    const opendir: typeof realFiles.opendir = (target, options) => {
      listings++;
      return realFiles.opendir(target, options);
    };
    const execution = async (run: number): Promise<void> => {
      const db = open({ files: { ...realFiles, opendir } });
      await db.prepare();
      await db.insert(run, 'standard', documentsOfRun(run));
      await db.export(run);
      await db.close();
    };
    await execution(5);
    await execution(6);
    expect(listings).toBe(0);
    await loadRun(9, ['schema', 'boot']);
    await execution(7);
    expect(listings).toBe(2);
    await execution(8);
    expect(listings).toBe(2);
    expect(await open().listRuns()).toEqual([4, 5, 6, 7, 8, 9]);
  });

  it.each(['', '{"indexes":["a"', '[]', 'null\n', '{"indexes":[1,2],"halfListed":[]}\n'])(
    'everything is compared again if the remembered state is %j',
    async (content) => {
      await writeFile(join(database, 'SystemMetadata', '.run-record-archiver', 'verified.json'), content);
      await cpp('RunHistory', 9, 'boot').readIndex();
      await open({ now: inAnHour }).prepare();
      expect(warnings).toHaveLength(1);
    },
  );
});
