import { ArtdaqDbError } from '../errors.ts';
import { type Collection, sameContent } from '../fhicl/document.ts';
import { otherContent } from './presence.ts';
import { type DocumentEntry, ownObjectId, randomObjectId, type StoredDocument } from './stored-document.ts';
import { type NewDocument, type Submission, withId } from './submission.ts';

/** The documents that a collection holds already. */
export interface DocumentSource {
  readonly name: Collection;
  /**
   * Reads documents in the order of the ids.
   * @param take what to keep of each
   * @throws ArtdaqDbError naming the first that is missing or unreadable
   */
  read<Kept>(ids: readonly string[], take: (document: StoredDocument) => Kept): Promise<Kept[]>;
  /** The document of an id; undefined if it does not exist. */
  readIfPresent(id: string): Promise<StoredDocument | undefined>;
}

/** What must happen in one collection so that it holds a submission. */
export interface CollectionPlan {
  readonly write: readonly NewDocument[];
  /** Ids of the documents to write that do not exist yet; they are removed again if the rest fails. */
  readonly fresh: readonly string[];
  /** Leftovers of our own that the run no longer has. */
  readonly removed: readonly DocumentEntry[];
}

/**
 * Compares the documents of an insert with the leftovers under that name: from an interrupted insert of ours, or a load by the
 * C++ tools that ended half-way. Equal documents are adopted, our own are replaced, and a document that somebody else wrote is
 * never touched.
 * @throws ArtdaqDbError naming the entity if a foreign document is in the way
 */
export async function planInsert(
  submission: Submission,
  documents: readonly NewDocument[],
  store: DocumentSource,
  listed: readonly string[],
  now: () => Date,
): Promise<CollectionPlan> {
  const leftovers = await readLeftovers(store, documents, listed);
  const isOurs = ({ entry }: StoredDocument): boolean =>
    entry.id === ownObjectId(store.name, submission.configuration, entry.entity);
  const write: NewDocument[] = [];
  const kept = new Set<string>();
  for (const document of documents) {
    const stored = leftovers.filter(({ entry }) => entry.entity === document.entry.entity);
    const equal = stored.find(({ json }) => isEqual(json, document));
    if (equal === undefined) write.push(document);
    kept.add((equal?.entry ?? document.entry).id);
  }
  const others = leftovers.filter(({ entry }) => !kept.has(entry.id));
  // The C++ tools may have stored the same twice, which is harmless.
  const isWanted = ({ entry, json }: StoredDocument): boolean =>
    documents.some((document) => document.entry.entity === entry.entity && isEqual(json, document));
  const foreign = others.find((leftover) => !isOurs(leftover) && !isWanted(leftover));
  if (foreign !== undefined) throw foreignLeftover(submission, foreign);
  return {
    ...(await settleIds(submission, write, store, now)),
    removed: others.filter(isOurs).map(({ entry }) => entry),
  };
}

/**
 * Compares the documents of an update with the run's own.
 * @throws ArtdaqDbPresenceError if an entity is stored already with another content
 */
export async function planUpdate(
  submission: Submission,
  documents: readonly NewDocument[],
  store: DocumentSource,
  listed: readonly string[],
  now: () => Date,
): Promise<CollectionPlan> {
  const stored = await store.read(listed, whole);
  const write: NewDocument[] = [];
  for (const document of documents) {
    const { entity } = document.entry;
    const present = stored.filter(({ entry }) => entry.entity === entity);
    if (present.length === 0) write.push(document);
    else if (!present.some(({ json }) => isEqual(json, document))) {
      throw otherContent(submission, entity);
    }
  }
  return { ...(await settleIds(submission, write, store, now)), removed: [] };
}

/** A listed document of ours may be missing after a power cut, and is written again; all others must be readable. */
async function readLeftovers(
  store: DocumentSource,
  documents: readonly NewDocument[],
  listed: readonly string[],
): Promise<StoredDocument[]> {
  const own = new Set(documents.map(({ entry }) => entry.id));
  const present = await Promise.all(listed.filter((id) => own.has(id)).map((id) => store.readIfPresent(id)));
  const others = await store.read(
    listed.filter((id) => !own.has(id)),
    whole,
  );
  return [...present.filter((document) => document !== undefined), ...others];
}

/** Our ids follow from names. If another document holds one of them, a random id takes its place. */
async function settleIds(
  submission: Submission,
  documents: readonly NewDocument[],
  store: DocumentSource,
  now: () => Date,
): Promise<Omit<CollectionPlan, 'removed'>> {
  const fresh: string[] = [];
  const write = await Promise.all(
    documents.map(async (document) => {
      const holder = await store.readIfPresent(document.entry.id);
      if (holder !== undefined && isSameDocument(holder.entry, document.entry)) return document;
      const free =
        holder === undefined ? document : withId(document, submission.run, randomObjectId(), now());
      fresh.push(free.entry.id);
      return free;
    }),
  );
  return { write, fresh };
}

function isEqual(json: string, document: NewDocument): boolean {
  return sameContent(json, document.bytes.toString());
}

function isSameDocument(one: DocumentEntry, other: DocumentEntry): boolean {
  return one.entity === other.entity && one.version === other.version;
}

function foreignLeftover(
  { run, configuration }: Submission,
  { place, entry }: StoredDocument,
): ArtdaqDbError {
  return new ArtdaqDbError(
    `Run ${run} is half stored under '${configuration}' by another program, and its document '${entry.entity}' ` +
      `(${place}) is not what the run record gives; complete the run or take that document out with the artdaq tools`,
    { run, fault: 'run' },
  );
}

function whole(document: StoredDocument): StoredDocument {
  return document;
}
