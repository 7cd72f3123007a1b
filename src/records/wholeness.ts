import { createHash } from 'node:crypto';
import { lstat } from 'node:fs/promises';
import pLimit from 'p-limit';
import { errorCode } from '../system-error.ts';
import { isCopyName, roleOf } from './file-role.ts';
import { abbreviate, shown } from './record-faults.ts';
import { type ListedEntry, listRecord } from './record-listing.ts';
import { type FileState, openToRead, stateOf, statsOf } from './stable-file.ts';

/**
 * Is a run record whole, or is somebody still copying or writing it? Times on a file system prove little: rsync gives
 * finished files old times, some file systems count whole seconds, and the clock of a file server or ours may be wrong.
 * So a record is looked at twice and counts as whole if nothing changed in between. One look is enough only if two
 * clocks say that it is old.
 */

/** Milliseconds between the two looks: a file system that counts whole seconds shows a change after two of them. */
export const LOOKS_APART_MS = 2000;

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** After so long without a change one look is enough, and an empty file gets no content any more. */
const OLD_MS = 10 * MINUTE_MS;
/** After so long without a change a copy counts as given up. */
const GIVEN_UP_MS = DAY_MS;
/** Entries of a record that are looked at at once; matters on network file systems. */
const CONCURRENCY = 8;

/** Two clocks that tell how long ago something changed. One may be wrong, so both have to agree. */
export interface Witnesses {
  /** Our clock, in milliseconds since 1970. */
  readonly clock: number;
  /** When another record was changed last, in milliseconds since 1970; undefined if there is none. */
  readonly others: number | undefined;
}

/** How long ago something was changed, in milliseconds: no longer than either witness says. */
export function ageBy({ clock, others }: Witnesses, change: number): number {
  return others === undefined ? -Infinity : Math.min(clock, others) - change;
}

/** Something in a record that shows by itself that the copy is not complete. */
export interface CopySign {
  /** For the log. */
  readonly text: string;
  /** In milliseconds since 1970. */
  readonly lastChange: number;
  /** After so many milliseconds without a change, by both witnesses, it means nothing any more. */
  readonly patience: number;
}

/** What one look at a run directory shows. */
export interface RecordLook {
  /** Differs after a name, size or time of any entry or of the directory itself changed. */
  readonly signature: string;
  /** The latest and the earliest change of any of them, in milliseconds since 1970. */
  readonly newest: number;
  readonly oldest: number;
  readonly signs: readonly CopySign[];
}

/** What one or two looks tell of a record. */
export type Wholeness =
  | { readonly is: 'whole' }
  | { readonly is: 'copying'; readonly why: string; readonly neverQuiet: boolean }
  /** It takes a second look to tell. */
  | { readonly is: 'open' };

/**
 * Judges a record.
 * @param second a look at least {@link LOOKS_APART_MS} after the first, if there was one
 */
export function judge(first: RecordLook, second: RecordLook | undefined, witnesses: Witnesses): Wholeness {
  const last = second ?? first;
  const signs = last.signs.filter(({ lastChange, patience }) => ageBy(witnesses, lastChange) <= patience);
  if (signs.length > 0) {
    return { is: 'copying', why: abbreviate(signs.map(({ text }) => text)), neverQuiet: false };
  }
  if (second === undefined) {
    return ageBy(witnesses, first.newest) > OLD_MS ? { is: 'whole' } : { is: 'open' };
  }
  if (first.signature === second.signature) return { is: 'whole' };
  const neverQuiet = last.newest < Infinity && last.newest - last.oldest > DAY_MS;
  return { is: 'copying', why: 'it changed between two looks', neverQuiet };
}

/**
 * Looks at a run directory.
 * @param root its real path
 * @param known states that were just found, by the path to open
 */
export async function lookAt(root: string, known?: ReadonlyMap<string, FileState>): Promise<RecordLook> {
  const listing = await listRecord(root);
  const limit = pLimit(CONCURRENCY);
  const states = await limit.map(listing.entries, async (entry) => ({
    path: entry.path,
    ...(known?.get(entry.at) ?? (await stateAt(entry))),
  }));
  const text = states.map(({ path, signature }) => JSON.stringify([path, signature])).sort();
  const newest = states.reduce((latest, { change }) => Math.max(latest, change), -Infinity);
  const oldest = states.reduce((earliest, { change }) => Math.min(earliest, change), Infinity);
  const signs = states.flatMap((state) => signOf(state) ?? []);
  if (listing.files.length === 0 && listing.faults.length === 0) {
    // rsync makes the directories of all runs before it fills the first, hours before the last if it brings many.
    signs.push({ text: 'it holds nothing to archive yet', lastChange: newest, patience: GIVEN_UP_MS });
  }
  const signature = createHash('sha256').update(text.join('\n')).digest('base64');
  return { signature, newest, oldest, signs };
}

/** NFS answers questions about a name from its cache, but asks the server about an open file. */
async function stateAt({ at, kind }: ListedEntry): Promise<FileState> {
  try {
    const handle = kind === 'other' ? undefined : await openToRead(at).catch(undefinedIfClosed);
    if (handle === undefined) return stateOf(await lstat(at, { bigint: true }));
    return stateOf(await statsOf(handle).finally(() => handle.close()));
  } catch (error) {
    const code = errorCode(error);
    if (code === undefined) throw error;
    return { size: undefined, signature: code, change: Infinity };
  }
}

/** What we may not open, or what has become something else since it was listed, is looked at from outside. */
function undefinedIfClosed(error: unknown): undefined {
  if (errorCode(error) === undefined) throw error;
}

function signOf({ path, size, change }: FileState & { readonly path: string }): CopySign | undefined {
  if (isCopyName(path)) {
    return {
      text: `${shown(path)} looks like a copy in progress`,
      lastChange: change,
      patience: GIVEN_UP_MS,
    };
  }
  const { kind } = size === 0 ? roleOf(path) : { kind: undefined };
  if (kind === 'text' || kind === 'component') {
    return { text: `${shown(path)} is empty`, lastChange: change, patience: OLD_MS };
  }
  return undefined;
}
