import { ArtdaqDbError, messageOf } from '../../errors.ts';
import {
  isJsonObject,
  type JsonObject,
  memberName,
  parseQuickly,
  parseStoredJson,
} from '../../fhicl/json.ts';
import type { RunNumber } from '../../runs/run-number.ts';
import type { CollectionPlan } from '../run-plan.ts';
import type { DocumentEntry } from '../stored-document.ts';
import { faultOfContent, type NewDocument, type Submission } from '../submission.ts';
import type { MongoAddress } from './address.ts';
import { bsonSize } from './bson.ts';
import type { MongoCollection } from './collection.ts';
import { asArtdaqDbError, isRefusal, refusedDocument } from './faults.ts';
import { bsonOfStored } from './stored-bson.ts';

/** What documents are written with. */
export interface DocumentWriterParts {
  readonly address: MongoAddress;
  /** The largest document that the server takes, in bytes. */
  readonly largestDocument: number;
  readonly takesDottedNames: boolean;
  readonly warn: (message: string) => void;
}

/** The server can't hold a document. Nothing that was written with it is left. */
export class RefusedDocumentError extends ArtdaqDbError {}

/** How many bytes of BSON one byte of stored JSON can become, in long sequences of empty strings. */
const MOST_GROWTH = 4;
/** How many names a message shows. */
const MOST_NAMES = 5;

/** Writes planned documents, or tells by file and name why the server can't hold one. */
export class DocumentWriter {
  readonly #parts: DocumentWriterParts;

  constructor(parts: DocumentWriterParts) {
    this.#parts = parts;
  }

  /**
   * Finds documents that the server can't hold before anything is sent.
   * @throws RefusedDocumentError naming the file
   */
  check({ run, documents }: Submission): void {
    for (const document of documents) {
      this.#checkSize(document, run);
      this.#checkNames(document, run);
    }
  }

  /**
   * Writes what is planned for one collection.
   * @param replaced documents that must make room
   * @throws RefusedDocumentError naming the file if the server refuses or alters a document; otherwise errors of the driver
   */
  async write(
    { run }: Submission,
    collection: MongoCollection,
    plan: CollectionPlan,
    replaced: readonly DocumentEntry[],
  ): Promise<void> {
    await collection.remove([...replaced, ...plan.removed]);
    try {
      await collection.add(plan.write.map(({ bytes }) => bsonOfStored(bytes)));
      await this.compare(plan.write, collection, run);
    } catch (error) {
      const refusal = error instanceof RefusedDocumentError ? error : this.#refusal(error, plan.write, run);
      if (refusal === undefined) throw error;
      // Only those that are certainly ours: another archiver may have stored the rest.
      const added = plan.write.slice(0, refusedDocument(error) ?? plan.write.length);
      await this.takeAway(added, collection);
      throw refusal;
    }
  }

  /** Removes what was added, unless others have replaced it. A failure is only a warning: the next insert deals with the rest. */
  async takeAway(added: readonly NewDocument[], collection: MongoCollection): Promise<void> {
    try {
      await collection.remove(added.map(({ entry }) => entry));
    } catch (error) {
      const reason = this.#parts.address.hide(messageOf(error));
      this.#parts.warn(`Documents of a run that can't be stored stay in ${collection.name}: ${reason}`);
    }
  }

  #checkSize({ bytes, file }: NewDocument, run: RunNumber): void {
    const { largestDocument } = this.#parts;
    if (bytes.length * MOST_GROWTH <= largestDocument) return;
    const size = bsonSize(contentOf({ bytes }));
    if (size <= largestDocument) return;
    throw new RefusedDocumentError(
      `Run ${run}: ${file.name} becomes a document of ${size} bytes, and MongoDB holds ${largestDocument} at most; ` +
        'it can only be stored in smaller files',
      { run, fault: faultOfContent(file) },
    );
  }

  #checkNames({ bytes, file }: NewDocument, run: RunNumber): void {
    if (this.#parts.takesDottedNames) return;
    const { dotted } = fragileNames(contentOf({ bytes }));
    if (dotted.length === 0) return;
    throw new RefusedDocumentError(
      `Run ${run}: ${file.name} has the names ${listed(dotted)}, and MongoDB takes names with dots from version 5.0 on; ` +
        'update the server',
      { run, fault: faultOfContent(file) },
    );
  }

  /**
   * Reads documents back, because some servers silently keep one of several entries of a name.
   * @throws RefusedDocumentError naming the file
   */
  async compare(
    documents: readonly NewDocument[],
    collection: MongoCollection,
    run: RunNumber,
  ): Promise<void> {
    const fragile = documents
      .map((document) => ({ document, names: namesAtRisk(document) }))
      .filter(({ names }) => names.length > 0);
    if (fragile.length === 0) return;
    const stored = await collection.read(fragile.map(({ document }) => document.entry.id));
    for (const { document, names } of fragile) {
      if (stored.get(document.entry.id)?.equals(document.bytes)) continue;
      throw new RefusedDocumentError(
        `Run ${run}: ${document.file.name} can't be stored in this MongoDB server, which does not keep names that have dots ` +
          `or repeat (${listed(names)}) as they are`,
        { run, fault: faultOfContent(document.file) },
      );
    }
  }

  #refusal(error: unknown, documents: readonly NewDocument[], run: RunNumber): Error | undefined {
    const document = documents[refusedDocument(error) ?? -1];
    if (document === undefined || !isRefusal(error)) return undefined;
    const names = namesAtRisk(document);
    const suspects = names.length === 0 ? '' : `, maybe for its names ${listed(names)}`;
    const what = `Run ${run}: ${document.file.name} can't be stored in artdaqDB${suspects}`;
    const { message, cause, fault } = asArtdaqDbError(error, { address: this.#parts.address, what, run });
    return new RefusedDocumentError(message, {
      run,
      cause,
      fault: fault === 'run' ? faultOfContent(document.file) : fault,
    });
  }
}

/** The stored JSON of a document, parsed. */
export function contentOf({ bytes }: Pick<NewDocument, 'bytes'>): JsonObject {
  return parseStoredJson(bytes.toString());
}

/** How the metadata of a document begin. */
const METADATA = ',\n"metadata" : {\n"prolog" : {\n"type" : "table",\n"comment" : "#prolog",\n';

/** A document without its metadata and what follows, which are four fifths of it and repeat no name. */
function dataOf(document: Pick<NewDocument, 'bytes'>): JsonObject {
  const data = document.bytes.toString('utf8', 0, document.bytes.indexOf(METADATA));
  // Tables that are named like these stand deeper, so that the brackets don't match.
  return parseQuickly(`${data}}}`) ?? contentOf(document);
}

/** Names that not every server keeps, of a document to be stored. */
export function namesAtRisk(document: Pick<NewDocument, 'bytes'>): string[] {
  const { dotted, repeated } = fragileNames(dataOf(document));
  return [...new Set([...dotted, ...repeated])];
}

function listed(names: readonly string[]): string {
  const shown = names
    .slice(0, MOST_NAMES)
    .map((name) => `'${name}'`)
    .join(', ');
  return names.length > MOST_NAMES ? `${shown} and ${names.length - MOST_NAMES} more` : shown;
}

/** Names of entries that not every server keeps as they are. */
export interface FragileNames {
  /** `a.b.c`, which servers before 5.0 refuse. */
  readonly dotted: readonly string[];
  /** Repeated names, of which some servers keep only one. */
  readonly repeated: readonly string[];
}

/** The fragile names of a parsed document. FHiCL allows them only at top level and in prologs. */
export function fragileNames({ document }: JsonObject): FragileNames {
  const data = isJsonObject(document) ? document.data : undefined;
  const sections = isJsonObject(data) ? Object.values(data).filter(isJsonObject) : [];
  return {
    dotted: namesOf(sections, (key) => key.includes('.')),
    repeated: namesOf(sections, (key) => memberName(key) !== key),
  };
}

function namesOf(sections: readonly JsonObject[], isWanted: (key: string) => boolean): string[] {
  return [...new Set(sections.flatMap((section) => Object.keys(section).filter(isWanted).map(memberName)))];
}
