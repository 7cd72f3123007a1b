import { lstat, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ArchiverError, messageOf } from '../../src/errors.ts';
import type { FhiclFile } from '../../src/fhicl/fhicl-file.ts';
import { makeDirectory } from '../../src/files/directories.ts';
import type { RunNumber } from '../../src/runs/run-number.ts';
import { undefinedIfMissing } from '../../src/system-error.ts';

/** A directory that keeps files of runs as `run_<number>/<name>`. */
export class KeptFiles {
  readonly #directory: string;

  /** @throws ArchiverError if the directory can't be made */
  constructor(directory: string) {
    this.#directory = directory;
    try {
      makeDirectory(directory);
    } catch (error) {
      throw new ArchiverError(`${directory} can't be made: ${messageOf(error)}`, { cause: error });
    }
  }

  /**
   * Removes what an earlier comparison left of a run.
   * @throws ArchiverError if its directory holds anything else, and leaves that alone
   */
  async clear(run: RunNumber): Promise<void> {
    const directory = this.#of(run);
    await this.#attempt(run, async () => {
      const stats = await lstat(directory).catch(undefinedIfMissing);
      if (stats === undefined) return;
      if (!stats.isDirectory()) throw new ArchiverError('it is no directory');
      const entries = await readdir(directory, { withFileTypes: true });
      const foreign = entries.find((entry) => !entry.isFile() || !entry.name.endsWith('.fcl'));
      if (foreign !== undefined) {
        throw new ArchiverError(`it holds ${foreign.name}, which no export leaves; move the directory away`);
      }
      await rm(directory, { recursive: true });
    });
  }

  /**
   * Writes the files of a run. Their names must be base names.
   * @throws ArchiverError if one can't be written
   */
  async write(run: RunNumber, files: readonly FhiclFile[]): Promise<void> {
    await this.#attempt(run, async () => {
      await mkdir(this.#of(run));
      for (const { name, text } of files) await writeFile(join(this.#of(run), name), text, { flag: 'wx' });
    });
  }

  #of(run: RunNumber): string {
    return join(this.#directory, `run_${run}`);
  }

  async #attempt(run: RunNumber, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      throw new ArchiverError(`${this.#of(run)} can't be written anew: ${messageOf(error)}`, {
        cause: error,
        run,
      });
    }
  }
}
