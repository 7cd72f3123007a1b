import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { FilesystemDb } from '../../../src/artdaqdb/filesystem/filesystem-db.ts';
import { randomObjectId } from '../../../src/artdaqdb/stored-document.ts';
import { BulkTools } from '../../../src/artdaqdb/tools/bulk-tools.ts';
import { LocalHost, type LocalHostOptions } from '../../../src/artdaqdb/tools/local-host.ts';
import { marksOf, PrivateDirectories } from '../../../src/artdaqdb/tools/private-directories.ts';
import {
  ArchiverError,
  ArtdaqDbError,
  ArtdaqDbPresenceError,
  ConfigurationError,
} from '../../../src/errors.ts';
import { toStoredJson } from '../../../src/fhicl/document.ts';
import { SCHEMA_FILE } from '../../../src/fhicl/fhicl-file.ts';
import { currentOwner, recordName } from '../../../src/lock/owner.ts';
import { findProcess } from '../../../src/lock/processes.ts';
import { byName, documentsOfRun } from '../../helpers/artdaqdb-conformance.ts';
import { briefly } from '../../helpers/briefly.ts';
import { recordingLogger } from '../../helpers/recording-logger.ts';
import { StandInTools } from '../../helpers/stand-in-tools.ts';
import { useTemporaryDirectories } from '../../helpers/temporary-directory.ts';

const makeDirectory = useTemporaryDirectories();
const documents = documentsOfRun(5);
let directory: string;
let tools: StandInTools;
let native: FilesystemDb;
let log: ReturnType<typeof recordingLogger>;

beforeEach(async () => {
  directory = await makeDirectory();
  tools = new StandInTools(join(directory, 'lib'));
  native = new FilesystemDb(join(directory, 'db'));
  log = recordingLogger();
});

function open(options: Partial<LocalHostOptions> & { readonly work?: string } = {}): BulkTools {
  const { work = join(directory, 'work') } = options;
  const host = new LocalHost({
    databaseUri: native.location,
    libDirectory: tools.directory,
    env: process.env,
    takesThreads: false,
    hide: (text) => text,
    logger: log,
    graceMs: 100,
    ...options,
  });
  return new BulkTools({
    native,
    host,
    directories: new PrivateDirectories(work, native.location, log),
    logger: log,
  });
}

/** Names the directory of a process that has ended. */
function deadOwner(): string {
  return recordName({ ...currentOwner(), startTicks: '1' });
}

/** Entities of run 5 in the database, as often as they are there. */
async function entities(): Promise<string[]> {
  return (await native.composition(5, 'x')).map(({ entry }) => entry.entity).sort();
}

async function failure(work: Promise<unknown>): Promise<ArchiverError> {
  const [result] = await Promise.allSettled([work]);
  if (result.status === 'fulfilled') throw new Error('it did not fail');
  if (!(result.reason instanceof ArchiverError)) throw result.reason;
  return result.reason;
}

/** What failed is not archived, and the next attempt completes it with nothing stored twice. */
async function expectRecovery(db: BulkTools): Promise<void> {
  expect(await db.listRuns()).toEqual([]);
  expect(await db.has(5, 'x')).toBe(false);
  await db.insert(5, 'x', documents);
  expect(await entities()).toEqual(['boot', 'schema', 'settings']);
  expect(byName(await db.export(5))).toEqual(byName(documents));
}

describe('a load', () => {
  it('gets files, arguments and environment, and leaves nothing behind', async () => {
    const db = open({ env: { ...process.env, LD_LIBRARY_PATH: '/opt/site' } });
    await db.prepare();
    await db.insert(5, 'x', documents);
    const calls = tools.calls();
    expect(calls.map(({ files }) => [...files].sort())).toEqual([
      ['boot.fcl', 'settings.fcl'],
      ['schema.fcl'],
    ]);
    for (const call of calls) {
      expect(call).toMatchObject({ run: '5', config: 'x', threads: '1', uri: native.location, mode: 0o700 });
      expect(call.libraries).toBe(`${tools.directory}:/opt/site`);
      expect(call.searched.startsWith(`${tools.directory}:`)).toBe(true);
      expect(call.path.startsWith(join(directory, 'work'))).toBe(true);
    }
    await db.close();
    expect(readdirSync(join(directory))).not.toContain('work');
  });

  it('is logged at DEBUG with what the tool printed', async () => {
    await open().insert(5, 'x', documents);
    expect(log.lines.filter((line) => !line.startsWith('DEBUG '))).toEqual([]);
    expect(log.lines.join('\n')).toMatch(/DEBUG Run 5: .*bulkloader "-r" "5" "-c" "x"/);
    expect(log.lines.join('\n')).toContain('Loaded 2 files with 1 threads.');
  });

  it.each([
    ['lose', 'boot', /half stored under '5\/x'.*boot is missing/, true],
    ['fail', 'boot', /exit code 1: .*Failed loading file.*boot\.fcl/s, true],
    ['lose', 'schema', /schema is missing/, true],
    ['fail', 'schema', /schema\.fcl/, true],
  ])(
    'that has to %s %s is reported, and completed by the next',
    async (fault, entity, message, retryable) => {
      tools.spoil('bulkloader', { [fault]: entity, skip: entity === 'schema' ? 1 : 0 });
      const db = open();
      const error = await failure(db.insert(5, 'x', documents));
      expect(error).toBeInstanceOf(ArtdaqDbError);
      expect(error.message).toMatch(message);
      expect([error.run, error.retryable]).toEqual([5, retryable]);
      await expectRecovery(db);
    },
  );

  it.each([{ code: 1 }, { code: 139 }, { at: 1, signal: 'SIGKILL' }] as const)(
    'of the schema that ends with %j after that has stored the run',
    async (faults) => {
      tools.spoil('bulkloader', { ...faults, skip: 1 });
      const db = open();
      await db.insert(5, 'x', documents);
      expect(log.lines.join('\n')).toMatch(/WARNING Run 5 is wholly stored.*failed while storing run 5/);
      expect(await entities()).toEqual(['boot', 'schema', 'settings']);
      expect(await failure(db.insert(5, 'x', documents))).toBeInstanceOf(ArtdaqDbPresenceError);
    },
  );

  it('of the schema that ends after the archiver gave it up does not hinder the next attempt', async () => {
    const { composition } = native;
    const away = new ArtdaqDbError('the database is away', { retryable: true });
    const counted = vi.spyOn(native, 'composition').mockImplementation(async (run, config) => {
      if (counted.mock.calls.length === 4) throw away;
      return composition.call(native, run, config);
    });
    tools.spoil('bulkloader', { code: 144, skip: 1 });
    const db = open();
    expect((await failure(db.insert(5, 'x', documents))).message).toContain('exit code 144');
    await db.insert(5, 'x', documents);
    expect(await entities()).toEqual(['boot', 'schema', 'settings']);
    expect(tools.calls()).toHaveLength(2);
    expect(await failure(db.insert(5, 'x', documents))).toBeInstanceOf(ArtdaqDbPresenceError);
  });

  it('of the schema is not started if another program took a document away', async () => {
    const { composition } = native;
    const counted = vi.spyOn(native, 'composition').mockImplementation(async (run, config) => {
      const stored = await composition.call(native, run, config);
      return counted.mock.calls.length === 3 ? stored.filter(({ entry }) => entry.entity !== 'boot') : stored;
    });
    const db = open();
    const error = await failure(db.insert(5, 'x', documents));
    expect([error.message, error.retryable]).toEqual([expect.stringContaining('boot is missing'), true]);
    await expectRecovery(db);
  });

  it('that alters a document never counts as stored, nor do repeats', async () => {
    tools.spoil('bulkloader', { alter: 'boot' });
    const db = open();
    const error = await failure(db.insert(5, 'x', documents));
    expect(error.message).toContain('boot is not what was sent');
    expect(error.retryable).toBe(false);
    expect(await db.listRuns()).toEqual([]);
    expect((await failure(db.insert(5, 'x', documents))).message).toContain("its document 'boot'");
  });

  it('reports an altered schema', async () => {
    tools.spoil('bulkloader', { alter: 'schema', skip: 1 });
    const { message } = await failure(open().insert(5, 'x', documents));
    expect(message).toContain('schema is not what was sent');
    expect(message).toContain("counts as archived under '5/x'");
  });

  it('that stores a document twice is reported', async () => {
    tools.spoil('bulkloader', { twice: 'boot' });
    const db = open();
    expect((await failure(db.insert(5, 'x', documents))).message).toContain('boot is there 2 times');
    expect(await db.listRuns()).toEqual([]);
    expect((await failure(db.insert(5, 'x', documents))).message).toContain('boot is there 2 times');
  });

  it('whose tool is killed half-way is completed by the next attempt', async () => {
    tools.spoil('bulkloader', { at: 1, signal: 'SIGKILL' });
    const db = open();
    expect((await failure(db.insert(5, 'x', documents))).message).toContain('SIGKILL');
    await expectRecovery(db);
    const loads = tools.calls().filter(({ tool }) => tool === 'bulkloader');
    expect(loads.map(({ files }) => files.length)).toEqual([2, 1, 1]);
  });

  it.each(['boot', 'schema'])(
    'lists %s, which a loader that was killed could not list any more',
    async (entity) => {
      await native.insert(4, 'x', documents);
      const collection = entity === 'schema' ? 'SystemLayout' : 'RunHistory';
      const text = documents.find(({ name }) => name === `${entity}.fcl`)?.text ?? '';
      const id = randomObjectId();
      const json = toStoredJson(text, { entity, run: 5, config: 'x', collection, id, now: new Date() });
      await writeFile(join(directory, 'db', collection, `${id}.json`), json);
      // As always when an archiver was killed that wrote.
      await rm(join(directory, 'db', 'SystemMetadata', '.run-record-archiver', 'verified.json'));
      const db = open();
      await db.insert(5, 'x', documents);
      expect(await entities()).toEqual(['boot', 'schema', 'settings']);
      const loaded = tools.calls().flatMap(({ files }) => files);
      expect(loaded.sort()).toEqual(
        ['boot.fcl', 'schema.fcl', 'settings.fcl'].filter((name) => name !== `${entity}.fcl`),
      );
      expect(byName(await db.export(5))).toEqual(byName(documents));
    },
  );

  it.each([
    [{ at: 0, signal: 'SIGFPE' }, 'divided by zero'],
    [{ at: 0, signal: 'SIGABRT' }, 'aborted'],
    [{ code: 144 }, 'exception of its own'],
    [{ code: 128 }, 'refused its arguments'],
  ] as const)('that ends with %j says so', async (faults, message) => {
    tools.spoil('bulkloader', faults);
    const db = open();
    expect((await failure(db.insert(5, 'x', documents))).message).toContain(message);
    await expectRecovery(db);
  });

  it.each(['plain', 'stubborn'] as const)(
    'that hangs (%s) is ended, with everything that it started',
    async (hang) => {
      tools.spoil('bulkloader', { at: 1, hang });
      const db = open({ timeoutMs: 1500 });
      const loading = failure(db.insert(5, 'x', documents));
      const pid = await tools.reached('hanging');
      const error = await loading;
      expect(error.message).toContain('ended after 1.5 s');
      expect(error.retryable).toBe(true);
      expect(findProcess(pid)).toBeUndefined();
      await expectRecovery(open());
    },
  );

  it('does not wait for what a tool left running', async () => {
    tools.spoil('bulkloader', { at: 2, hang: 'grandchild' });
    const db = open();
    await db.insert(5, 'x', documents);
    const pid = await tools.reached('grandchild');
    await vi.waitFor(() => expect(findProcess(pid)).toBeUndefined(), { timeout: 60_000 });
    expect(await db.listRuns()).toEqual([5]);
  });

  it('survives any amount of noise', async () => {
    tools.spoil('bulkloader', { noise: 3_000_000 });
    await open().insert(5, 'x', documents);
    expect(log.lines.join('\n')).toMatch(/bytes left out/);
    expect(log.lines.join('\n').length).toBeLessThan(100_000);
  });

  it('does not touch what another program left under that name', async () => {
    tools.spoil('bulkloader', { lose: 'boot' });
    const db = open();
    await failure(db.insert(5, 'x', documents));
    const others = documents.map((file) =>
      file.name === 'settings.fcl' ? { ...file, text: 'a: 1\n' } : file,
    );
    const error = await failure(db.insert(5, 'x', others));
    expect(error.message).toMatch(/half stored.*its document 'settings'.*is not what the run record gives/);
    expect(tools.calls()).toHaveLength(1);
  });

  it.each([
    ['-r', documents, 'for an option'],
    ['a;b', documents, 'the character ;'],
    ['x', [...documents, { name: 'my_schema.fcl', text: 'a: 1\n' }], 'for the schema'],
    [
      'x',
      [...documents, { name: 'setup.fcl', text: 's: \'a\n#include "b.h"\'\n' }],
      'setup.fcl as it is: line 2',
    ],
  ])('is refused where the tools would not store it as it is (%#)', async (config, files, message) => {
    const error = await failure(open().insert(5, config, files));
    expect(error.message).toContain(message);
    expect(error.message).toContain('use_tools');
    expect(tools.calls()).toEqual([]);
    expect(existsSync(join(directory, 'db', 'RunHistory'))).toBe(false);
  });

  it('hides the secrets of the address', async () => {
    const script = '#!/bin/sh\necho "cannot reach $ARTDAQ_DATABASE_URI" >&2; exit 144\n';
    await writeFile(join(tools.directory, 'bulkloader'), script);
    const hide = (text: string) => text.replaceAll('only-in-tests', '…');
    const db = open({ databaseUri: 'mongodb://user:only-in-tests@host/db', hide });
    const { message } = await failure(db.insert(5, 'x', documents));
    expect(message).toContain('cannot reach mongodb://user:…@host/db');
    expect(log.lines.join('\n')).not.toContain('only-in-tests');
  });
});

describe('an update', () => {
  const history = { name: 'RunHistory2.fcl', text: '\nstop: "now" \n' };

  it('loads only what the run lacks, and never the schema', async () => {
    const db = open();
    await db.insert(5, 'x', documents);
    await db.update(5, 'x', [history, ...documents]);
    expect(tools.calls().at(-1)?.files).toEqual(['RunHistory2.fcl']);
    expect(await entities()).toEqual(['RunHistory2', 'boot', 'schema', 'settings']);
    await db.update(5, 'x', [history]);
    expect(tools.calls()).toHaveLength(3);
    const other = { ...history, text: 'stop: "later"\n' };
    expect(await failure(db.update(5, 'x', [other]))).toBeInstanceOf(ArtdaqDbPresenceError);
  });

  it('is reported when the tool lost it', async () => {
    const db = open();
    await db.insert(5, 'x', documents);
    tools.spoil('bulkloader', { lose: 'RunHistory2' });
    expect((await failure(db.update(5, 'x', [history]))).message).toContain('RunHistory2 is missing');
    await db.update(5, 'x', [history]);
    expect(await entities()).toEqual(['RunHistory2', 'boot', 'schema', 'settings']);
  });
});

describe('an export', () => {
  it.each([
    [{ lose: 'boot' }, 'boot.fcl is missing', true],
    [{ cut: 'boot' }, 'boot.fcl is cut short', true],
    [{ alter: 'boot' }, 'boot.fcl is not what the database holds', false],
    [{ add: 'more.fcl' }, 'more.fcl is not in the database', false],
    [{ code: 1 }, 'did not find the run', true],
    [{ at: 0, signal: 'SIGSEGV' }, 'crashed', true],
  ] as const)('that goes wrong by %j is noticed', async (faults, message, retryable) => {
    const db = open();
    await db.insert(5, 'x', documents);
    tools.spoil('bulkdownloader', faults);
    const error = await failure(db.export(5));
    expect(error.message).toContain(message);
    expect([error.run, error.retryable]).toEqual([5, retryable]);
    expect(byName(await db.export(5))).toEqual(byName(documents));
    await db.close();
    expect(existsSync(join(directory, 'work'))).toBe(false);
  });

  it.each(['x.fcl', 'my cfg1', 'a * b', 'x$HOME'])(
    'of the configuration %j leaves nothing where the archiver was started',
    async (config) => {
      const before = readdirSync('.');
      const db = open();
      await db.insert(5, config, documents);
      expect(byName(await db.export(5))).toEqual(byName(documents));
      expect(readdirSync('.')).toEqual(before);
    },
  );

  it('is not tried for a name that the tool would have a shell act on', async () => {
    await native.insert(5, 'a;b', documents);
    expect((await failure(open().export(5))).message).toContain('the character ;');
    expect(tools.calls()).toEqual([]);
  });
});

describe('prepare', () => {
  it('names the programs that are missing, and where they were looked for', async () => {
    const error = await failure(
      open({ libDirectory: join(directory, 'none'), env: { PATH: '/var/empty' } }).prepare(),
    );
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error.message).toContain(`bulkloader was not found in ${join(directory, 'none')}, /var/empty`);
  });

  it('refuses a work directory that the tools could not use', async () => {
    const error = await failure(open({ work: join(directory, 'a b') }).prepare());
    expect(error.message).toContain('app.work_dir');
  });

  it('waits for the tool of an archiver with another work directory that was killed, on the same database', async () => {
    const other = spawn('sleep', ['600'], {
      env: { ...process.env, ...marksOf(join(directory, deadOwner(), 'AbCdEf'), 'filesystemdb:///another') },
      stdio: 'ignore',
    });
    onTestFinished(() => void other.kill('SIGKILL'));
    const files = join(directory, 'elsewhere', deadOwner(), 'AbCdEf');
    await mkdir(files, { recursive: true });
    for (const { name, text } of documents) {
      if (name !== SCHEMA_FILE) await writeFile(join(files, name), text);
    }
    tools.spoil('bulkloader', { at: 1, pause: true });
    const orphan = spawn(
      join(tools.directory, 'bulkloader'),
      ['-r', '5', '-c', 'x', '-p', files, '-t', '1'],
      {
        env: { ...process.env, ARTDAQ_DATABASE_URI: native.location, ...marksOf(files, native.location) },
        stdio: 'ignore',
      },
    );
    await tools.reached('paused');
    const inserting = open().insert(5, 'x', documents);
    await vi.waitFor(() => expect(log.lines.join('\n')).toContain(`process ${orphan.pid}`), {
      timeout: 60_000,
    });
    tools.resume();
    await inserting;
    expect(await entities()).toEqual(['boot', 'schema', 'settings']);
  });

  it('says that it cannot work where a file is in the way, and can be closed', async () => {
    await writeFile(join(directory, 'work'), '');
    const db = open();
    expect((await failure(db.insert(5, 'x', documents))).message).toContain('Cannot work in');
    await db.close();
  });

  it('is not disturbed by others that end at the same time', async () => {
    const [one, other] = [0, 1].map(
      () => new PrivateDirectories(join(directory, 'work'), native.location, log),
    );
    let isOver = false;
    const closing = (async () => {
      while (!isOver) {
        await other?.close();
        // In memory it would never leave the other a moment.
        await briefly(1);
      }
    })();
    try {
      for (let time = 0; time < 100; time++)
        await one?.use(async (made) => expect(existsSync(made)).toBe(true));
    } finally {
      isOver = true;
      await closing;
    }
  });

  it('removes what a killed archiver left, and nothing else', async () => {
    const work = join(directory, 'work');
    const dead = deadOwner();
    const alive = recordName(currentOwner());
    for (const name of [dead, alive, 'others']) await mkdir(join(work, name, 'AbCdEf'), { recursive: true });
    await open({ work }).prepare();
    expect(readdirSync(work).sort()).toEqual([alive, 'others'].sort());
  });
});
