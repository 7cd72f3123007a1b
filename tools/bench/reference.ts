import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { storedDocument } from '../../src/artdaqdb/stored-document.ts';
import { sameRecord } from '../../src/blob/pack.ts';
import { ArchiverError } from '../../src/errors.ts';
import type { FhiclFile } from '../../src/fhicl/fhicl-file.ts';
import { newObject } from './account.ts';
import { configure, runArchiver } from './archiver.ts';
import { withArtdaqDb, withUconDb } from './clients.ts';
import type { RunDocuments } from './floor-inputs.ts';
import type { RecordSet } from './records.ts';

const COLLECTIONS = ['RunHistory', 'SystemLayout'] as const;
/** `2026-11-24T10:30:40.700+0000`: when a document was stored. */
const STAMPS = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d{4}/g;

/** What archiving some run records comes to, made once: what is measured must come to the same. */
export class ReferenceArchive {
  readonly records: RecordSet;
  /** A FilesystemDB. */
  readonly databaseUri: string;
  /** Of the stored runs, for floors; and where their blobs are, each named by its run. */
  readonly list: string;
  readonly blobs: string;
  readonly #database: string;
  readonly #serverUrl: string;

  private constructor(directory: string, records: RecordSet, serverUrl: string) {
    this.records = records;
    this.#database = join(directory, 'artdaqdb');
    this.databaseUri = `filesystemdb://${this.#database}`;
    this.list = join(directory, 'stored-runs.json');
    this.blobs = join(directory, 'blobs');
    this.#serverUrl = serverUrl;
  }

  /** Imports and migrates the records. */
  static async make(directory: string, records: RecordSet, serverUrl: string): Promise<ReferenceArchive> {
    const reference = new ReferenceArchive(directory, records, serverUrl);
    const { databaseUri } = reference;
    const object = newObject();
    const config = configure(directory, {
      runRecords: records.directory,
      databaseUri,
      serverUrl,
      object,
    });
    await runArchiver(config, '--limit', String(records.runs.length));
    writeFileSync(reference.list, JSON.stringify(storedRunsOf(reference.#database)));
    mkdirSync(reference.blobs);
    await withUconDb(serverUrl, object, async (client) => {
      for (const run of records.runs)
        writeFileSync(join(reference.blobs, String(run)), await client.get(run));
    });
    return reference;
  }

  /** @throws ArchiverError unless a FilesystemDB has the same bytes, but for the times of storing */
  checkDocuments(database: string): void {
    const [own, others] = [this.#database, database].map(documentsIn);
    if (!isDeepStrictEqual(own, others)) throw new ArchiverError(`${database} has not the same documents`);
    for (const document of own ?? []) {
      const [one, other] = [this.#database, database].map((place) =>
        readFileSync(join(place, document), 'latin1').replaceAll(STAMPS, ''),
      );
      if (one !== other) throw new ArchiverError(`${join(database, document)} differs from the reference`);
    }
  }

  /** @throws ArchiverError unless a database exports the same files */
  async checkExports(databaseUri: string): Promise<void> {
    const [own, others] = [await exportsOf(this.databaseUri), await exportsOf(databaseUri)];
    if (!isDeepStrictEqual(own, others)) throw new ArchiverError(`${databaseUri} exports other files`);
  }

  /** @throws ArchiverError unless an object of UconDB has the same blobs, but for the times of packing */
  checkBlobs(object: string): Promise<void> {
    return withUconDb(this.#serverUrl, object, async (client) => {
      for (const run of this.records.runs) {
        if (!sameRecord(readFileSync(join(this.blobs, String(run))), await client.get(run)))
          throw new ArchiverError(`the blob of run ${run} in object ${object} differs from the reference`);
      }
    });
  }
}

function documentsIn(database: string): string[] {
  return COLLECTIONS.flatMap((collection) =>
    readdirSync(join(database, collection))
      .filter((name) => /^[0-9a-f]{24}\.json$/.test(name))
      .map((name) => join(collection, name)),
  ).sort();
}

function storedRunsOf(database: string): RunDocuments[] {
  const runs = new Map<number, string[]>();
  for (const document of documentsIn(database)) {
    const path = join(database, document);
    const run = Number(storedDocument(path, '', readFileSync(path)).entry.runs[0]);
    runs.set(run, [...(runs.get(run) ?? []), path]);
  }
  return [...runs].map(([run, documents]) => ({ run, documents })).sort((one, other) => one.run - other.run);
}

function exportsOf(databaseUri: string): Promise<FhiclFile[][]> {
  return withArtdaqDb(databaseUri, async (database) => {
    const exports: FhiclFile[][] = [];
    for (const run of await database.listRuns()) exports.push(await database.export(run));
    return exports;
  });
}
