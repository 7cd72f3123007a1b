import { signatureOf } from '../../../../file-signature.ts';
import { undefinedIfMissing } from '../../../../system-error.ts';
import { asDatabaseError, type DatabaseFiles } from '../database-files.ts';
import { IndexBytes } from './index-bytes.ts';
import type { IndexFile, Look } from './index-file.ts';
import { type ListSpan, textsOf } from './index-scan.ts';

/** Where the lists were in a state of the file. */
interface KnownLists {
  readonly signature: string;
  readonly lists: ReadonlyMap<string, ReadonlyMap<string, ListSpan>>;
}

/**
 * Look-ups in an index. Between two changes of the file only the places of its lists are kept, so that a look-up reads
 * one list, and memory holds no ids.
 */
export class IndexReader {
  readonly #index: IndexFile;
  readonly #files: DatabaseFiles;
  readonly #members: readonly string[];
  #known: KnownLists | undefined;

  /** @param members the maps that can be looked into */
  constructor(index: IndexFile, files: DatabaseFiles, members: readonly string[]) {
    this.#index = index;
    this.#files = files;
    this.#members = members;
  }

  /**
   * The keys of a map that have anything listed.
   * @throws ArtdaqDbError if the index can't be read
   */
  async keys(member: string): Promise<string[]> {
    return this.#reading(async () => {
      const known = await this.#upToDate();
      const lists = known?.lists.get(member) ?? new Map<string, ListSpan>();
      return [...lists].filter(([, list]) => list.count > 0).map(([key]) => key);
    });
  }

  /**
   * The list of a key, in each of the maps; empty where there is none.
   * @throws ArtdaqDbError if the index can't be read
   */
  async lists(key: string): Promise<Map<string, string[]>> {
    return this.#reading(async () => (await this.#listsOfKnown(key)) ?? (await this.#listsAnew(key)));
  }

  async #upToDate(): Promise<KnownLists | undefined> {
    const signature = await this.#index.signature();
    if (signature === undefined || signature !== this.#known?.signature) await this.#load(() => undefined);
    return this.#known;
  }

  async #listsOfKnown(key: string): Promise<Map<string, string[]> | undefined> {
    const known = this.#known;
    if (known === undefined) return undefined;
    const handle = await this.#files.open(this.#index.path, 'r').catch(undefinedIfMissing);
    if (handle === undefined) return undefined;
    try {
      if (signatureOf(await handle.stat({ bigint: true })) !== known.signature) return undefined;
      const read = new Map<string, Buffer>();
      for (const member of this.#members) {
        const list = known.lists.get(member)?.get(key);
        if (list === undefined) continue;
        const bytes = Buffer.alloc(list.end - list.start);
        const { bytesRead } = await handle.read(bytes, 0, bytes.length, list.start);
        if (bytesRead !== bytes.length) return undefined;
        read.set(member, bytes);
      }
      if (signatureOf(await handle.stat({ bigint: true })) !== known.signature) return undefined;
      return new Map(
        [...read].map(([member, bytes]) => [
          member,
          textsOf(IndexBytes.of(bytes), { start: 0, end: bytes.length }),
        ]),
      );
    } finally {
      await handle.close();
    }
  }

  async #listsAnew(key: string): Promise<Map<string, string[]>> {
    return this.#load((bytes, { layout }) => {
      const found = new Map<string, string[]>();
      for (const member of this.#members) {
        const list = layout.maps.get(member)?.lists.get(key);
        if (list !== undefined) found.set(member, textsOf(bytes, list));
      }
      return found;
    });
  }

  async #load<Seen>(look: Look<Seen>): Promise<Seen> {
    const { layout, signature, seen } = await this.#index.look(
      (member) => this.#members.includes(member),
      look,
    );
    const lists = new Map([...layout.maps].map(([member, map]) => [member, map.lists] as const));
    this.#known = signature === undefined ? undefined : { signature, lists };
    return seen;
  }

  async #reading<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      throw asDatabaseError(error, `Cannot read ${this.#index.path}`);
    }
  }
}
