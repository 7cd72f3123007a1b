import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import { type Choice, chooseServer } from '../../test/helpers/mongodb/choice.ts';
import { fillFilesystemDb, fillMongoDb } from './large-archive.ts';
import type { ReferenceArchive } from './reference.ts';
import { program } from './servers.ts';
import type { CommandLine } from './usage.ts';

/** A kind of artdaqDB: databases of it are made by name. */
export interface DatabaseKind {
  readonly name: string;
  uriOf(database: string): string;
  /** Removes a database, if it is there. */
  remove(database: string): Promise<void>;
  /** Makes a database that lists runs, and holds little else of them. */
  fill(database: string, runs: readonly number[]): Promise<void>;
  /** What an import is compared with. */
  readonly floor: string;
  /** The least that an import into a new database takes. */
  importFloor(reference: ReferenceArchive, database: string): CommandLine;
  /** @throws ArchiverError if the database differs from what the reference holds */
  check(reference: ReferenceArchive, database: string): Promise<void>;
}

/** @param directory for the databases */
export function filesystemDbs(directory: string): DatabaseKind {
  const pathOf = (database: string) => join(directory, database);
  return {
    name: 'FilesystemDB',
    floor: 'one thread',
    uriOf: (database) => `filesystemdb://${pathOf(database)}`,
    remove: async (database) => rmSync(pathOf(database), { recursive: true, force: true }),
    fill: (database, runs) => fillFilesystemDb(pathOf(database), runs),
    importFloor: ({ records, list }, database) =>
      program('import-floor', records.directory, list, pathOf(database)),
    check: async (reference, database) => reference.checkDocuments(pathOf(database)),
  };
}

/** @param server with a slash at its end */
export function mongoDbs(server: string): DatabaseKind {
  const uriOf = (database: string) => Object.assign(new URL(server), { pathname: `/${database}` }).href;
  return {
    name: 'MongoDB',
    floor: 'driver alone',
    uriOf,
    remove: async (database) => {
      const client = new MongoClient(uriOf(database));
      await client.db().dropDatabase();
      await client.close();
    },
    fill: (database, runs) => fillMongoDb(uriOf(database), runs),
    importFloor: ({ list }, database) => program('mongodb-floor', list, uriOf(database)),
    check: (reference, database) => reference.checkExports(uriOf(database)),
  };
}

/** The MongoDB server of the tests (documentation/TESTING.md, "The MongoDB server"). */
export function startMongoDb(): Promise<Choice> {
  return chooseServer(process.env);
}
