import { backendOf } from '../../src/artdaqdb/schemes.ts';
import { ArchiverError } from '../../src/errors.ts';
import { entityOf, type FhiclFile } from '../../src/fhicl/fhicl-file.ts';
import { roleOf } from '../../src/records/file-role.ts';
import { HISTORY2_FILE, prepareRun } from '../../src/records/prepare.ts';
import { readSchemaFile } from '../../src/records/schema-file.ts';
import type { RunNumber } from '../../src/runs/run-number.ts';
import type { Site } from '../../src/site.ts';
import { storedRecord } from '../../src/ucondb/ucondb.ts';

/** What `--from` may name. */
export const SOURCES = ['artdaqdb', 'ucondb', 'files'] as const;
export type SourceName = (typeof SOURCES)[number];

/** A place that holds run records as FHiCL files. Nothing is changed there. */
export interface RecordSource {
  /** For messages: `artdaqDB`. */
  readonly title: string;
  /** Where it is, without secrets. */
  readonly location: string;
  /** The runs that it holds, ascending. @throws ArchiverError */
  listRuns(): Promise<RunNumber[]>;
  /**
   * Reads the files of a run whose entities match, and as little else as the place allows.
   * @throws ArchiverError if the run or one of these files can't be read
   */
  read(run: RunNumber, entities: RegExp): Promise<readonly FhiclFile[]>;
  /** Ends connections that the site does not know of. */
  close(): Promise<void>;
}

/**
 * Opens a place that the configuration names.
 * @param stop aborted: nothing is waited for any longer
 * @throws ConfigurationError if it can't be used
 */
export async function openSource(name: SourceName, site: Site, stop: AbortSignal): Promise<RecordSource> {
  if (name === 'ucondb') return await fromUconDb(site, stop);
  return name === 'files' ? await fromFiles(site) : fromArtdaqDb(site);
}

/** With `use_tools`, too, this program reads the documents itself: bulkdownloader can only export whole runs. */
function fromArtdaqDb({ config, databaseServices }: Site): RecordSource {
  const { databaseUri } = config.artdaqDb;
  const database = backendOf(databaseUri).open(databaseUri, databaseServices);
  return {
    title: 'artdaqDB',
    location: database.location,
    listRuns: () => database.listRuns(),
    read: async (run, entities) => {
      const files = await database.documentsOf(run, entities);
      if (files === undefined) throw new ArchiverError(`Run ${run} is no longer in artdaqDB`, { run });
      return files;
    },
    close: () => database.close(),
  };
}

async function fromUconDb(site: Site, stop: AbortSignal): Promise<RecordSource> {
  const uconDb = await site.uconDb();
  return {
    title: 'UconDB',
    location: uconDb.location,
    listRuns: () => uconDb.listRuns(stop),
    read: async (run, entities) => {
      const { files } = await storedRecord(uconDb, run, stop);
      return files.filter((file) => entities.test(entityOf(file)));
    },
    close: async () => undefined,
  };
}

async function fromFiles({ config, records }: Site): Promise<RecordSource> {
  const schema = await readSchemaFile(config.artdaqDb.fclConfDir);
  const generate = config.fhiclizeGenerate;
  return {
    title: 'the run records',
    location: records.location,
    listRuns: () => records.listRuns(),
    read: async (run, entities) => {
      const examined = (await records.examine([run])).get(run);
      if (examined?.is === 'copying') {
        throw new ArchiverError(`Run ${run} is still being copied: ${examined.why}`, { run });
      }
      const record = await records.read(run, examined?.signature, (path) => isNeeded(path, entities));
      const { documents, update } = prepareRun(record, { generate, schema });
      return [...documents, ...update].filter((file) => entities.test(entityOf(file)));
    },
    close: async () => undefined,
  };
}

/** Does a file of a run directory become one of these entities? */
function isNeeded(path: string, entities: RegExp): boolean {
  const role = roleOf(path);
  if (role.kind === 'component') return entities.test(entityOf(role));
  if (role.kind !== 'text') return false;
  const made =
    role.name === 'metadata' ? ['metadata', 'RunHistory', entityOf({ name: HISTORY2_FILE })] : [role.name];
  return made.some((entity) => entities.test(entity));
}
