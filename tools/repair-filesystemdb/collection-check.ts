import { runOf } from '../../src/artdaqdb/configuration-name.ts';
import { CONFIGURATIONS, ENTITIES, RUNS, VERSION } from '../../src/artdaqdb/filesystem/index/index-entry.ts';
import { parseRunNumber, type RunNumber } from '../../src/runs/run-number.ts';
import { type CheckContext, type CollectionScan, scanCollection } from './collection-scan.ts';
import {
  ascending,
  DocumentReader,
  type Envelope,
  type IndexEntry,
  isSameEntry,
  LISTED_MEMBERS,
  repeatedDocuments,
} from './documents.ts';
import type { DatabaseFinding } from './report.ts';

/** The collections whose documents belong to runs. */
const RUN_COLLECTIONS: ReadonlySet<string> = new Set(['RunHistory', 'SystemLayout']);

/** How much is read. */
export interface ReadingDepth {
  /** Every document, not only those that the index does not explain. */
  readonly deep: boolean;
  /** All documents of these runs in any case. */
  readonly runs: ReadonlySet<RunNumber>;
}

/** One collection, with the documents that had to be read to judge it. */
export class CollectionCheck {
  readonly scan: CollectionScan;
  readonly reader: DocumentReader;
  /** Documents that exist and are listed, with the entries that they should have, as far as is known. */
  readonly entries = new Map<string, IndexEntry>();
  /** Readable documents that the index lacks, with the entries that they should have. */
  readonly unlisted = new Map<string, IndexEntry>();
  /** Listed ids without a file, with their entries in the index. */
  readonly lost = new Map<string, IndexEntry>();

  private constructor(scan: CollectionScan, reader: DocumentReader) {
    this.scan = scan;
    this.reader = reader;
  }

  /** @param directory of the collection */
  static async of(directory: string, depth: ReadingDepth, context: CheckContext): Promise<CollectionCheck> {
    let scan = await scanCollection(directory, context);
    if (scan.settlesIn > 0) {
      context.notice(
        `Waiting ${Math.ceil(scan.settlesIn / 1000)} s for files in ${directory} that may be on their way into the index`,
      );
      await context.sleep(Math.ceil(scan.settlesIn));
      scan = await scanCollection(directory, context);
    }
    const check = new CollectionCheck(scan, new DocumentReader(scan.name, directory, context));
    await check.#examine(depth);
    return check;
  }

  get isOfRuns(): boolean {
    return RUN_COLLECTIONS.has(this.scan.name);
  }

  /** The document, its run and its names, for a finding. */
  subject(
    id: string,
    entry: IndexEntry,
  ): Pick<DatabaseFinding, 'collection' | 'file' | 'run' | 'configuration' | 'entity'> {
    const [configuration] = entry[CONFIGURATIONS].length > 0 ? entry[CONFIGURATIONS] : entry[VERSION];
    const run = runOf(configuration ?? '') ?? parseRunNumber(entry[RUNS][0] ?? '');
    const entity = entry[ENTITIES][0];
    return {
      collection: this.scan.name,
      file: this.reader.pathOf(id),
      ...(run === undefined ? {} : { run }),
      ...(configuration === undefined ? {} : { configuration }),
      ...(entity === undefined ? {} : { entity }),
    };
  }

  /** Does a document lie under another name, or in another collection, than it says? */
  isMisfiled(id: string, envelope: Envelope): boolean {
    return envelope.id !== id || envelope.collection !== this.scan.name;
  }

  async #examine(depth: ReadingDepth): Promise<void> {
    const { content, documents, broken, young } = this.scan;
    for (const [id, { entry }] of content.listings) if (!documents.has(id)) this.lost.set(id, entry);
    const unlisted = [...documents].filter((id) => !content.listings.has(id) && !young.has(`${id}.json`));
    await this.reader.read(unlisted);
    await this.reader.read(this.#doubtful(depth, broken !== undefined));
    await this.reader.read(this.#ofConfigurations(this.#doubtfulConfigurations()));
    for (const id of unlisted) {
      const envelope = this.reader.envelope(id);
      if (envelope !== undefined) this.unlisted.set(id, envelope.entry);
    }
    for (const [id, { entry }] of content.listings) {
      if (documents.has(id)) this.entries.set(id, this.reader.envelope(id)?.entry ?? entry);
    }
    // A document that is to be listed, or whose entry was wrong, may repeat another one.
    const repeated = repeatedDocuments([...this.entries, ...this.unlisted]);
    if (this.isOfRuns) {
      await this.reader.read(repeated.flatMap(({ ids }) => (this.#isUsual(ids) && !depth.deep ? [] : ids)));
    }
  }

  /** Every update by the C++ tools leaves a second schema. */
  #isUsual(ids: readonly string[]): boolean {
    return this.scan.name === 'SystemLayout' && ids.every((id) => this.entries.has(id));
  }

  #doubtful({ deep, runs }: ReadingDepth, isBroken: boolean): string[] {
    const { content, documents } = this.scan;
    if (deep || isBroken) return [...documents].filter((id) => !this.scan.young.has(`${id}.json`));
    const asked = (entry: IndexEntry): boolean =>
      runs.size > 0 && entry[CONFIGURATIONS].some((name) => runs.has(runOf(name) ?? -1));
    return [...content.listings]
      .filter(
        ([id, { isInOuid, entry }]) =>
          documents.has(id) && !(isInOuid && this.#isPlausible(entry) && !asked(entry)),
      )
      .map(([id]) => id);
  }

  /** A loader writes one version, run and entity, and they fit together. */
  #isPlausible(entry: IndexEntry): boolean {
    const [version = '', ...versions] = entry[VERSION];
    const configurations = entry[CONFIGURATIONS];
    if (version === '' || versions.length > 0 || configurations.length === 0) return false;
    if (!this.isOfRuns) return true;
    const [run] = entry[RUNS];
    return (
      entry[RUNS].length === 1 &&
      entry[ENTITIES].length === 1 &&
      configurations.length === 1 &&
      version.startsWith(configurations[0] ?? '') &&
      configurations[0]?.startsWith(`${run}/`) === true
    );
  }

  /** Configurations whose stamps can't be right, or that only the index names for a document. */
  #doubtfulConfigurations(): Set<string> {
    const { content, documents } = this.scan;
    const doubtful = new Set<string>();
    for (const entry of this.lost.values()) for (const name of entry[CONFIGURATIONS]) doubtful.add(name);
    for (const [id, { entry }] of content.listings) {
      const said = this.reader.envelope(id)?.entry;
      if (said !== undefined && !isSameEntry(said, entry)) {
        for (const name of entry[CONFIGURATIONS]) doubtful.add(name);
      }
      if (!documents.has(id)) continue;
      for (const name of entry[CONFIGURATIONS]) {
        if ((content.stamps.get(name) ?? []).length === 0) doubtful.add(name);
      }
    }
    return doubtful;
  }

  #ofConfigurations(names: ReadonlySet<string>): string[] {
    if (names.size === 0) return [];
    const { content, documents } = this.scan;
    return [...content.listings]
      .filter(([id, { entry }]) => documents.has(id) && entry[CONFIGURATIONS].some((name) => names.has(name)))
      .map(([id]) => id);
  }

  /**
   * The stamps that an index with these entries must hold. If every document of a configuration was read, they follow from
   * the documents; otherwise the index is trusted.
   */
  stampsFor(entries: ReadonlyMap<string, IndexEntry>): Map<string, readonly string[]> {
    const stamps = new Map<string, { all: boolean; said: string[] }>();
    for (const [id, entry] of entries) {
      const envelope = this.reader.envelope(id);
      for (const name of entry[CONFIGURATIONS]) {
        const known = stamps.get(name) ?? { all: true, said: [] };
        stamps.set(name, known);
        if (envelope === undefined) known.all = false;
        for (const each of envelope?.assignments ?? [])
          if (each.name === name) known.said.push(each.assigned);
      }
    }
    const listed = this.scan.content.stamps;
    return new Map(
      [...stamps].map(([name, { all, said }]) => {
        const before = listed.get(name) ?? [];
        if (said.length === 0 && !all) return [name, before] as const;
        return [name, ascending(all ? said : [...before, ...said])] as const;
      }),
    );
  }

  /** How the index differs from an entry, in words. */
  differences(id: string, wanted: IndexEntry): string[] {
    const listing = this.scan.content.listings.get(id);
    if (listing === undefined) return ['not in the index'];
    const differences = listing.isInOuid ? [] : ['missing in "ouid"'];
    for (const member of LISTED_MEMBERS) {
      const missing = wanted[member].filter((key) => !listing.entry[member].includes(key));
      const wrong = listing.entry[member].filter((key) => !wanted[member].includes(key));
      if (missing.length > 0) differences.push(`missing in "${member}" under '${missing.join("', '")}'`);
      if (wrong.length > 0) differences.push(`wrongly in "${member}" under '${wrong.join("', '")}'`);
    }
    return differences;
  }
}
