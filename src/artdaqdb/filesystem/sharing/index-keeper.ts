import { ArtdaqDbError, messageOf } from '../../../errors.ts';
import type { Logger } from '../../../log/logger.ts';
import type { CollectionStore } from '../collection-store.ts';
import type { DatabaseFiles } from '../database-files.ts';
import type { HeldLock } from '../database-lock.ts';
import {
  ASSIGNED,
  CONFIGURATIONS,
  type IndexChange,
  type ListedText,
  listsOf,
  OUID,
} from '../index/index-entry.ts';
import { IndexChangedError, type IndexLook, type IndexState, type SeenIndex } from '../index/index-file.ts';
import { gainsOf } from '../index/index-gains.ts';
import { type ListFilter, noLists } from '../index/index-layout.ts';
import type { TextTable } from '../index/text-table.ts';
import { ReplacedIndexes } from './replaced-indexes.ts';
import {
  type ForeignDocument,
  ForeignReport,
  findUnlisted,
  listedIds,
  RescuedDocuments,
  type StoredListing,
} from './unlisted-documents.ts';
import { isState, VerifiedFile, type VerifiedState } from './verified-file.ts';

/** Where the database is, and the world around it. */
interface IndexKeeperOptions {
  readonly directory: string;
  readonly files: DatabaseFiles;
  readonly sleep: (milliseconds: number) => Promise<unknown>;
  readonly now: () => Date;
  readonly logger: Logger;
}

/** The documents of one collection that are ours, or count as ours, and that its index lacks. */
interface OwnUnlisted {
  readonly store: CollectionStore;
  readonly listings: readonly StoredListing[];
}

/** How the indexes compare with the directories. */
interface DirectoryComparison {
  readonly indexes: VerifiedState['indexes'];
  readonly own: readonly OwnUnlisted[];
  readonly foreign: readonly ForeignDocument[];
}

/** Both indexes as they were looked at in one state of the database. */
export interface SeenIndexes<Seen> {
  readonly RunHistory: SeenIndex<Seen>;
  readonly SystemLayout: SeenIndex<Seen>;
}

/** A program without lock that keeps writing may get in between, for some seconds at most. */
const ATTEMPTS = 40;
const PAUSE_MS = 5;

/**
 * Keeps the indexes complete although other programs write them without a lock. It knows the state of both indexes in which
 * they list all documents of this project; when they are in another state, it compares them with the directories.
 */
export class IndexKeeper {
  /** RunHistory comes first: a run's documents are listed before its schema document makes it visible. */
  readonly #stores: readonly [runHistory: CollectionStore, systemLayout: CollectionStore];
  readonly #verified: VerifiedFile;
  readonly #replaced: ReplacedIndexes;
  readonly #rescued: RescuedDocuments;
  readonly #report: ForeignReport;
  readonly #sleep: (milliseconds: number) => Promise<unknown>;
  readonly #logger: Logger;
  /** The state of the indexes that is known to be complete. */
  #known: VerifiedState | undefined;
  /** Other programs may be at work: an index was not as this project had left it. */
  #hasCompared = false;
  /** One warning that documents had to be listed again says it all. */
  #listingLevel: 'warning' | 'debug' = 'warning';
  readonly #completed = new Set<string>();

  constructor(
    runHistory: CollectionStore,
    systemLayout: CollectionStore,
    { directory, files, sleep, now, logger }: IndexKeeperOptions,
  ) {
    this.#stores = [runHistory, systemLayout];
    this.#verified = new VerifiedFile(directory, files);
    this.#replaced = new ReplacedIndexes(directory, files, sleep);
    this.#rescued = new RescuedDocuments(directory, files);
    this.#report = new ForeignReport(now, logger);
    this.#sleep = sleep;
    this.#logger = logger;
  }

  /** Did the last writer end its work, so that it remembered a complete state? */
  async isRemembered(): Promise<boolean> {
    return (await this.#verified.read()) !== undefined;
  }

  /** Identifies the present state of the indexes. */
  signatures(): Promise<(string | undefined)[]> {
    return Promise.all(this.#stores.map(({ index }) => index.signature()));
  }

  /**
   * The state of the indexes if it is known to be complete, by this process or an earlier one, or if there is no database;
   * else undefined. Needs no lock and changes nothing.
   * @param before an earlier state, as {@link signatures} gave it; undefined as well if it is another one now
   */
  async completeState(before?: readonly (string | undefined)[]): Promise<VerifiedState | undefined> {
    const [current, hasLateContent] = await Promise.all([this.signatures(), this.#replaced.haveChanged()]);
    if (before !== undefined && before.join() !== current.join()) return undefined;
    if (current.every((signature) => signature === undefined)) return { indexes: current, halfListed: [] };
    if (hasLateContent) return undefined;
    if (isState(this.#known, current)) return this.#known;
    const remembered = await this.#verified.read();
    if (!isState(remembered, current)) return undefined;
    this.#known = remembered;
    return remembered;
  }

  /**
   * Begins to write: completes the indexes, and takes back the remembered state until {@link end}.
   * @throws ArtdaqDbError if an index can't be read or written
   */
  async begin(lock: HeldLock): Promise<void> {
    this.#known = lock.takenOver ? undefined : await this.#verified.read();
    await this.#verified.forget();
    await this.complete(lock, lock.takenOver);
  }

  /**
   * Ends writing: completes the indexes, whatever other programs did meanwhile, and remembers that state.
   * @throws ArtdaqDbError if an index can't be read or written
   */
  async end(lock: HeldLock): Promise<void> {
    await this.complete(lock);
    for (const { name } of this.#stores) await this.#replaced.trim(name, this.#hasCompared);
    const known = this.#known;
    if (known?.isSettling || !isState(known, await this.signatures())) return;
    try {
      await this.#verified.write(known);
    } catch (error) {
      this.#logger.warning(
        `${this.#verified.path} could not be written, so the next execution compares all documents: ${messageOf(error)}`,
      );
    }
  }

  /**
   * Brings the indexes to a state in which they list all that is ours, and all that other programs wrote into a file that we
   * replaced.
   * @param isAfterDeath a killed process of ours may have had no time to list its documents
   */
  async complete(lock: HeldLock, isAfterDeath = false): Promise<void> {
    await this.#repeat(lock, async () => {
      const isKnown = isState(this.#known, await this.signatures());
      return isKnown || (await this.#compareAndList([], lock, isAfterDeath)) || undefined;
    });
  }

  /**
   * Looks at both indexes in a complete state. The very looks are compared with the directories, as a program that keeps
   * writing may leave no time for others.
   */
  async readIndexes<Seen>(
    wanted: ListFilter,
    look: IndexLook<Seen>,
    lock: HeldLock,
  ): Promise<SeenIndexes<Seen>> {
    const [runHistory, systemLayout] = this.#stores;
    return this.#repeat(lock, async () => {
      const isKnown = isState(this.#known, await this.signatures());
      const lookWithIds: IndexLook<{ listed: TextTable | undefined; seen: Seen }> = (bytes, index) => ({
        listed: isKnown ? undefined : listedIds(bytes, index),
        seen: look(bytes, index),
      });
      const SystemLayout = await systemLayout.index.look(wanted, lookWithIds);
      const RunHistory = await runHistory.index.look(wanted, lookWithIds);
      const looks = [RunHistory, SystemLayout].map((index) => ({ ...index, seen: index.seen.listed }));
      const isComplete = isKnown
        ? isState(this.#known, [RunHistory.signature, SystemLayout.signature])
        : await this.#compareAndList(looks, lock, false);
      if (!isComplete) return undefined;
      return {
        RunHistory: { ...RunHistory, seen: RunHistory.seen.seen },
        SystemLayout: { ...SystemLayout, seen: SystemLayout.seen.seen },
      };
    });
  }

  /** Merges late content and tries something, until that gives a result or other programs have changed an index too often. */
  async #repeat<Result>(lock: HeldLock, attempt: () => Promise<Result | undefined>): Promise<Result> {
    for (let count = 1; count <= ATTEMPTS; count++) {
      try {
        await this.#mergeLateContent(lock);
        const result = await attempt();
        if (result !== undefined) return result;
      } catch (error) {
        if (!(error instanceof IndexChangedError)) throw error;
      }
      await this.#sleep(count * PAUSE_MS);
    }
    throw new ArtdaqDbError('Another program keeps writing to artdaqDB', { retryable: true });
  }

  /** @returns whether nothing of ours was missing; then the indexes, as they were looked at, are known to be complete */
  async #compareAndList(
    looks: readonly SeenIndex<TextTable | undefined>[],
    lock: HeldLock,
    isAfterDeath: boolean,
  ): Promise<boolean> {
    const { own, ...found } = await this.#compare(looks);
    for (const { store, listings } of own) await this.#list(store, listings, lock, isAfterDeath);
    if (own.length === 0) this.#known = this.#stateOf(found);
    return own.length === 0;
  }

  /**
   * Does the same without changing anything: what is ours and not listed counts as half listed.
   * @returns whether all that is ours is listed
   */
  async inspect(): Promise<boolean> {
    const { own, ...found } = await this.#compare();
    const state = this.#stateOf(found);
    const listings = own.flatMap((each) => each.listings);
    this.#known = { ...state, halfListed: [...state.halfListed, ...configurationsOf(listings)] };
    return own.length === 0;
  }

  /** Did this process list the run's schema document, which was on disk already, and so make the run visible? */
  hasCompleted(configuration: string): boolean {
    return this.#completed.has(configuration);
  }

  /** Forgets the known state: there may be documents that no index lists. */
  doubt(): void {
    this.#known = undefined;
  }

  /**
   * Replaces an index. The state that is known to be complete moves along.
   * @throws IndexChangedError as IndexFile.replace does
   */
  async replaceIndex(
    store: CollectionStore,
    index: IndexState,
    change: IndexChange,
    lock: HeldLock,
  ): Promise<void> {
    const before = this.#known;
    this.#known = undefined;
    const signature = await store.index.replace(index, change, async (stats) => {
      lock.confirm();
      if (stats !== undefined) await this.#replaced.keep(store.name, store.index.path, stats);
    });
    const place = this.#stores.indexOf(store);
    if (before === undefined || before.indexes[place] !== index.signature || signature === undefined) return;
    this.#known = { ...before, indexes: before.indexes.map((each, at) => (at === place ? signature : each)) };
  }

  /**
   * Lists documents under a configuration name that a loader which ran for us stored, but was killed before it listed them.
   * From then on they count as ours.
   * @throws ArtdaqDbError if an index can't be read or written
   */
  async adopt(store: CollectionStore, configuration: string, lock: HeldLock): Promise<void> {
    await this.complete(lock);
    if (this.#known?.halfListed.includes(configuration) !== true) return;
    const { seen: listed } = await store.index.look(noLists, listedIds);
    const { foreign } = await findUnlisted(store, listed, this.#rescued);
    const ids = foreign.flatMap(({ listing }) =>
      listing?.configurations.includes(configuration) ? [listing.id] : [],
    );
    if (ids.length === 0) return;
    await this.#rescued.add(ids);
    this.#known = undefined;
    await this.complete(lock);
  }

  /** @param looks the ids that both indexes list, if they were just looked at */
  async #compare(looks: readonly SeenIndex<TextTable | undefined>[] = []): Promise<DirectoryComparison> {
    this.#hasCompared = true;
    const indexes: (string | undefined)[] = [];
    const own: OwnUnlisted[] = [];
    const foreign: ForeignDocument[] = [];
    for (const [place, store] of this.#stores.entries()) {
      let { signature, seen: listed } = looks[place] ?? { signature: undefined, seen: undefined };
      if (listed === undefined) ({ signature, seen: listed } = await store.index.look(noLists, listedIds));
      indexes.push(signature);
      const unlisted = await findUnlisted(store, listed, this.#rescued);
      if (unlisted.own.length > 0) own.push({ store, listings: unlisted.own });
      foreign.push(...unlisted.foreign);
    }
    return { indexes, own, foreign };
  }

  #stateOf({ indexes, foreign }: Omit<DirectoryComparison, 'own'>): VerifiedState {
    const listings = foreign.flatMap(({ listing }) => listing ?? []);
    const isSettling = this.#report.report(foreign);
    return { indexes, halfListed: configurationsOf(listings), isSettling };
  }

  /** Lists documents that another writer dropped, or that one of ours had no time to list. */
  async #list(
    store: CollectionStore,
    listings: readonly StoredListing[],
    lock: HeldLock,
    isAfterDeath: boolean,
  ): Promise<void> {
    const [, systemLayout] = this.#stores;
    const listed = listings.flatMap(({ texts }) => texts);
    const index = await store.index.read(listsOf(listed));
    await this.replaceIndex(store, index, { added: [], removed: [], listed }, lock);
    if (store === systemLayout) for (const name of configurationsOf(listings)) this.#completed.add(name);
    this.#logger[isAfterDeath ? 'info' : this.#listingLevel](
      `${store.index.path} listed ${listings.length} of our documents no more or not yet; they are listed again`,
    );
    if (!isAfterDeath) this.#listingLevel = 'debug';
  }

  /** Puts into an index what a program wrote into a file that we replaced. */
  async #mergeLateContent(lock: HeldLock): Promise<void> {
    for (const store of this.#stores) {
      for await (const late of this.#replaced.lateContents(store.name)) {
        this.#known = undefined; // What is half listed may change as well.
        if (late === 'torn') continue;
        const { seen: gains } = await store.index.look(noLists, (bytes, { layout }) =>
          gainsOf(late, { bytes, layout }),
        );
        const listed = await stillThere(store, gains);
        if (listed.length === 0) continue;
        await this.#rescued.add(listed.filter(([member]) => member === OUID).map(([, , id]) => id));
        // If somebody listed them since we looked, this changes nothing.
        const index = await store.index.read(listsOf(listed));
        await this.replaceIndex(store, index, { added: [], removed: [], listed }, lock);
      }
    }
  }
}

function configurationsOf(listings: readonly StoredListing[]): string[] {
  return [...new Set(listings.flatMap(({ configurations }) => configurations))];
}

/** An older index may list what we have removed since; stamps go with the documents of their configuration. */
async function stillThere(store: CollectionStore, gains: readonly ListedText[]): Promise<ListedText[]> {
  const there = new Map<string, boolean>();
  for (const [member, , text] of gains) {
    if (member !== ASSIGNED && !there.has(text)) there.set(text, await store.has(text));
  }
  const ids = gains.filter(([member, , text]) => member !== ASSIGNED && there.get(text));
  const configurations = new Set(ids.filter(([member]) => member === CONFIGURATIONS).map(([, key]) => key));
  return [...ids, ...gains.filter(([member, key]) => member === ASSIGNED && configurations.has(key))];
}
