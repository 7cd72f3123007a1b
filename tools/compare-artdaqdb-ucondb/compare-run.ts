import { parse } from 'node:path';
import type { ArtdaqDb } from '../../src/artdaqdb/artdaqdb.ts';
import { ArchiverError, messageOf } from '../../src/errors.ts';
import type { FhiclFile } from '../../src/fhicl/fhicl-file.ts';
import type { Logger } from '../../src/log/logger.ts';
import { compareFiles, isMatch } from '../../src/records/compare.ts';
import type { RunNumber } from '../../src/runs/run-number.ts';
import { storedRecord, type UconDb } from '../../src/ucondb/ucondb.ts';
import type { KeptFiles } from './kept-files.ts';
import { type LineOptions, reduceLines } from './line-options.ts';
import type { Normaliser } from './normaliser.ts';
import { unifiedDiff } from './unified-diff.ts';

/** How to compare runs. */
export interface Comparer {
  readonly artdaqDb: ArtdaqDb;
  readonly uconDb: UconDb;
  readonly keptFromArtdaqDb: KeptFiles | undefined;
  readonly keptFromUconDb: KeptFiles | undefined;
  readonly normaliser: Normaliser | undefined;
  readonly lines: LineOptions;
  /** Names with or without ending. */
  readonly ignoreFiles: readonly string[];
  readonly showDiff: boolean;
  readonly logger: Logger;
  /** Removes secrets from a message. */
  readonly hide: (text: string) => string;
}

/** The comparison of a run that could be read in both places. */
export interface ComparedFiles {
  readonly run: RunNumber;
  readonly status: 'matching' | 'different';
  /** The number of equal files. */
  readonly matching: number;
  readonly different: readonly string[];
  readonly onlyInArtdaqDb: readonly string[];
  readonly onlyInUconDb: readonly string[];
  /** In unified format, by file; empty unless asked for. */
  readonly diffs: ReadonlyMap<string, string>;
  /** Files that could not be normalised, and were compared as they are. */
  readonly notes: readonly string[];
}

/** The comparison of a run, or why there is none. */
export type RunResult =
  | ComparedFiles
  | { readonly run: RunNumber; readonly status: 'failed'; readonly error: string };

/** Exports and unpacks one run, and compares its files. */
export async function compareRun(run: RunNumber, comparer: Comparer): Promise<RunResult> {
  const { artdaqDb, uconDb, keptFromArtdaqDb, keptFromUconDb, ignoreFiles, logger, hide } = comparer;
  const counts = ({ name }: FhiclFile): boolean => !isIgnored(name, ignoreFiles);
  const [exported, unpacked] = await Promise.allSettled([
    read(run, keptFromArtdaqDb, () => artdaqDb.export(run)),
    read(run, keptFromUconDb, async () => (await storedRecord(uconDb, run)).files),
  ]);
  const errors: string[] = [];
  const note = (error: unknown, prefix = ''): void => {
    if (!(error instanceof ArchiverError) && error instanceof Error) {
      logger.error(`Run ${run}: unexpected error: ${error.stack}`);
    }
    errors.push(prefix + hide(messageOf(error)));
  };
  if (exported.status === 'rejected') note(exported.reason, 'artdaqDB: ');
  if (unpacked.status === 'rejected') note(unpacked.reason, 'UconDB: ');
  if (exported.status === 'fulfilled' && unpacked.status === 'fulfilled') {
    try {
      return await compare(run, exported.value.filter(counts), unpacked.value.filter(counts), comparer);
    } catch (error) {
      note(error);
    }
  }
  return { run, status: 'failed', error: errors.join('; ') };
}

/** Keeps what could be read, even if the other place can't be read. */
async function read(
  run: RunNumber,
  kept: KeptFiles | undefined,
  files: () => Promise<readonly FhiclFile[]>,
): Promise<readonly FhiclFile[]> {
  await kept?.clear(run);
  const found = await files();
  await kept?.write(run, found);
  return found;
}

function isIgnored(name: string, ignored: readonly string[]): boolean {
  return ignored.includes(name) || ignored.includes(parse(name).name);
}

async function compare(
  run: RunNumber,
  exported: readonly FhiclFile[],
  unpacked: readonly FhiclFile[],
  { normaliser, lines, showDiff }: Comparer,
): Promise<ComparedFiles> {
  const names = compareFiles(exported, unpacked).different;
  const { meanings, notes } = await meaningsOf(names, exported, unpacked, normaliser);
  const reduced = (files: readonly FhiclFile[], place: keyof FileMeaning): FhiclFile[] =>
    files.map(({ name, text }) => {
      const isEqual = !names.includes(name);
      return { name, text: isEqual ? text : reduceLines(meanings.get(name)?.[place] ?? text, lines) };
    });
  const sides = [reduced(exported, 'artdaqDb'), reduced(unpacked, 'uconDb')] as const;
  const comparison = compareFiles(...sides);
  const { matching, different, onlyInArtdaqDb, onlyInUconDb } = comparison;
  const status = isMatch(comparison) ? 'matching' : 'different';
  const diffs = new Map(showDiff ? different.map((name) => [name, diffOf(run, name, ...sides)]) : []);
  return { run, status, matching: matching.length, different, onlyInArtdaqDb, onlyInUconDb, diffs, notes };
}

/** A file in the form that shows only its meaning, in both places. */
interface FileMeaning {
  readonly artdaqDb: string;
  readonly uconDb: string;
}

/** Normalises the files of these names. One that can't be normalised in both places has a note in place of a meaning. */
async function meaningsOf(
  names: readonly string[],
  exported: readonly FhiclFile[],
  unpacked: readonly FhiclFile[],
  normaliser: Normaliser | undefined,
): Promise<{ readonly meanings: ReadonlyMap<string, FileMeaning>; readonly notes: readonly string[] }> {
  const meanings = new Map<string, FileMeaning>();
  const notes: string[] = [];
  if (normaliser === undefined || names.length === 0) return { meanings, notes };
  const places = await Promise.all([normaliser(names, exported), normaliser(names, unpacked)]);
  for (const name of names) {
    const [one, other] = places.map((results) => results.get(name));
    if (one === undefined || other === undefined) continue;
    if ('problem' in one) notes.push(`${name} of artdaqDB is not normalised: ${one.problem}`);
    if ('problem' in other) notes.push(`${name} of UconDB is not normalised: ${other.problem}`);
    if ('text' in one && 'text' in other) meanings.set(name, { artdaqDb: one.text, uconDb: other.text });
  }
  return { meanings, notes };
}

function diffOf(
  run: RunNumber,
  name: string,
  left: readonly FhiclFile[],
  right: readonly FhiclFile[],
): string {
  const text = (files: readonly FhiclFile[]) => files.find((file) => file.name === name)?.text ?? '';
  return unifiedDiff(
    { label: `artdaqDB/run_${run}/${name}`, text: text(left) },
    { label: `UconDB/run_${run}/${name}`, text: text(right) },
  );
}
