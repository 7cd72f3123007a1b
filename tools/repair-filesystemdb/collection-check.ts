import { runOf } from '../../src/artdaqdb/configuration-name.ts';
import { CONFIGURATIONS, ENTITIES, RUNS, VERSION } from '../../src/artdaqdb/filesystem/index/index-entry.ts';
import { parseRunNumber, type RunNumber } from '../../src/runs/run-number.ts';
import { type CheckContext, type CollectionScan, scanCollection } from './collection-scan.ts';
import {
  DocumentReader,
  type Entries,
  type Envelope,
  type IndexEntry,
  isSameEntry,
  LISTED_MEMBERS,
  repeatedDocuments,
} from './documents.ts';
import type { ListingTable } from './listing-table.ts';
import type { DatabaseFinding } from './report.ts';
import { StampPlan } from './stamp-plan.ts';

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
  readonly entries: Entries;
  /** Readable documents that the index lacks, with the entries that they should have. */
  readonly unlisted = new Map<string, IndexEntry>();
  /** Listed ids without a file, with their entries in the index. */
  readonly lost = new Map<string, IndexEntry>();

  private constructor(scan: CollectionScan, reader: DocumentReader) {
    this.scan = scan;
    this.reader = reader;
    this.entries = new ListedEntries(scan.content.listings, reader);
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
    const { content, broken, young } = this.scan;
    for (const { id, entry } of content.listings.withoutFile()) this.lost.set(id, entry);
    const unlisted = [...this.scan.unlisted].filter((id) => !young.has(`${id}.json`));
    await this.reader.read(unlisted);
    await this.reader.read(this.#doubtful(depth, broken !== undefined));
    await this.reader.read(this.#ofConfigurations(this.#doubtfulConfigurations()));
    for (const id of unlisted) {
      const envelope = this.reader.envelope(id);
      if (envelope !== undefined) this.unlisted.set(id, envelope.entry);
    }
    // A document that is to be listed, or whose entry was wrong, may repeat another one.
    if (!this.isOfRuns) return;
    const repeated = repeatedDocuments(this.entries, this.unlisted);
    await this.reader.read(repeated.flatMap(({ ids }) => (this.#isUsual(ids) && !depth.deep ? [] : ids)));
  }

  /** Every update by the C++ tools leaves a second schema. */
  #isUsual(ids: readonly string[]): boolean {
    return this.scan.name === 'SystemLayout' && ids.every((id) => this.entries.has(id));
  }

  #doubtful({ deep, runs }: ReadingDepth, isBroken: boolean): string[] {
    const { content, unlisted, young } = this.scan;
    const isAll = deep || isBroken;
    const asked = (entry: IndexEntry): boolean =>
      runs.size > 0 && entry[CONFIGURATIONS].some((name) => runs.has(runOf(name) ?? -1));
    const doubtful = content.listings.select(
      ({ isInOuid, entry }) => isAll || !isInOuid || !this.#isPlausible(entry) || asked(entry),
    );
    const others = isAll ? [...unlisted].filter((id) => !young.has(`${id}.json`)) : [];
    return [...doubtful.map(({ id }) => id), ...others];
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
    const { listings, stamps } = this.scan.content;
    const doubtful = new Set<string>();
    for (const entry of this.lost.values()) for (const name of entry[CONFIGURATIONS]) doubtful.add(name);
    const { isUnused } = this.reader;
    for (const listing of listings.inAnyOrder()) {
      const { entry } = listing;
      const said = isUnused ? undefined : this.reader.envelope(listing.id)?.entry;
      const isWrong = said !== undefined && !isSameEntry(said, entry);
      for (const name of entry[CONFIGURATIONS]) if (isWrong || !stamps.has(name)) doubtful.add(name);
    }
    return doubtful;
  }

  #ofConfigurations(names: ReadonlySet<string>): string[] {
    if (names.size === 0) return [];
    const { listings } = this.scan.content;
    return listings
      .select(({ entry }) => entry[CONFIGURATIONS].some((name) => names.has(name)))
      .map(({ id }) => id);
  }

  /** The stamps that an index with these entries must hold. */
  stampsFor(entries: Entries): StampPlan {
    return new StampPlan(entries, this.reader, this.scan.content.stamps);
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

/** The documents that exist and are listed. What a document says that was read counts more than the index. */
class ListedEntries implements Entries {
  readonly #listings: ListingTable;
  readonly #reader: DocumentReader;

  constructor(listings: ListingTable, reader: DocumentReader) {
    this.#listings = listings;
    this.#reader = reader;
  }

  get size(): number {
    return this.#listings.files;
  }

  has(id: string): boolean {
    return this.#listings.hasFile(id);
  }

  get(id: string): IndexEntry | undefined {
    if (!this.has(id)) return undefined;
    return this.#reader.envelope(id)?.entry ?? this.#listings.get(id)?.entry;
  }

  *[Symbol.iterator](): Generator<readonly [string, IndexEntry]> {
    for (const listing of this.#listings.withFile()) {
      const { id } = listing;
      yield [id, this.#reader.envelope(id)?.entry ?? listing.entry];
    }
  }

  *values(): Generator<IndexEntry> {
    const { isUnused } = this.#reader;
    for (const listing of this.#listings.inAnyOrder()) {
      const said = isUnused ? undefined : this.#reader.envelope(listing.id);
      yield said?.entry ?? listing.entry;
    }
  }
}
