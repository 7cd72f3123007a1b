import type * as files from 'node:fs/promises';
import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { RunRecordError } from '../../../src/errors.ts';
import { GENERATE_NAMES } from '../../../src/records/converters/converters.ts';
import { prepareRun } from '../../../src/records/prepare.ts';
import { RunRecordDirectory } from '../../../src/records/run-record-directory.ts';
import { readSchemaFile } from '../../../src/records/schema-file.ts';
import { lookAt } from '../../../src/records/wholeness.ts';
import { useTemporaryDirectories } from '../../helpers/temporary-directory.ts';

/** Calls of the system that fail: with what, by the path's end. */
const failing = vi.hoisted(() => ({ calls: [] as { call: string; end: string; code: string }[] }));

vi.mock('node:fs/promises', async (importOriginal) => {
  const real = await importOriginal<typeof files>();
  const spoilt = <Call extends 'access' | 'open' | 'readdir' | 'realpath'>(call: Call) =>
    ((path: string, ...rest: unknown[]) => {
      const fault = failing.calls.find((each) => each.call === call && path.endsWith(each.end));
      if (fault === undefined) return Reflect.apply(real[call], undefined, [path, ...rest]);
      const error = new Error(`${fault.code}: injected, ${call} '${path}'`);
      return Promise.reject(Object.assign(error, { code: fault.code, path }));
    }) as unknown as (typeof real)[Call];
  return {
    ...real,
    access: spoilt('access'),
    open: spoilt('open'),
    readdir: spoilt('readdir'),
    realpath: spoilt('realpath'),
  };
});

const OF_SITE = ['ENOSPC', 'EROFS', 'ESTALE', 'ENOTCONN', 'ETIMEDOUT', 'EMFILE', 'ENFILE'];
const OF_ONE_RUN = ['EACCES', 'EPERM', 'EIO', 'ENOENT'];

const temporaryDirectory = useTemporaryDirectories();
let location: string;
let source: RunRecordDirectory;

beforeEach(async () => {
  failing.calls = [];
  location = join(await temporaryDirectory(), 'records');
  source = new RunRecordDirectory(location);
  await put('a.fcl', 'a: 1\n');
});

async function put(name: string, content: string | Buffer): Promise<void> {
  const path = join(location, '7', name);
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, content);
}

/** Reads and prepares the run as the import does. */
async function importRun(): Promise<void> {
  const { signature } = await lookAt(join(location, '7'));
  const schema = { name: 'schema.fcl', text: 'a: 1\n' };
  prepareRun(await source.read(7, signature), { generate: new Set(GENERATE_NAMES), schema });
}

async function failure(work: Promise<unknown>): Promise<RunRecordError> {
  const outcome = await work.catch((error: unknown) => error);
  expect(outcome).toBeInstanceOf(RunRecordError);
  return outcome as RunRecordError;
}

describe('whose fault it is that a run record can not be read', () => {
  it.each(OF_SITE)("is the site's if a file of it gives %s", async (code) => {
    failing.calls = [{ call: 'open', end: '/7/a.fcl', code }];
    expect(await failure(importRun())).toMatchObject({ fault: 'site', retryable: true });
  });

  it.each(OF_ONE_RUN)('is not known if one file of it gives %s', async (code) => {
    failing.calls = [{ call: 'open', end: '/7/a.fcl', code }];
    expect(await failure(importRun())).toMatchObject({ fault: 'unknown', retryable: true });
  });

  it.each(OF_ONE_RUN)('is not known if its directory gives %s', async (code) => {
    failing.calls = [{ call: 'readdir', end: '/7', code }];
    expect(await failure(importRun())).toMatchObject({ fault: 'unknown' });
    failing.calls = [{ call: 'realpath', end: '/7', code }];
    expect(await failure(importRun())).toMatchObject({ fault: 'unknown' });
  });

  it.each(['EACCES', 'EPERM', 'EIO', 'ESTALE'])(
    "is the site's if run_records_dir itself gives %s",
    async (code) => {
      failing.calls = [
        { call: 'access', end: '/records', code },
        { call: 'realpath', end: '/7', code },
      ];
      const error = await failure(importRun());
      expect(error).toMatchObject({ fault: 'site', retryable: true });
      expect(error.message).toMatch(/run 7 .*source_files\.run_records_dir/);
    },
  );

  it("is the site's if run_records_dir has gone", async () => {
    await rename(location, `${location}.away`);
    expect(await failure(importRun())).toMatchObject({ fault: 'site' });
  });

  it('is not known if only the run directory has gone', async () => {
    await rm(join(location, '7'), { recursive: true });
    expect(await failure(importRun())).toMatchObject({ fault: 'unknown' });
  });

  it.each(['EACCES', 'EIO', 'ENOENT'])("is the site's if no run can be listed, for %s", async (code) => {
    failing.calls = [{ call: 'readdir', end: '/records', code }];
    expect(await failure(source.listRuns())).toMatchObject({ fault: 'site' });
  });

  it("is the site's if a link can't be followed because a file server is away, and otherwise not known", async () => {
    await symlink('a.fcl', join(location, '7', 'link.fcl'));
    failing.calls = [{ call: 'realpath', end: '/link.fcl', code: 'ESTALE' }];
    expect(await failure(importRun())).toMatchObject({ fault: 'site', retryable: true });
    failing.calls = [{ call: 'realpath', end: '/link.fcl', code: 'ENOENT' }];
    expect(await failure(importRun())).toMatchObject({ fault: 'unknown' });
  });

  it('is not known of a directory without files, which may be about to be filled', async () => {
    await rm(join(location, '7', 'a.fcl'));
    expect(await failure(importRun())).toMatchObject({ fault: 'unknown', retryable: true });
  });

  it.each<[what: string, spoil: () => Promise<void>]>([
    ['two files of one name', () => put('sub/a.fcl', 'a: 2\n')],
    ['bytes that are not ASCII', () => put('b.fcl', Buffer.from([0x61, 0xe9]))],
    ['a file that is and stays empty', () => put('b.fcl', '')],
    ['a name that artdaqDB can not hold', () => put('b"c.fcl', 'b: 1\n')],
    ['a directory in the place of a text file', () => put('metadata.txt/a', '')],
    ['a link that leads out of it', () => symlink('/etc/hostname', join(location, '7', 'out.fcl'))],
  ])("is the run's for %s", async (_what, spoil) => {
    await spoil();
    expect(await failure(importRun())).toMatchObject({ fault: 'run' });
  });

  it("is the run's, whatever else fails with it, because that fault would remain", async () => {
    await symlink('/etc/hostname', join(location, '7', 'out.fcl'));
    failing.calls = [{ call: 'open', end: '/7/a.fcl', code: 'ESTALE' }];
    expect(await failure(importRun())).toMatchObject({ fault: 'run', retryable: false });
  });

  it("is the site's if one file gives a reason of the site and another gives an unknown one", async () => {
    await put('b.fcl', 'b: 1\n');
    failing.calls = [
      { call: 'open', end: '/7/a.fcl', code: 'EIO' },
      { call: 'open', end: '/7/b.fcl', code: 'ESTALE' },
    ];
    expect(await failure(importRun())).toMatchObject({ fault: 'site' });
  });
});

it("A schema that is missing or not FHiCL is the site's fault", async () => {
  const directory = await temporaryDirectory();
  await expect(readSchemaFile(directory)).rejects.toMatchObject({ fault: 'site' });
  await writeFile(join(directory, 'schema.fcl'), 'a: [\n');
  await expect(readSchemaFile(directory)).rejects.toMatchObject({ fault: 'site' });
});
