import type { ArtdaqDb } from '../artdaqdb/artdaqdb.ts';
import { exportIfStored } from '../artdaqdb/export-if-stored.ts';
import { type FhiclFile, SCHEMA_FILE } from '../fhicl/fhicl-file.ts';
import { compareFiles } from '../records/compare.ts';
import type { GenerateName } from '../records/converters/converters.ts';
import { roleOf } from '../records/file-role.ts';
import { prepareRun } from '../records/prepare.ts';
import type { RunRecord, RunRecordSource } from '../records/run-record-source.ts';
import { isUnfinished } from '../records/run-times.ts';
import type { RunNumber } from '../runs/run-number.ts';
import { lacksTimesOnly } from './blob-completion.ts';

/** What a {@link RecordComparison} works with. */
export interface RecordComparisonParts {
  readonly records: RunRecordSource;
  readonly artdaqDb: ArtdaqDb;
  /** The converters and generators that run (`fhiclize_generate`). */
  readonly generate: ReadonlySet<GenerateName>;
  /** `schema.fcl` of `fcl_conf_dir`. */
  readonly schema: FhiclFile;
}

/** How a run in artdaqDB compares with what an import of its run directory would store now. */
export interface ComparedRecord {
  readonly is: 'compared';
  /** Names of documents, such as `boot.fcl`, ascending. */
  readonly different: readonly string[];
  readonly onlyInDirectory: readonly string[];
  readonly onlyInArtdaqDb: readonly string[];
  /** The configuration name that the directory tells, if artdaqDB has the run under others only. */
  readonly otherConfiguration: string | undefined;
  /** They differ only because a time came into the run directory after the run was archived. */
  readonly timesCameLater: boolean;
  /** Does the directory tell no stop time? */
  readonly isUnfinished: boolean;
  /** Paths of what is in the directory and goes to no archive. */
  readonly aside: readonly string[];
}

/** The same, or why there is nothing to compare. */
export type RecordFinding =
  | ComparedRecord
  | { readonly is: 'absent' }
  | { readonly is: 'copying'; readonly why: string };

/** Does artdaqDB hold what the run directory holds? */
export function isSameRecord(record: ComparedRecord): boolean {
  const { different, onlyInDirectory, onlyInArtdaqDb, otherConfiguration } = record;
  return (
    different.length + onlyInDirectory.length + onlyInArtdaqDb.length === 0 &&
    otherConfiguration === undefined
  );
}

/** Compares what artdaqDB holds of runs with their run directories, and changes neither. */
export class RecordComparison {
  readonly #parts: RecordComparisonParts;
  readonly #present: ReadonlySet<RunNumber>;

  /** @param present the runs that have a run directory */
  constructor(parts: RecordComparisonParts, present: ReadonlySet<RunNumber>) {
    this.#parts = parts;
    this.#present = present;
  }

  /**
   * Compares a run.
   * @param exported what artdaqDB holds of it
   * @throws RunRecordError, FhiclError, ArtdaqDbError if the directory can't be read, or could not be imported
   */
  async compare(run: RunNumber, exported: readonly FhiclFile[]): Promise<RecordFinding> {
    const { records, artdaqDb, generate, schema } = this.#parts;
    if (!this.#present.has(run)) return { is: 'absent' };
    const examined = (await records.examine([run])).get(run);
    if (examined?.is === 'copying') return { is: 'copying', why: examined.why };
    const record = await records.read(run, examined?.signature);
    const { config, documents, update } = prepareRun(record, { generate, schema });
    const fresh = (await exportIfStored(run, config, [...documents, ...update])).filter(isOfRecord);
    const stored = exported.filter(isOfRecord);
    const { different, onlyInArtdaqDb: onlyInDirectory, onlyInUconDb } = compareFiles(fresh, stored);
    return {
      is: 'compared',
      different,
      onlyInDirectory,
      onlyInArtdaqDb: onlyInUconDb,
      otherConfiguration: (await artdaqDb.has(run, config)) ? undefined : config,
      timesCameLater: lacksTimesOnly(fresh, stored),
      isUnfinished: isUnfinished({
        metadata: record.files.find(({ path }) => path === 'metadata.txt')?.bytes,
      }),
      aside: [...record.aside, ...unconverted(record, generate)].sort(),
    };
  }
}

/** The schema is the site's, and may have changed since. */
function isOfRecord({ name }: FhiclFile): boolean {
  return name !== SCHEMA_FILE;
}

/** Text files whose converter is switched off. */
function unconverted({ files }: RunRecord, generate: ReadonlySet<GenerateName>): string[] {
  return files
    .filter(({ path }) => {
      const role = roleOf(path);
      return role.kind === 'text' && !generate.has(role.name);
    })
    .map(({ path }) => path);
}
