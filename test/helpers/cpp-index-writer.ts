import { type FileHandle, open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FRESH_INDEX } from '../../src/artdaqdb/filesystem/index/index-entry.ts';
import { randomObjectId, storedDocument } from '../../src/artdaqdb/stored-document.ts';
import { type Collection, toStoredJson } from '../../src/fhicl/document.ts';
import { changedIndex } from './changed-index.ts';

/** What a C++ tool is going to store. */
export interface CppDocument {
  readonly database: string;
  readonly collection: Collection;
  readonly run: number;
  readonly entity: string;
  readonly text?: string;
  /** When the tool says it was. */
  readonly now?: Date;
}

/**
 * Stores a document as the C++ tools do, in the steps in which they do it: the document; reading the whole index; cutting the
 * index of that name off to nothing; writing it anew piece by piece. There is no lock, and nothing is looked at twice.
 */
export class CppIndexWriter {
  readonly id = randomObjectId();
  readonly #document: CppDocument;
  readonly #index: string;
  #content: Buffer | undefined;
  #handle: FileHandle | undefined;

  constructor(document: CppDocument) {
    this.#document = document;
    this.#index = join(document.database, document.collection, 'index.json');
  }

  /** All steps. */
  async store(): Promise<string> {
    await this.readIndex();
    await this.cutIndexOff();
    await this.writeIndex();
    return this.id;
  }

  /** Writes the document and reads the index. */
  async readIndex(): Promise<void> {
    const { database, collection, run, entity, text = '\na: 1 \n', now = new Date(0) } = this.#document;
    const path = join(database, collection, `${this.id}.json`);
    const json = toStoredJson(text, { entity, run, config: 'standard', collection, id: this.id, now });
    await writeFile(path, json);
    const { entry } = storedDocument(path, this.id, Buffer.from(json));
    const read = await readFile(this.#index);
    const bytes = read.toString() === FRESH_INDEX ? Buffer.from('{}') : read;
    this.#content = changedIndex(bytes, { added: [entry], removed: [] });
  }

  /** Opens the index that has the name at this time, and empties it. */
  async cutIndexOff(): Promise<void> {
    this.#handle = await open(this.#index, 'w');
  }

  /**
   * Opens the index that has the name at this time; the system may let another process run before it empties it.
   * @returns empties and writes it
   */
  async openWithoutCuttingOff(): Promise<() => Promise<void>> {
    const handle = await open(this.#index, 'r+');
    this.#handle = handle;
    return async () => {
      await handle.truncate();
      await this.writeIndex();
    };
  }

  async writeIndex(): Promise<void> {
    await this.writePart(0, 1);
    await this.#handle?.close();
  }

  /** Writes from one fraction of the index to another. */
  async writePart(from: number, to: number): Promise<void> {
    const content = this.#content ?? Buffer.alloc(0);
    const at = (fraction: number) => Math.floor(content.length * fraction);
    await this.#handle?.writeFile(content.subarray(at(from), at(to)));
  }

  /** As if the tool were killed. */
  async abandon(): Promise<void> {
    await this.#handle?.close();
  }
}
