import pLimit from 'p-limit';
import { RunRecordError } from '../errors.ts';
import type { RecordCalls } from './record-calls.ts';
import { type Fault, faultOf } from './record-faults.ts';
import { listRecord, type RecordListing } from './record-listing.ts';
import type { RecordFile } from './run-record-source.ts';
import { type FileState, readStable } from './stable-file.ts';
import { lookAt, type RecordLook } from './wholeness.ts';

/** Sizes in bytes beyond which a run is refused rather than taken into memory. */
export interface RecordLimits {
  readonly file: number;
  readonly record: number;
}

/** What was read of a run directory. */
export interface RecordContent extends Pick<RecordListing, 'aside'> {
  readonly files: readonly RecordFile[];
  /** Is there nothing that belongs into the archive? */
  readonly isEmpty: boolean;
  /** In order of path. */
  readonly faults: readonly Fault[];
  /** As {@link lookAt} gives it, after the reading; undefined if a fault of the site kept that from being found out. */
  readonly signature: string | undefined;
}

/** Looks at run directories and reads them. What it gives is plain data, which can go from one thread to another. */
export interface RecordReader {
  /** Looks at a directory. @param root its real path */
  look(root: string): Promise<RecordLook>;
  /** Reads the files that belong into the archive. @param root real path of the directory */
  read(root: string, limits: RecordLimits): Promise<RecordContent>;
}

/** Files of one run that are read at once. */
const CONCURRENCY = 8;

/** A reader that works in the thread that uses it, and can read chosen files alone. */
interface LocalRecordReader extends RecordReader {
  read(root: string, limits: RecordLimits, isWanted?: (path: string) => boolean): Promise<RecordContent>;
}

/** Makes a reader that works in the thread that uses it. */
export function recordReader(calls: RecordCalls): LocalRecordReader {
  return {
    look: (root) => lookAt(root, undefined, calls),
    read: async (root, limits, isWanted = () => true) => {
      const listing = await listRecord(root, calls);
      const wanted = listing.files.filter(({ path }) => isWanted(path));
      const chosen = { ...listing, files: wanted };
      const { files, states, faults } = await readFiles(chosen, guardOf(limits), calls);
      const isOfSite = faults.some(({ fault }) => fault === 'site');
      const signature = isOfSite ? undefined : (await lookAt(root, states, calls)).signature;
      return { aside: listing.aside, isEmpty: listing.files.length === 0, files, faults, signature };
    },
  };
}

/** Gets the size of each file of a run before it is read, and throws RunRecordError if there is too much. */
export type Guard = (size: number) => void;

/** For the files of one run. */
export function guardOf({ file, record }: RecordLimits): Guard {
  let total = 0;
  return (size) => {
    if (size > file)
      throw new RunRecordError(`has ${size} bytes, more than the ${file} that a file may have`);
    total += size;
    if (total > record)
      throw new RunRecordError(`brings the record beyond the ${record} bytes that it may have`);
  };
}

/** The files of a record. */
interface ReadFiles {
  readonly files: readonly RecordFile[];
  /** Their states after they were read, by the path that was opened. */
  readonly states: ReadonlyMap<string, FileState>;
  readonly faults: readonly Fault[];
}

/** Reads on after a fault, so that the message names all of them. */
async function readFiles(
  listing: Pick<RecordListing, 'files' | 'faults'>,
  admit: Guard,
  calls: RecordCalls,
): Promise<ReadFiles> {
  const faults: Fault[] = [...listing.faults];
  const files: RecordFile[] = [];
  const states = new Map<string, FileState>();
  await pLimit(CONCURRENCY).map(listing.files, async ({ path, target }) => {
    try {
      const { bytes, state } = await readStable(target, admit, calls);
      files.push({ path, bytes });
      states.set(target, state);
    } catch (error) {
      faults.push(faultOf(path, error));
    }
  });
  return { files: files.sort(byPath), states, faults: faults.sort(byPath) };
}

function byPath(a: { readonly path: string }, b: { readonly path: string }): number {
  return a.path < b.path ? -1 : 1;
}
