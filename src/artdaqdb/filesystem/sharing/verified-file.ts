import { join } from 'node:path';
import { namingFile, undefinedIfMissing } from '../../../system-error.ts';
import { privateDirectory } from '../database-directories.ts';
import type { DatabaseFiles } from '../database-files.ts';

/** A state of the database that was compared with the documents on disk. */
export interface VerifiedState {
  /** Signatures of RunHistory's and SystemLayout's index. */
  readonly indexes: readonly (string | undefined)[];
  /** Configurations of which other programs' documents are on disk that no index lists. */
  readonly halfListed: readonly string[];
  /** Documents of other programs may be on their way into the indexes, so this state is not worth remembering. */
  readonly isSettling?: boolean;
}

/** Do the indexes have these signatures in that state? */
export function isState(
  state: VerifiedState | undefined,
  current: readonly (string | undefined)[],
): state is VerifiedState {
  return state !== undefined && current.every((signature, place) => signature === state.indexes[place]);
}

/**
 * Remembers from one execution to the next which state of the indexes lists all that is ours. It exists only while nobody of
 * this project is writing, so its absence also shows that a writer died.
 */
export class VerifiedFile {
  readonly path: string;
  readonly #files: DatabaseFiles;

  constructor(database: string, files: DatabaseFiles) {
    this.path = join(privateDirectory(database), 'verified.json');
    this.#files = files;
  }

  /** The remembered state; undefined if there is none, or if the file is torn. */
  async read(): Promise<VerifiedState | undefined> {
    const bytes = await this.#files.readFile(this.path).catch(undefinedIfMissing);
    return bytes && parse(bytes.toString());
  }

  /** @throws the system's error */
  async write({ indexes, halfListed }: VerifiedState): Promise<void> {
    const handle = await this.#files.open(this.path, 'w');
    try {
      await handle.writeFile(`${JSON.stringify({ indexes, halfListed })}\n`).catch(namingFile(this.path));
    } finally {
      await handle.close();
    }
  }

  /** @throws the system's error */
  async forget(): Promise<void> {
    await this.#files.rm(this.path, { force: true });
  }
}

/** A file that is cut off or not ours counts as missing: then the database is compared again. */
function parse(text: string): VerifiedState | undefined {
  if (!text.endsWith('}\n')) return undefined;
  try {
    const state: unknown = JSON.parse(text);
    if (typeof state !== 'object' || state === null) return undefined;
    const { indexes, halfListed } = { indexes: undefined, halfListed: undefined, ...state };
    return isTexts(indexes) && isTexts(halfListed) ? { indexes, halfListed } : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}
