import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { type DatabaseFiles, realFiles } from '../../../src/artdaqdb/filesystem/database-files.ts';
import { FilesystemDb } from '../../../src/artdaqdb/filesystem/filesystem-db.ts';
import type { Collection } from '../../../src/fhicl/document.ts';
import { currentOwner, recordName } from '../../../src/lock/owner.ts';
import type { Logger } from '../../../src/log/logger.ts';
import { byName, documentsOfRun } from '../../helpers/artdaqdb-conformance.ts';
import { CppIndexWriter } from '../../helpers/cpp-index-writer.ts';
import { warningLogger } from '../../helpers/recording-logger.ts';
import { useTemporaryDirectories } from '../../helpers/temporary-directory.ts';

const temporaryDirectory = useTemporaryDirectories();
const inAnHour = () => new Date(Date.now() + 3_600_000);
const COLLECTIONS = ['RunHistory', 'SystemLayout'] as const;

let database: string;
let warnings: string[];
let logger: Logger;

beforeEach(async () => {
  database = join(await temporaryDirectory(), 'db');
  warnings = [];
  logger = warningLogger(warnings);
  await new FilesystemDb(database).insert(4, 'standard', documentsOfRun(4));
});

function cppWriter(collection: Collection, entity = 'foreign', now?: Date): CppIndexWriter {
  return new CppIndexWriter({ database, collection, run: 9, entity, ...(now && { now }) });
}

async function listed(collection: Collection): Promise<string[]> {
  return JSON.parse(await readFile(join(database, collection, 'index.json'), 'utf8')).ouid;
}

async function onDisk(collection: Collection): Promise<string[]> {
  const names = await readdir(join(database, collection));
  return names.filter((name) => name !== 'index.json').map((name) => basename(name, '.json'));
}

/** The moments of a commit at which another program may act, told by the system calls. */
interface Moments {
  readonly beforeLoad: () => Promise<void>;
  readonly afterLoad: () => Promise<void>;
  readonly beforeRename: () => Promise<void>;
  readonly afterRename: () => Promise<void>;
}

/** Calls each moment once, when the index of a collection is written for the first time. */
function filesWith(collection: Collection, moments: Partial<Moments>): DatabaseFiles {
  const index = join(database, collection, 'index.json');
  const left = new Map(Object.entries(moments));
  let isRenamed = false;
  const meet = async (moment: keyof Moments): Promise<void> => {
    const act = left.get(moment);
    left.delete(moment);
    await act?.();
  };
  return {
    ...realFiles,
    open: async (path, flags, mode) => {
      const name = String(path);
      if (name === index) await meet('beforeLoad');
      if (name.startsWith(join(dirname(index), '.index.json.')) && flags === 'wx') await meet('afterLoad');
      if (isRenamed && name === dirname(index)) await meet('afterRename');
      return realFiles.open(path, flags, mode);
    },
    rename: async (from, to) => {
      if (String(to) === index) await meet('beforeRename');
      await realFiles.rename(from, to);
      if (String(to) === index) isRenamed = true;
    },
  };
}

/** What a C++ tool does at which moments of our commit, and while we wait for it. */
type Interleaving = (
  writer: CppIndexWriter,
) => Partial<Moments> & { readonly whileWaiting?: () => Promise<void> };

const INTERLEAVINGS: [string, Interleaving][] = [
  ['before we read the index', (cpp) => ({ beforeLoad: async () => void (await cpp.store()) })],
  ['while we read the index', (cpp) => tornWhile('beforeLoad', cpp)],
  ['after we have read the index', (cpp) => ({ afterLoad: async () => void (await cpp.store()) })],
  ['between our last look and the rename', (cpp) => ({ beforeRename: async () => void (await cpp.store()) })],
  ['into the old file, begun before the rename', (cpp) => tornWhile('beforeRename', cpp)],
  [
    'into the old file, begun after the rename',
    (cpp) => {
      let write = async (): Promise<void> => undefined;
      return {
        beforeRename: async () => {
          await cpp.readIndex();
          write = await cpp.openWithoutCuttingOff();
        },
        afterRename: () => write(),
      };
    },
  ],
  [
    'over the new file, with the old content',
    (cpp) => ({
      afterLoad: () => cpp.readIndex(),
      afterRename: async () => {
        await cpp.cutIndexOff();
        await cpp.writeIndex();
      },
    }),
  ],
];

/** Cuts the index off at a moment, writes a part of it, and the rest when somebody waits for it. */
function tornWhile(moment: keyof Moments, cpp: CppIndexWriter): ReturnType<Interleaving> {
  let rest = async (): Promise<void> => undefined;
  const begin = async () => {
    await cpp.readIndex();
    await cpp.cutIndexOff();
    await cpp.writePart(0, 0.5);
    rest = async () => {
      rest = async () => undefined;
      await cpp.writePart(0.5, 1);
      await cpp.abandon();
    };
  };
  return { [moment]: begin, whileWaiting: () => rest() };
}

describe.each(COLLECTIONS)('when a C++ tool writes the index of %s', (collection) => {
  it.each(INTERLEAVINGS)('%s, no entry is lost', async (_name, interleaving) => {
    const cpp = cppWriter(collection);
    const { whileWaiting, ...moments } = interleaving(cpp);
    const db = new FilesystemDb(database, {
      files: filesWith(collection, moments),
      sleep: async () => whileWaiting?.(),
      logger,
    });
    await db.insert(5, 'standard', documentsOfRun(5));
    expect(await onDisk(collection)).toContain(cpp.id);
    for (const each of COLLECTIONS) expect(await listed(each)).toEqual((await onDisk(each)).sort());
    for (const run of [4, 5]) expect(byName(await db.export(run))).toEqual(byName(documentsOfRun(run)));
  });

  it('over ours after everything is done, the next execution lists our documents again', async () => {
    const cpp = cppWriter(collection);
    await cpp.readIndex();
    const db = new FilesystemDb(database);
    await db.insert(5, 'standard', documentsOfRun(5));
    await db.close();
    await cpp.cutIndexOff();
    await cpp.writeIndex();
    expect(await listed(collection)).not.toEqual((await onDisk(collection)).sort());
    await new FilesystemDb(database, { logger }).prepare();
    for (const each of COLLECTIONS) expect(await listed(each)).toEqual((await onDisk(each)).sort());
    expect(warnings).toEqual([expect.stringContaining('listed again')]);
    for (const run of [4, 5]) expect(byName(await db.export(run))).toEqual(byName(documentsOfRun(run)));
  });

  it('into the old file after our process has ended, the next execution takes it over', async () => {
    const cpp = cppWriter(collection);
    let write = async (): Promise<void> => undefined;
    const files = filesWith(collection, {
      beforeRename: async () => {
        await cpp.readIndex();
        write = await cpp.openWithoutCuttingOff();
      },
    });
    await new FilesystemDb(database, { files }).insert(5, 'standard', documentsOfRun(5));
    await write();
    expect(await listed(collection)).not.toContain(cpp.id);
    const other = cppWriter(collection, 'other');
    await other.readIndex();
    await new FilesystemDb(database).prepare();
    expect(await listed(collection)).toContain(cpp.id);
    // Who read the index before that takes it out again, so it counts as ours from now on.
    await other.cutIndexOff();
    await other.writeIndex();
    expect(await listed(collection)).not.toContain(cpp.id);
    await new FilesystemDb(database).prepare();
    expect(await listed(collection)).toEqual((await onDisk(collection)).sort());
  });
});

it('an export misses no document that was unlisted at the moment of its look and is listed again later', async () => {
  const cpp = cppWriter('RunHistory');
  await cpp.readIndex();
  const writing = new FilesystemDb(database);
  await writing.insert(5, 'standard', documentsOfRun(5));
  await writing.close();
  const acts = [
    async () => {
      await cpp.cutIndexOff();
      await cpp.writeIndex();
    },
    () => new FilesystemDb(database).prepare(),
  ];
  const files: DatabaseFiles = {
    ...realFiles,
    open: async (path, flags, mode) => {
      if (acts.length === 2 && String(path) === join(database, 'RunHistory', 'index.json'))
        await acts.shift()?.();
      return realFiles.open(path, flags, mode);
    },
    // The run's only document that is still listed.
    readFile: async (path) => {
      if (acts.length === 1 && dirname(path) === join(database, 'SystemLayout')) await acts.shift()?.();
      return realFiles.readFile(path);
    },
  };
  const exported = await new FilesystemDb(database, { files }).export(5);
  expect(acts).toEqual([]);
  expect(byName(exported)).toEqual(byName(documentsOfRun(5)));
});

describe('a half-written old file whose writer died', () => {
  it('nobody waits for it longer than some seconds', async () => {
    const cpp = cppWriter('RunHistory');
    const files = filesWith('RunHistory', {
      beforeRename: async () => {
        await cpp.readIndex();
        await cpp.cutIndexOff();
        await cpp.writePart(0, 0.3);
        await cpp.abandon();
      },
    });
    let waits = 0;
    const db = new FilesystemDb(database, { files, sleep: async () => void waits++ });
    await db.insert(5, 'standard', documentsOfRun(5));
    expect(waits).toBeLessThan(50);
    expect(await db.listRuns()).toEqual([4, 5]);
    // Later executions don't wait for it again.
    const later = new FilesystemDb(database, { sleep: async () => void waits++, now: inAnHour, logger });
    waits = 0;
    await later.prepare();
    expect(waits).toBe(0);
    expect(warnings).toEqual([expect.stringContaining('repair-filesystemdb')]);
  });
});

it('a C++ tool that stores another document of the run meanwhile makes us plan again', async () => {
  const cpp = new CppIndexWriter({ database, collection: 'RunHistory', run: 5, entity: 'boot' });
  const files = filesWith('RunHistory', { afterLoad: async () => void (await cpp.store()) });
  const inserting = new FilesystemDb(database, { files }).insert(5, 'standard', documentsOfRun(5));
  await expect(inserting).rejects.toThrow(`half stored under '5/standard' by another program`);
  expect(await listed('RunHistory')).toContain(cpp.id);
  expect(await new FilesystemDb(database).listRuns()).toEqual([4]);
});

it('a document that we removed does not come back from an old file', async () => {
  await new FilesystemDb(database).insert(
    5,
    'standard',
    documentsOfRun(5, [{ name: 'gone.fcl', text: 'a: 1\n' }]),
  );
  const layout = join(database, 'SystemLayout', 'index.json');
  const index = JSON.parse(await readFile(layout, 'utf8'));
  delete index['configurations.name']['5/standard'];
  await writeFile(layout, JSON.stringify(index));
  const cpp = cppWriter('RunHistory');
  let write = async (): Promise<void> => undefined;
  const files = filesWith('RunHistory', {
    beforeRename: async () => {
      await cpp.readIndex();
      write = await cpp.openWithoutCuttingOff();
    },
  });
  await new FilesystemDb(database, { files }).insert(5, 'standard', documentsOfRun(5));
  await write();
  const db = new FilesystemDb(database);
  await db.prepare();
  expect(await listed('RunHistory')).toContain(cpp.id);
  expect(await listed('RunHistory')).toEqual((await onDisk('RunHistory')).sort());
  expect(byName(await db.export(5))).toEqual(byName(documentsOfRun(5)));
});

it('runs are stored where files can have no second name', async () => {
  const link = async (): Promise<never> => {
    throw Object.assign(new Error('EPERM: no links here'), { code: 'EPERM' });
  };
  const place = join(await temporaryDirectory(), 'db');
  const db = new FilesystemDb(place, { files: { ...realFiles, link } });
  for (const run of [5, 6]) await db.insert(run, 'standard', documentsOfRun(run));
  expect(await db.listRuns()).toEqual([5, 6]);
});

it('the archiver that waited removes the leftovers of one that died while it made the database', async () => {
  const place = join(await temporaryDirectory(), 'db');
  const own = join(place, 'SystemMetadata', '.run-record-archiver');
  const leftover = join(place, 'RunHistory', '.index.json.1-0123456789ab.archiver-tmp');
  const open: typeof realFiles.open = async (path, flags, mode) => {
    // Our directory was made, and its name is made durable.
    if (String(path) === dirname(own) && (await readdir(dirname(own))).length === 1) {
      await mkdir(`${own}.lock`);
      await writeFile(join(`${own}.lock`, recordName({ ...currentOwner(), startTicks: '1' })), '');
      await writeFile(leftover, 'x');
    }
    return realFiles.open(path, flags, mode);
  };
  const db = new FilesystemDb(place, { files: { ...realFiles, open }, logger });
  await db.insert(5, 'standard', documentsOfRun(5));
  expect(warnings).toEqual([expect.stringContaining('Took over')]);
  await expect(readFile(leftover)).rejects.toThrow('ENOENT');
});
