import { join } from 'node:path';
import { ArtdaqDbError, messageOf } from '../../src/errors.ts';
import { sameContent } from '../../src/fhicl/document.ts';
import { errorCode } from '../../src/system-error.ts';
import type { CheckContext } from './collection-scan.ts';
import { type Envelope, readEnvelope } from './entry.ts';

/** One file that can't be read; other failures are the disk's or the server's, and end the check. */
const UNREADABLE: ReadonlySet<string> = new Set(['EACCES', 'EISDIR', 'ELOOP', 'ENOENT', 'EPERM']);

/** Reads documents of one collection, and remembers what they say of themselves. */
export class DocumentReader {
  readonly #collection: string;
  readonly #directory: string;
  readonly #context: CheckContext;
  readonly #envelopes = new Map<string, Envelope>();
  readonly #faults = new Map<string, string>();

  constructor(collection: string, directory: string, context: CheckContext) {
    this.#collection = collection;
    this.#directory = directory;
    this.#context = context;
  }

  /** What a document says of itself, if it was read and could be. */
  envelope(id: string): Envelope | undefined {
    return this.#envelopes.get(id);
  }

  /** Documents that were read and are unreadable, with the reason. */
  get faults(): ReadonlyMap<string, string> {
    return this.#faults;
  }

  pathOf(id: string): string {
    return join(this.#directory, `${id}.json`);
  }

  /** Reads those that were not read yet. */
  async read(ids: Iterable<string>): Promise<void> {
    for (const id of ids) {
      if (this.#envelopes.has(id) || this.#faults.has(id)) continue;
      this.#context.throwIfStopped();
      try {
        this.#envelopes.set(
          id,
          readEnvelope(await this.#context.files.readFile(this.pathOf(id)), this.#collection),
        );
      } catch (error) {
        if (!isDocumentFault(error)) throw error;
        this.#faults.set(id, messageOf(error));
      }
    }
  }

  /** Do two readable documents hold the same data? */
  async isSame(one: string, other: string): Promise<boolean> {
    const [first, second] = await Promise.all(
      [one, other].map((id) => this.#context.files.readFile(this.pathOf(id))),
    );
    return first !== undefined && second !== undefined && sameContent(String(first), String(second));
  }
}

/** A document that can't be read is one thing; a disk or server that fails would make all of them look lost. */
function isDocumentFault(error: unknown): boolean {
  return error instanceof ArtdaqDbError || UNREADABLE.has(errorCode(error) ?? '');
}
