import type { RunNumber } from '../../../runs/run-number.ts';
import type { RunSet } from '../../../runs/run-set.ts';
import type { RunTable } from './run-table.ts';

/** The place of a JSON value: `[start, end)`, brackets included. */
export interface ByteSpan {
  readonly start: number;
  readonly end: number;
}

/** A list of ids or timestamps. */
export interface ListSpan extends ByteSpan {
  /** How many texts. */
  readonly count: number;
  /** Are they texts of {@link ID_BYTES} in ascending order, one every {@link ID_STRIDE} bytes, as the C++ tools write them? */
  readonly isIds: boolean;
}

/** The length of an id. */
export const ID_BYTES = 24;
/** From one id to the next: two quotes, a comma and a line feed. */
export const ID_STRIDE = ID_BYTES + 4;

/** A map of the index, from value to ids. */
export interface MapSpan extends ByteSpan {
  /** Where the last entry ends; undefined if the map is empty. */
  readonly lastEntryEnd: number | undefined;
  /** The lists that were asked for, and all lists of entities, in order of appearance. */
  readonly lists: ReadonlyMap<string, ListSpan>;
}

/** Where everything is. */
export interface IndexLayout {
  /** Length of the file in bytes. */
  readonly length: number;
  /** End of the last top-level member; undefined if there is none. */
  readonly lastMemberEnd: number | undefined;
  /** The names of the top-level members in order, repeated ones too. */
  readonly members: readonly string[];
  /** The list of all ids. */
  readonly ouid: ListSpan | undefined;
  readonly maps: ReadonlyMap<string, MapSpan>;
  /** Where the configurations of runs stand whose lists have texts, in the maps of which single lists are looked up. */
  readonly tables: ReadonlyMap<string, RunTable>;
  /** All runs that a key of any map belongs to. */
  readonly runs: RunSet;
}

/** Selects lists of maps. */
export interface ListFilter {
  (member: string, key: string, list: ListSpan): boolean;
  /** The runs whose lists it may select; undefined: of any run, and of none. */
  readonly runs?: ReadonlySet<RunNumber>;
}

/** For who wants none. */
export const noLists: ListFilter = Object.assign(() => false, { runs: new Set<RunNumber>() });

/** Selects lists that belong to some runs only. */
export function listsOfRuns(
  runs: Iterable<RunNumber>,
  select: (member: string, key: string) => boolean,
): ListFilter {
  return Object.assign((member: string, key: string) => select(member, key), { runs: new Set(runs) });
}

/** Does a layout hold all that a filter selects, though it was made for another one? */
export function holdsLists({ runs }: IndexLayout, wanted: ListFilter): boolean {
  if (wanted.runs === undefined) return false;
  for (const run of wanted.runs) if (runs.has(run)) return false;
  return true;
}
