import { basename, join } from 'node:path';
import type { DatabaseFiles } from '../../src/artdaqdb/filesystem/database-files.ts';
import type { IndexBytes } from '../../src/artdaqdb/filesystem/index/index-bytes.ts';
import { IndexFile, type IndexState } from '../../src/artdaqdb/filesystem/index/index-file.ts';
import { noLists } from '../../src/artdaqdb/filesystem/index/index-layout.ts';
import { UnreadableIndexError } from '../../src/artdaqdb/filesystem/index/index-scan.ts';
import { OBJECT_ID } from '../../src/artdaqdb/stored-document.ts';
import { ArtdaqDbError, messageOf } from '../../src/errors.ts';
import { eachName } from '../../src/files/directories.ts';
import { signatureOf } from '../../src/files/file-signature.ts';
import { undefinedIfMissing } from '../../src/system-error.ts';
import { emptyContent, type IndexContent, indexContent } from './index-content.ts';

/** What a check works with. */
export interface CheckContext {
  readonly files: DatabaseFiles;
  readonly sleep: (milliseconds: number) => Promise<unknown>;
  /** Milliseconds since 1970, of the clock that stamps files. */
  readonly now: () => number;
  /** A younger file may still be on its way into the index. */
  readonly settleMilliseconds: number;
  /** Hears why the check has to wait. */
  readonly notice: (message: string) => void;
  /** Ends the check; what it throws passes through. */
  readonly throwIfStopped: () => void;
}

/** The files of a collection and what its index says, before any document is read. */
export interface CollectionScan {
  readonly name: string;
  readonly directory: string;
  readonly index: IndexFile;
  /** Changes whenever index or directory does. */
  readonly fingerprint: string;
  readonly signature: string | undefined;
  readonly content: IndexContent;
  /** Why the index can't be used; undefined if it can. */
  readonly broken: string | undefined;
  /** Ids of the documents in the directory that the index does not list. */
  readonly unlisted: ReadonlySet<string>;
  /** Names of all other files but the index. */
  readonly others: readonly string[];
  /** Those of them that are directories. */
  readonly directories: ReadonlySet<string>;
  /** Names of unlisted documents and temporary files that may belong to a writer at work. */
  readonly young: ReadonlySet<string>;
  /** Milliseconds until the youngest of them has settled. */
  readonly settlesIn: number;
}

const INDEX = 'index.json';
const SUFFIX = '.json';
/** Names of files that are written and then renamed, by {@link writeFileAtomic}. */
export const TEMPORARY_FILE = /^\..*\.archiver-tmp$/;

/**
 * Reads the names in a collection and its index.
 * @throws ArtdaqDbError or the system's error if they can't be read
 */
export async function scanCollection(directory: string, context: CheckContext): Promise<CollectionScan> {
  const { files, sleep } = context;
  const index = new IndexFile(directory, files, sleep);
  const fingerprint = await fingerprintOf(index, directory, files);
  const signature = await index.signature();
  const { content, broken } = await readIndex(index);
  const unlisted = new Set<string>();
  const others: string[] = [];
  await eachName(
    directory,
    (name) => {
      const id = name.endsWith(SUFFIX) ? name.slice(0, -SUFFIX.length) : '';
      if (name === INDEX || content.listings.noteFile(id)) return;
      if (OBJECT_ID.test(id)) unlisted.add(id);
      else others.push(name);
    },
    files,
  );
  const young = new Set<string>();
  const directories = new Set<string>();
  let settlesIn = 0;
  const mayBeOnTheWay = broken === undefined ? [...unlisted].map((id) => `${id}${SUFFIX}`) : [];
  for (const name of [...mayBeOnTheWay, ...others]) {
    const stats = await files.stat(join(directory, name)).catch(undefinedIfMissing);
    if (stats?.isDirectory()) directories.add(name);
    const age = stats === undefined ? Number.POSITIVE_INFINITY : context.now() - stats.mtimeMs;
    // A time in the future does not mean that a writer is at work.
    if (age < 0 || age >= context.settleMilliseconds) continue;
    young.add(name);
    settlesIn = Math.max(settlesIn, context.settleMilliseconds - age);
  }
  const name = basename(directory);
  return {
    name,
    directory,
    index,
    fingerprint,
    signature,
    content,
    broken,
    unlisted,
    others,
    directories,
    young,
    settlesIn,
  };
}

/** How many documents are in the directory. */
export function countDocuments({ content, unlisted }: CollectionScan): number {
  return content.listings.files + unlisted.size;
}

/** Is the collection still as it was when it was scanned? */
export async function isUnchanged(scan: CollectionScan, files: DatabaseFiles): Promise<boolean> {
  return (await fingerprintOf(scan.index, scan.directory, files)) === scan.fingerprint;
}

async function fingerprintOf(index: IndexFile, directory: string, files: DatabaseFiles): Promise<string> {
  const stats = await files.stat(directory, { bigint: true });
  return `${await index.signature()} ${signatureOf(stats)}`;
}

interface ReadIndex {
  readonly content: IndexContent;
  readonly broken: string | undefined;
}

async function readIndex(index: IndexFile): Promise<ReadIndex> {
  try {
    return (await index.look(noLists, takeApart)).seen;
  } catch (error) {
    const cause = error instanceof ArtdaqDbError ? error.cause : error;
    if (!(cause instanceof UnreadableIndexError)) throw error;
    return { content: emptyContent(), broken: messageOf(cause) };
  }
}

/** An index with repeated keys is complete, so looking at it again would not help. */
function takeApart(bytes: IndexBytes, index: IndexState): ReadIndex {
  try {
    return { content: indexContent(bytes, index), broken: undefined };
  } catch (error) {
    if (!(error instanceof UnreadableIndexError)) throw error;
    return { content: emptyContent(), broken: messageOf(error) };
  }
}
