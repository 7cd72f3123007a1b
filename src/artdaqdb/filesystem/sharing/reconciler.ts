import { ArtdaqDbError, messageOf } from '../../../errors.ts';
import type { Logger } from '../../../log/logger.ts';
import type { CollectionStore } from '../collection-store.ts';
import type { HeldLock } from '../database-lock.ts';
import type { IndexBytes } from '../index/index-bytes.ts';
import { CONFIGURATIONS, type IndexChange, type ListedText, listsOf, OUID } from '../index/index-entry.ts';
import { IndexChangedError, type IndexState, type SeenIndex } from '../index/index-file.ts';
import { noLists } from '../index/index-scan.ts';
import type { TextTable } from '../index/text-table.ts';
import { compareIndexes, type Listed, type ListOwn } from './comparison.ts';
import { mergeLateContent } from './late-content.ts';
import { ForeignReport, findUnlisted, listedIds } from './unlisted-documents.ts';
import { isState, type VerifiedFile, type VerifiedState } from './verified-state.ts';

/** What a reconciler works with. */
export interface ReconcilerParts {
  readonly runHistory: CollectionStore;
  readonly systemLayout: CollectionStore;
  readonly verified: VerifiedFile;
  readonly now: () => Date;
  readonly sleep: (milliseconds: number) => Promise<unknown>;
  readonly logger: Pick<Logger, 'debug' | 'info' | 'warning'>;
}

/** A program without lock that writes all the time may get between again and again, for some seconds at most. */
const ATTEMPTS = 40;
const PAUSE_MS = 5;

/**
 * Keeps the indexes complete although other programs write them without a lock. It knows the state of both in which all
 * documents of this project were listed; when they are in another one, it compares them with the directories.
 */
export class Reconciler {
  readonly #parts: ReconcilerParts;
  /** RunHistory comes first: a run's documents are listed before its schema document makes it visible. */
  readonly #stores: readonly CollectionStore[];
  readonly #report: ForeignReport;
  #known: VerifiedState | undefined;
  /** Documents of other programs may be on their way, so the state is not worth remembering. */
  #isSettling = false;
  #hasListed = false;
  /** What is not listed may be what a killed process of ours had no time to list. */
  #isAfterDeath = false;
  /** Other programs may be at work, as an index was found that we had not left like that. */
  #hasCompared = false;
  readonly #completed = new Set<string>();

  constructor(parts: ReconcilerParts) {
    this.#parts = parts;
    this.#report = new ForeignReport(parts.now, parts.logger);
    this.#stores = [parts.runHistory, parts.systemLayout];
  }

  /** What tells the present state of the indexes from others. */
  signatures(): Promise<(string | undefined)[]> {
    return Promise.all(this.#stores.map(({ index }) => index.signature()));
  }

  /**
   * The state of the indexes if it is the one that is known, or was remembered, or if there is no database; else undefined.
   * Needs no lock and changes nothing.
   * @param before an earlier state, which it must still be; as {@link signatures} gave it
   */
  async verifiedState(before?: readonly (string | undefined)[]): Promise<VerifiedState | undefined> {
    const [current, hasLateContent] = await Promise.all([this.signatures(), this.#hasLateContent()]);
    if (before !== undefined && before.join() !== current.join()) return undefined;
    if (current.every((signature) => signature === undefined)) return { indexes: current, halfListed: [] };
    if (hasLateContent) return undefined;
    if (isState(this.#known, current)) return this.#known;
    const remembered = await this.#parts.verified.read();
    if (!isState(remembered, current)) return undefined;
    this.#known = remembered;
    this.#isSettling = false;
    return remembered;
  }

  /**
   * Begins to write: brings the indexes to a known state, and takes back the remembered one until {@link end}.
   * @throws ArtdaqDbError if an index can't be read or written
   */
  async begin(lock: HeldLock): Promise<void> {
    this.#known = lock.takenOver ? undefined : await this.#parts.verified.read();
    this.#isSettling = false;
    await this.#parts.verified.forget();
    this.#isAfterDeath = lock.takenOver;
    await this.reach(lock);
    this.#isAfterDeath = false;
  }

  /**
   * Ends writing: whatever other programs did meanwhile, all that is ours is listed; remembers that state.
   * @throws ArtdaqDbError if an index can't be read or written
   */
  async end(lock: HeldLock): Promise<void> {
    await this.reach(lock);
    for (const { replaced } of this.#stores) await replaced.trim(this.#hasCompared);
    await this.#remember();
  }

  /** What {@link accepts} has to be told of an index: all ids that it lists, if it is not in the known state. */
  listedUnlessKnown(store: CollectionStore, bytes: IndexBytes, index: IndexState): TextTable | undefined {
    return this.#knows(store, index.signature) ? undefined : listedIds(bytes, index);
  }

  /** Do these indexes, as just looked at, list all that is ours? They may have been changed since. */
  async accepts(runHistory: SeenIndex<Listed>, systemLayout: SeenIndex<Listed>): Promise<boolean> {
    const indexes = [runHistory, systemLayout];
    if (indexes.every(({ seen }) => seen.listed === undefined)) return true;
    const state = await this.#compare(async () => false, indexes);
    this.#known = state ?? this.#known;
    return state !== undefined;
  }

  #knows(store: CollectionStore, signature: string | undefined): boolean {
    return this.#known !== undefined && this.#known.indexes[this.#stores.indexOf(store)] === signature;
  }

  /** Did this process list the run's schema document, and so make it visible, as it was on disk already? */
  hasCompleted(configuration: string): boolean {
    return this.#completed.has(configuration);
  }

  /** The known state is not to be trusted any more: documents may have been left that no index lists. */
  doubt(): void {
    this.#known = undefined;
  }

  /**
   * Replaces an index and keeps account of it.
   * @throws IndexChangedError as IndexFile.replace does
   */
  async replace(
    store: CollectionStore,
    index: IndexState,
    change: IndexChange,
    lock: HeldLock,
  ): Promise<void> {
    const before = this.#known;
    const isKnown = this.#knows(store, index.signature);
    this.#known = undefined;
    try {
      const signature = await store.index.replace(index, change, async (stats) => {
        lock.confirm();
        if (stats !== undefined) await store.replaced.keep(store.index.path, stats);
      });
      if (before === undefined || !isKnown || signature === undefined) return;
      const place = this.#stores.indexOf(store);
      this.#known = {
        ...before,
        indexes: before.indexes.map((each, at) => (at === place ? signature : each)),
      };
    } catch (error) {
      if (error instanceof IndexChangedError) this.#known = before;
      throw error;
    }
  }

  /**
   * Brings the indexes to a state in which all that is ours is listed, and all that other programs wrote into a file whose
   * place we took.
   */
  async reach(lock: HeldLock): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        for (const store of this.#stores) await this.#mergeLate(store, lock);
        if (isState(this.#known, await this.signatures())) return;
        this.#known = await this.#compare((store, texts) => this.#list(store, texts, lock));
        if (this.#known !== undefined) return;
      } catch (error) {
        if (!(error instanceof IndexChangedError)) throw error;
      }
      if (attempt === ATTEMPTS) {
        throw new ArtdaqDbError('Another program keeps writing to artdaqDB', { retryable: true });
      }
      await this.#parts.sleep(attempt * PAUSE_MS);
    }
  }

  /**
   * Lists the documents of other programs under a configuration name that are on disk and not listed: a loader that ran for
   * us was killed before it came to that. From then on they are answered for like our own.
   * @throws ArtdaqDbError if an index can't be read or written
   */
  async adopt(store: CollectionStore, configuration: string, lock: HeldLock): Promise<void> {
    await this.reach(lock);
    if (this.#known?.halfListed.includes(configuration) !== true) return;
    const { seen: listed } = await store.index.look(noLists, listedIds);
    const { foreign } = await findUnlisted(store, listed, await store.rescued.ids());
    const ids = foreign.flatMap(({ listing }) =>
      listing?.configurations.includes(configuration) ? [listing.id] : [],
    );
    if (ids.length === 0) return;
    await store.rescued.add(ids);
    this.#known = undefined;
    await this.reach(lock);
  }

  /**
   * As {@link reach}, but changes nothing: what is ours and not listed counts as half listed.
   * @returns whether all that is ours is listed
   */
  async inspect(): Promise<boolean> {
    const found = new Set<string>();
    const state = await this.#compare(async (_store, texts) => {
      for (const [member, key] of texts) if (member === CONFIGURATIONS) found.add(key);
      return true;
    });
    this.#known = state && { ...state, halfListed: [...state.halfListed, ...found] };
    return found.size === 0;
  }

  async #remember(): Promise<void> {
    const known = this.#known;
    if (this.#isSettling || !isState(known, await this.signatures())) return;
    const { verified, logger } = this.#parts;
    try {
      await verified.write(known);
    } catch (error) {
      logger.warning(
        `${verified.path} could not be written, so the next execution compares all documents: ${messageOf(error)}`,
      );
    }
  }

  async #hasLateContent(): Promise<boolean> {
    const haveChanged = await Promise.all(this.#stores.map(({ replaced }) => replaced.haveChanged()));
    return haveChanged.includes(true);
  }

  async #compare(
    listOwn: ListOwn,
    seen: readonly SeenIndex<Listed>[] = [],
  ): Promise<VerifiedState | undefined> {
    this.#hasCompared = true;
    const comparison = await compareIndexes(this.#stores, listOwn, seen, this.#known);
    if (comparison === undefined) return undefined;
    this.#isSettling = this.#report.report(comparison.foreign);
    return comparison.state;
  }

  /** Lists documents again that another writer dropped, or that one of ours had no time to list. */
  async #list(store: CollectionStore, texts: readonly ListedText[], lock: HeldLock): Promise<false> {
    const index = await store.index.read(listsOf(texts));
    await this.replace(store, index, { added: [], removed: [], listed: texts }, lock);
    if (store === this.#parts.systemLayout) {
      for (const [member, key] of texts) if (member === CONFIGURATIONS) this.#completed.add(key);
    }
    const count = texts.filter(([member]) => member === OUID).length;
    const { logger } = this.#parts;
    const problem = `${store.index.path} listed ${count} of our documents no more or not yet; they are listed again`;
    if (this.#isAfterDeath) logger.info(problem);
    // Again and again while another program keeps writing: one warning says it all.
    else if (this.#hasListed) logger.debug(problem);
    else logger.warning(problem);
    this.#hasListed ||= !this.#isAfterDeath;
    return false;
  }

  /** What a program wrote into the index whose place we took goes into the new one. */
  async #mergeLate(store: CollectionStore, lock: HeldLock): Promise<void> {
    for await (const late of store.replaced.lateContents()) {
      this.#known = undefined;
      if (late === 'torn') continue;
      await mergeLateContent(store, late, (index, change) => this.replace(store, index, change, lock));
    }
  }
}
