import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FilesystemDb } from '../../../src/artdaqdb/filesystem/filesystem-db.ts';
import { type ArchiverError, ArtdaqDbError, type ErrorFault } from '../../../src/errors.ts';
import { documentsOfRun } from '../../helpers/artdaqdb-conformance.ts';
import { faultyFiles } from '../../helpers/faulty-files.ts';
import { canMount, useSmallDisks } from '../../helpers/small-disk.ts';
import { useTemporaryDirectories } from '../../helpers/temporary-directory.ts';

const temporaryDirectory = useTemporaryDirectories();
const smallDisk = useSmallDisks();
const impatient = { sleep: async () => undefined };

async function failure(work: Promise<unknown>): Promise<ArchiverError> {
  const outcome = await work.catch((error: unknown) => error);
  expect(outcome).toBeInstanceOf(ArtdaqDbError);
  return outcome as ArchiverError;
}

/** A database with run 4. */
async function databaseWithRun(): Promise<string> {
  const database = join(await temporaryDirectory(), 'db');
  await new FilesystemDb(database).insert(4, 'standard', documentsOfRun(4));
  return database;
}

/** Attempts that are made at the same time, as most of each is waiting for the disk. */
const AT_ONCE = 8;

/** The errors that a failing call brings about, for each of the calls that the work makes, one at a time. */
async function failures(
  code: string,
  work: (database: FilesystemDb) => Promise<unknown>,
): Promise<ArchiverError[]> {
  const found: ArchiverError[] = [];
  const pristine = await databaseWithRun();
  const attempt = async (fault: number): Promise<boolean> => {
    const database = join(await temporaryDirectory(), 'db');
    await cp(pristine, database, { recursive: true, preserveTimestamps: true });
    const { files, calls } = faultyFiles(fault, code, false);
    const outcome = await work(new FilesystemDb(database, { files, ...impatient })).catch(
      (error: unknown) => error,
    );
    if (outcome instanceof ArtdaqDbError) found.push(outcome);
    else expect(outcome).not.toBeInstanceOf(Error);
    return calls() >= fault;
  };
  for (let first = 1, isMet = true; isMet; first += AT_ONCE) {
    const faults = Array.from({ length: AT_ONCE }, (_, place) => first + place);
    isMet = (await Promise.all(faults.map(attempt))).every(Boolean);
  }
  return found;
}

const insert = (database: FilesystemDb) => database.insert(5, 'standard', documentsOfRun(5));
const read = (database: FilesystemDb) => database.export(4);
const isOfDocument = ({ message }: Error) => /Cannot read \S*\/[0-9a-f]{24}\.json/.test(message);

describe('the fault of an error of a FilesystemDB', () => {
  it.each(['ENOSPC', 'EROFS'])('%s is a fault of the site, whichever call gives it', async (code) => {
    const errors = [...(await failures(code, insert)), ...(await failures(code, read))];
    expect(errors.length).toBeGreaterThan(20);
    expect(errors.filter(({ fault }) => fault !== 'site').map(({ message }) => message)).toEqual([]);
  });

  it('EACCES is a fault of the site, except for a document of one run', async () => {
    const errors = [...(await failures('EACCES', insert)), ...(await failures('EACCES', read))];
    expect(errors.filter(isOfDocument).length).toBeGreaterThan(3);
    expect(errors.length).toBeGreaterThan(20);
    const wrong = errors.filter((error) => error.fault !== (isOfDocument(error) ? 'unknown' : 'site'));
    expect(wrong.map(({ message }) => message)).toEqual([]);
  });

  it('the fault of EIO is unknown', async () => {
    const errors = [...(await failures('EIO', insert)), ...(await failures('EIO', read))];
    expect(new Set(errors.map(({ fault }) => fault))).toEqual(new Set(['unknown']));
  });

  it('a place where no database can be made is a fault of the site', async () => {
    const directory = await temporaryDirectory();
    await writeFile(join(directory, 'file'), '');
    for (const place of [join(directory, 'file/db'), '/sys/archiver-test']) {
      expect(await failure(insert(new FilesystemDb(place)))).toMatchObject({ fault: 'site' });
    }
  });

  it.runIf(canMount())("is the site's if the disk is full, and the run comes with room", async () => {
    const disk = smallDisk(1024);
    const db = new FilesystemDb(join(disk.directory, 'db'));
    await db.insert(4, 'standard', documentsOfRun(4));
    const large = documentsOfRun(5, [{ name: 'large.fcl', text: `a: "${'x'.repeat(50_000)}" \n` }]);
    for (const left of [0, 8, 60]) {
      disk.fill(left);
      expect(await failure(db.insert(5, 'standard', large))).toMatchObject({
        fault: 'site',
        retryable: true,
      });
      expect(await db.listRuns()).toEqual([4]);
      disk.makeRoom();
    }
    await db.insert(5, 'standard', large);
    expect(await db.export(5)).toHaveLength(4);
  });

  it('a damaged index is a fault of the site', async () => {
    const database = await databaseWithRun();
    await writeFile(join(database, 'RunHistory/index.json'), '{"ouid": [');
    const db = new FilesystemDb(database, impatient);
    for (const work of [insert, read]) expect(await failure(work(db))).toMatchObject({ fault: 'site' });
  });

  it.each<[what: string, spoil: (path: string) => Promise<void>]>([
    ['is missing', (path) => rm(path)],
    ['was cut off by a full disk', (path) => writeFile(path, '')],
    [
      'is a directory',
      async (path) => {
        await rm(path);
        await mkdir(path);
      },
    ],
  ])('the fault is unknown if a document of the run %s', async (_what, spoil) => {
    const database = await databaseWithRun();
    await spoil(await aDocument(database));
    expect(await failure(read(new FilesystemDb(database, impatient)))).toMatchObject({ fault: 'unknown' });
  });

  it('another content of another program under its name is a fault of the run', async () => {
    const database = await databaseWithRun();
    await rm(join(database, 'SystemLayout'), { recursive: true });
    const path = await aDocument(database);
    // An id that is not ours.
    const foreign = 'abcdefabcdefabcdefabcdef';
    const index = join(database, 'RunHistory/index.json');
    const id = path.slice(-29, -5);
    await writeFile(index, (await readFile(index, 'utf8')).replaceAll(id, foreign));
    await writeFile(
      path.replace(id, foreign),
      (await readFile(path, 'utf8'))
        .replaceAll(id, foreign)
        .replaceAll('daq4', 'daq9')
        .replaceAll('run 4', 'run 9'),
    );
    await rm(path);
    const error = await failure(
      new FilesystemDb(database, impatient).insert(4, 'standard', documentsOfRun(4)),
    );
    expect(error).toMatchObject({ fault: 'run' });
  });

  it.each<[config: string, name: string, fault: ErrorFault]>([
    ['a*', 'a.fcl', 'run'],
    ['standard', 'é.fcl', 'run'],
    ['standard', 'boot.fcl', 'run'],
  ])('a name that artdaqDB cannot hold is a fault of the run: %s, %s', async (config, name, fault) => {
    const db = new FilesystemDb(await databaseWithRun());
    const work = db.insert(5, config, documentsOfRun(5, [{ name, text: 'a: 1\n' }]));
    expect(await failure(work)).toMatchObject({ fault });
  });

  it('the fault is unknown for a run that is stored already, or not stored', async () => {
    const db = new FilesystemDb(await databaseWithRun());
    expect(await failure(db.insert(4, 'standard', documentsOfRun(4)))).toMatchObject({ fault: 'unknown' });
    expect(await failure(db.export(6))).toMatchObject({ fault: 'unknown' });
    expect(await failure(db.update(6, 'standard', []))).toMatchObject({ fault: 'unknown' });
  });
});

async function aDocument(database: string): Promise<string> {
  const directory = join(database, 'RunHistory');
  const name = (await readdir(directory)).find((each) => each !== 'index.json');
  return join(directory, name ?? '');
}
