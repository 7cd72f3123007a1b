import { createHash } from 'node:crypto';
import { copyFileSync, cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type Collection, toStoredJson } from '../../src/fhicl/document.ts';
import { UconDbClient } from '../../src/ucondb/ucondb-client.ts';
import { documentOf, documentsIn, editIndex, mapOf } from './database-damage.ts';
import { type GoldenRun, goldenRuns } from './golden-records.ts';
import { account, Site } from './site.ts';

const CONFIG = resolve(import.meta.dirname, '../fixtures/reference-site/config.yaml');

/** What the Python archiver has kept about itself. */
export interface ReferenceFiles {
  readonly importState: object;
  readonly importFailures: string;
  readonly migrateState: object;
  readonly migrateFailures: string;
}

/** A site as the Python archiver and the C++ tools leave it: configuration file, run records, database, blobs. */
export class ReferenceSite {
  /** Runs in the database, ascending. */
  readonly runs: readonly GoldenRun[] = largestSet();
  readonly site: Site;
  readonly #serverUrl: string;

  constructor(serverUrl: string) {
    this.#serverUrl = serverUrl;
    this.site = new Site().make(serverUrl);
    const [first] = this.runs;
    if (first === undefined) throw new Error('there are no golden runs');
    cpSync(join(dirname(dirname(first.directory)), 'db'), this.site.database, { recursive: true });
    for (const { run, directory } of this.runs) {
      cpSync(join(directory, 'source'), join(this.site.runRecords, String(run)), { recursive: true });
    }
    copyFileSync(join(first.directory, 'prepared/schema.fcl'), join(this.site.directory, 'conf/schema.fcl'));
    copyFileSync(CONFIG, this.site.config);
  }

  /** What its archiver.env sets. */
  get environment(): Record<string, string> {
    return {
      WORK_DIR: this.site.work,
      RUN_RECORDS_DIR: this.site.runRecords,
      FCL_CONF_DIR: join(this.site.directory, 'conf'),
      ARTDAQDB_URL: `filesystemdb://${this.site.database}`,
      UCONDB_URL: this.#serverUrl,
      UCONDB_USER: account.user,
      UCONDB_PASSWORD: account.password,
    };
  }

  /** Leaves these files in the work directory. */
  keep(files: ReferenceFiles): void {
    const { work } = this.site;
    mkdirSync(work);
    writeFileSync(join(work, 'importer_state.json'), JSON.stringify(files.importState, undefined, 2));
    writeFileSync(join(work, 'import_failures.log'), files.importFailures);
    writeFileSync(join(work, 'migrator_state.json'), JSON.stringify(files.migrateState, undefined, 2));
    writeFileSync(join(work, 'migrate_failures.log'), files.migrateFailures);
  }

  /** Stores the blob that the Python archiver made of a run. */
  async migrate({ run, directory }: GoldenRun): Promise<void> {
    const client = new UconDbClient({
      serverUrl: this.#serverUrl,
      folderName: account.folder,
      objectName: 'runs',
      writerUser: account.user,
      writerPassword: account.password,
      timeoutSeconds: 5,
    });
    await client.put(run, readFileSync(join(directory, 'blob.txt')));
    await client.close();
  }

  /**
   * Gives a run the form in which it is stored without the C++ tools: an entity of hashes, and what an update stored has a version
   * of its own.
   */
  storeWithoutTools({ run, config }: GoldenRun): void {
    const configuration = `${run}/${config}`;
    const { database } = this.site;
    this.#giveVersion('RunHistory', documentOf(database, configuration, 'RunHistory2').id, configuration);
    const schemas = documentsIn(database, 'SystemLayout').filter(
      (document) => document.configuration === configuration,
    );
    const [second] = schemas.slice(1);
    if (second !== undefined) this.#giveVersion('SystemLayout', second.id, configuration);
    this.#storeHashes(run, config);
  }

  /** Every document of a run with its bytes. */
  documents(): string[] {
    return (['RunHistory', 'SystemLayout'] as const).flatMap((collection) =>
      documentsIn(this.site.database, collection).map(
        ({ id }) => `${id} ${readFileSync(join(this.site.database, collection, `${id}.json`), 'latin1')}`,
      ),
    );
  }

  #giveVersion(collection: Collection, id: string, configuration: string): void {
    const path = join(this.site.database, collection, `${id}.json`);
    const text = readFileSync(path, 'utf8');
    const version = `${configuration}v1`;
    const changed = text
      .replace(`"version" : "${configuration}"`, `"version" : "${version}"`)
      .replace(/("event" : "setVersion",[^}]*?"name" : ")[^"]*/, `$1${version}`);
    if (changed === text) throw new Error(`${path} has no version ${configuration}`);
    writeFileSync(path, changed);
    editIndex(this.site.database, collection, (index) => {
      const versions = mapOf(index, 'version');
      versions[configuration] = (versions[configuration] ?? []).filter((each) => each !== id);
      versions[version] = [id];
    });
  }

  #storeHashes(run: number, config: string): void {
    const { database } = this.site;
    const md5 = (text: string) => createHash('md5').update(text).digest('hex');
    const prepared = documentsIn(database, 'RunHistory').filter(
      ({ configuration }) => configuration === `${run}/${config}`,
    );
    const lines = prepared.map(({ entity }) => `${entity}: ${md5(entity)}`).sort();
    const text = `${[...lines, `configuration: ${md5(lines.join(','))}`].join('\n')}\n`;
    const id = md5(`hashes of ${run}`).slice(0, 24);
    const identity = {
      entity: 'hashes',
      run,
      config,
      collection: 'RunHistory',
      id,
      now: new Date(),
    } as const;
    writeFileSync(join(database, 'RunHistory', `${id}.json`), toStoredJson(text, identity));
    editIndex(database, 'RunHistory', (index) => {
      index.ouid.push(id);
      const places = [
        ['version', `${run}/${config}`],
        ['configurations.name', `${run}/${config}`],
        ['entities.name', 'hashes'],
        ['runs.name', String(run)],
      ] as const;
      for (const [member, key] of places) {
        const map = mapOf(index, member);
        map[key] = [...(map[key] ?? []), id];
      }
    });
  }

  remove(): void {
    this.site.remove();
  }
}

/** The golden runs that share the database with most runs. */
function largestSet(): GoldenRun[] {
  const sets = new Map<string, GoldenRun[]>();
  for (const run of goldenRuns()) {
    const set = dirname(run.directory);
    sets.set(set, [...(sets.get(set) ?? []), run]);
  }
  const [largest = []] = [...sets.values()].sort((a, b) => b.length - a.length);
  return largest.sort((a, b) => a.run - b.run);
}

/** Whether the Python archiver stored the run's update. */
export function hasUpdate({ directory }: GoldenRun): boolean {
  return readdirSync(directory).includes('update');
}
