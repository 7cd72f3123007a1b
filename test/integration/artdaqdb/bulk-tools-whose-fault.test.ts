import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { FilesystemDb } from '../../../src/artdaqdb/filesystem/filesystem-db.ts';
import { BulkTools } from '../../../src/artdaqdb/tools/bulk-tools.ts';
import { LocalHost } from '../../../src/artdaqdb/tools/local-host.ts';
import { PrivateDirectories } from '../../../src/artdaqdb/tools/private-directories.ts';
import { ArchiverError } from '../../../src/errors.ts';
import { byName, documentsOfRun } from '../../helpers/artdaqdb-conformance.ts';
import { recordingLogger } from '../../helpers/recording-logger.ts';
import { canMount, useSmallDisks } from '../../helpers/small-disk.ts';
import { StandInTools } from '../../helpers/stand-in-tools.ts';
import { useTemporaryDirectories } from '../../helpers/temporary-directory.ts';

const makeDirectory = useTemporaryDirectories();
const smallDisk = useSmallDisks();
const documents = documentsOfRun(5);
const FULL = 'write: No space left on device';
let directory: string;
let tools: StandInTools;

beforeEach(async () => {
  directory = await makeDirectory();
  tools = new StandInTools(join(directory, 'lib'));
});

function open(work = join(directory, 'work'), database = join(directory, 'db')): BulkTools {
  const native = new FilesystemDb(database);
  const { location: databaseUri } = native;
  const logger = recordingLogger();
  const { directory: libDirectory } = tools;
  return new BulkTools({
    native,
    host: new LocalHost({
      databaseUri,
      takesThreads: false,
      hide: (text) => text,
      libDirectory,
      env: process.env,
      logger,
    }),
    directories: new PrivateDirectories(work, databaseUri, logger),
    logger,
  });
}

async function failure(work: Promise<unknown>): Promise<ArchiverError> {
  const outcome = await work.catch((error: unknown) => error);
  expect(outcome).toBeInstanceOf(ArchiverError);
  return outcome as ArchiverError;
}

describe('whose fault it is that the tools do not store or export a run', () => {
  it.each([
    [{ fail: 'boot', says: FULL }, 'site'],
    [{ lose: 'boot', says: FULL }, 'site'],
    [{ fail: 'boot' }, 'unknown'],
    [{ lose: 'boot' }, 'unknown'],
    [{ at: 1, signal: 'SIGKILL' }, 'unknown'],
    [{ twice: 'boot', says: FULL }, 'unknown'],
  ] as const)('of a load with %j: %s', async (faults, fault) => {
    tools.spoil('bulkloader', faults);
    expect(await failure(open().insert(5, 'x', documents))).toMatchObject({ fault });
  });

  it.each([
    [{ cut: 'boot', says: FULL }, 'site', 'work directory'],
    [{ lose: 'boot', says: FULL }, 'site', 'work directory'],
    [{ code: 1, says: FULL }, 'site', 'work directory'],
    [{ lose: 'boot' }, 'unknown', undefined],
    [{ alter: 'boot', says: FULL }, 'unknown', undefined],
  ] as const)('of an export with %j: %s', async (faults, fault, place) => {
    const db = open();
    await db.insert(5, 'x', documents);
    tools.spoil('bulkdownloader', faults);
    expect(await failure(db.export(5))).toMatchObject({ fault, place });
    expect(byName(await db.export(5))).toEqual(byName(documents));
  });

  it("is the site's if a tool is missing", async () => {
    await rm(join(tools.directory, 'bulkloader'));
    expect(await failure(open().insert(5, 'x', documents))).toMatchObject({ fault: 'site' });
  });

  it("is the site's if the tools have no place to work in", async () => {
    await mkdir(join(directory, 'file'));
    await writeFile(join(directory, 'file/work'), '');
    const db = open(join(directory, 'file/work'));
    const error = await failure(db.insert(5, 'x', documents));
    expect(error).toMatchObject({ fault: 'site', place: 'work directory' });
  });

  it('is not known if work in that place fails by what other runs may not meet', async () => {
    const places = new PrivateDirectories(
      join(directory, 'work'),
      'filesystemdb:///nowhere',
      recordingLogger(),
    );
    const work = places.use((own) => writeFile(join(own, 'x'.repeat(256)), ''));
    expect(await failure(work)).toMatchObject({ fault: 'unknown', place: 'work directory' });
  });

  it("is the site's if the database cannot be made", async () => {
    await writeFile(join(directory, 'file'), '');
    const db = open(undefined, join(directory, 'file/db'));
    expect(await failure(db.insert(5, 'x', documents))).toMatchObject({ fault: 'site' });
  });

  it("is the run's for what the tools cannot hold, but the site's if that is the schema", async () => {
    const text = 'a: "#include x"\n';
    const odd = [...documents, { name: 'odd.fcl', text }];
    expect(await failure(open().insert(5, 'x', odd))).toMatchObject({ fault: 'run' });
    for (const config of ['-x', 'x'.repeat(256)])
      expect(await failure(open().insert(5, config, documents))).toMatchObject({ fault: 'run' });
    const schema = [...documents.filter(({ name }) => name !== 'schema.fcl'), { name: 'schema.fcl', text }];
    expect(await failure(open().insert(5, 'x', schema))).toMatchObject({ fault: 'site' });
  });

  it.runIf(canMount())(
    "is the site's if the work directory is full, and the run comes with room",
    async () => {
      const disk = smallDisk(256);
      const work = join(disk.directory, 'work');
      const db = open(work);
      await db.insert(4, 'x', documentsOfRun(4));
      const text = `a: "${'x'.repeat(50_000)}" \n`;
      const large = [...documents, { name: 'large.fcl', text }];
      disk.fill(20);
      const stored = await failure(db.insert(5, 'x', large));
      expect(stored).toMatchObject({ fault: 'site', place: 'work directory', retryable: true });
      disk.makeRoom();
      await db.insert(5, 'x', large);
      disk.fill(20);
      const exported = await failure(db.export(5));
      expect(exported).toMatchObject({ fault: 'site', place: 'work directory', retryable: true });
      expect(exported.message).not.toMatch(/find the run/);
      disk.makeRoom();
      expect(await db.export(5)).toHaveLength(4);
    },
  );
});
