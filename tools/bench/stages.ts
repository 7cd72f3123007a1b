import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { newObject } from './account.ts';
import { archiver, configure, runArchiver } from './archiver.ts';
import type { DatabaseKind } from './databases.ts';
import type { ReferenceArchive } from './reference.ts';
import { type Contestant, type Measurements, playRounds, type RoundOptions } from './rounds.ts';
import { type LocalServer, program } from './servers.ts';
import type { Row } from './table.ts';

/** Where stages are measured. */
export interface StageSite extends RoundOptions {
  readonly ucondb: LocalServer;
  readonly reference: ReferenceArchive;
  /** What a migration is compared with, and whether that reads and parses documents first. */
  readonly migrateFloor: 'parse and send' | 'send alone';
}

const IMPORTED = 'bench_imported';
const SCRATCH = 'bench_scratch';

/** Measures import, migration, and both in one execution, each from nothing, beside their floors. */
export async function measureStages(site: StageSite, kind: DatabaseKind): Promise<Row[]> {
  const { reference, ucondb } = site;
  await kind.remove(IMPORTED);
  await runArchiver(freshArchiver(site, kind.uriOf(IMPORTED), newObject()), '--import-only', ...allOf(site));
  const scratch = {
    clear: () => kind.remove(SCRATCH),
    check: () => kind.check(reference, SCRATCH),
  };
  const contestants: Contestant[] = [
    stage(site, 'import', kind.uriOf(SCRATCH), ['--import-only'], scratch),
    {
      name: 'import floor',
      prepare: async () => {
        await scratch.clear();
        return kind.importFloor(reference, SCRATCH);
      },
    },
    stage(site, 'migrate', kind.uriOf(IMPORTED), ['--migrate-only']),
    {
      name: 'migrate floor',
      prepare: () => {
        const { list, blobs } = reference;
        return program('migrate-floor', list, blobs, ucondb.url, newObject(), site.migrateFloor);
      },
    },
    stage(site, 'pipeline', kind.uriOf(SCRATCH), [], scratch),
  ];
  const measured = await playRounds(
    `${kind.name}, ${reference.records.text}`,
    contestants.map((each) => [each]),
    site,
  );
  await scratch.clear();
  await kind.remove(IMPORTED);
  const slower = secondsOf(measured, 'import').map((seconds, round) =>
    Math.max(seconds, secondsOf(measured, 'migrate')[round] ?? 0),
  );
  return [
    rowOf(site, measured, 'import', kind.name, kind.floor, secondsOf(measured, 'import floor')),
    rowOf(site, measured, 'migrate', kind.name, site.migrateFloor, secondsOf(measured, 'migrate floor')),
    rowOf(site, measured, 'pipeline', kind.name, 'slower stage', slower),
  ];
}

/** Measures migration to a server that is far away, beside the same server near by. */
export async function measureFar(site: StageSite, far: LocalServer): Promise<Row[]> {
  const { reference } = site;
  const contestants = [
    stage(site, 'near', reference.databaseUri, ['--migrate-only']),
    stage({ ...site, ucondb: far }, 'migrate', reference.databaseUri, ['--migrate-only']),
  ];
  const measured = await playRounds(
    `UconDB far away, ${reference.records.text}`,
    contestants.map((each) => [each]),
    site,
  );
  return [rowOf(site, measured, 'migrate', 'UconDB far away', 'UconDB near by', secondsOf(measured, 'near'))];
}

/** @param database what it makes in each round, if it imports */
function stage(
  site: StageSite,
  name: string,
  databaseUri: string,
  flags: readonly string[],
  database?: { clear(): Promise<void>; check(): Promise<void> },
): Contestant {
  let object = '';
  return {
    name,
    prepare: async () => {
      object = newObject();
      await database?.clear();
      return archiver(freshArchiver(site, databaseUri, object), ...flags, ...allOf(site));
    },
    check: async () => {
      await database?.check();
      if (!flags.includes('--import-only')) await site.reference.checkBlobs(object);
    },
  };
}

/** The configuration of an archiver that remembers nothing. */
function freshArchiver(
  { directory, ucondb, reference }: StageSite,
  databaseUri: string,
  object: string,
): string {
  const work = join(directory, 'archiver');
  rmSync(work, { recursive: true, force: true });
  return configure(work, {
    runRecords: reference.records.directory,
    databaseUri,
    serverUrl: ucondb.url,
    object,
  });
}

function allOf({ reference }: StageSite): string[] {
  return ['--limit', String(reference.records.runs.length)];
}

function secondsOf(measured: Measurements, name: string): number[] {
  return (measured.get(name) ?? []).map(({ seconds }) => seconds);
}

function rowOf(
  { reference: { records } }: StageSite,
  measured: Measurements,
  name: string,
  where: string,
  floor: string,
  seconds: readonly number[],
): Row {
  return {
    what: `${name}, ${where}, ${records.text}`,
    usages: measured.get(name) ?? [],
    floor: { name: floor, seconds },
    runs: records.runs.length,
    bytes: records.bytes,
  };
}
