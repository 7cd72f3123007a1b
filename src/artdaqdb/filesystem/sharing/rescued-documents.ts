import { join } from 'node:path';
import { namingFile, undefinedIfMissing } from '../../../system-error.ts';
import { privateDirectory } from '../database-directories.ts';
import type { DatabaseFiles } from '../database-files.ts';

/**
 * The documents of other programs whose place in an index our renames nearly cost. A writer that had read the index before
 * they were listed again takes them out once more, so that this project goes on to answer for them as for its own.
 */
export class RescuedDocuments {
  readonly #path: string;
  readonly #files: DatabaseFiles;

  constructor(database: string, files: DatabaseFiles) {
    this.#path = join(privateDirectory(database), 'rescued');
    this.#files = files;
  }

  /** Their ids. */
  async ids(): Promise<ReadonlySet<string>> {
    const bytes = await this.#files.readFile(this.#path).catch(undefinedIfMissing);
    return new Set(bytes?.toString('latin1').split('\n').filter(Boolean));
  }

  /** To be called before they are listed again: a crash in between must not forget them. */
  async add(ids: readonly string[]): Promise<void> {
    const handle = await this.#files.open(this.#path, 'a');
    try {
      await handle.writeFile(ids.map((id) => `${id}\n`).join('')).catch(namingFile(this.#path));
    } finally {
      await handle.close();
    }
  }
}
