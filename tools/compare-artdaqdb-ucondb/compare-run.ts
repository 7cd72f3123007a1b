import { parse } from 'node:path';
import type { ArtdaqDb } from '../../src/artdaqdb/artdaqdb.ts';
import { ArchiverError, messageOf } from '../../src/errors.ts';
import type { FhiclFile } from '../../src/fhicl/fhicl-file.ts';
import type { Logger } from '../../src/log/logger.ts';
import { compareFiles, isMatch } from '../../src/records/compare.ts';
import type { RunNumber } from '../../src/runs/run-number.ts';
import type { UconDb } from '../../src/ucondb/ucondb.ts';
import { storedRecord } from '../../src/ucondb/ucondb.ts';
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
  const { left, right, notes } = await normalised(names, exported, unpacked, normaliser);
  const reduced = (files: readonly FhiclFile[]) =>
    files.map(({ name, text }) => ({ name, text: names.includes(name) ? reduceLines(text, lines) : text }));
  const sides = [reduced(left), reduced(right)] as const;
  const comparison = compareFiles(...sides);
  const { matching, different, onlyInArtdaqDb, onlyInUconDb } = comparison;
  const status = isMatch(comparison) ? 'matching' : 'different';
  const diffs = new Map(showDiff ? different.map((name) => [name, diffOf(run, name, ...sides)]) : []);
  return { run, status, matching: matching.length, different, onlyInArtdaqDb, onlyInUconDb, diffs, notes };
}

/** Normalises the files of these names; one that can't be normalised stays as it is in both places. */
async function normalised(
  names: readonly string[],
  exported: readonly FhiclFile[],
  unpacked: readonly FhiclFile[],
  normaliser: Normaliser | undefined,
) {
  if (normaliser === undefined || names.length === 0) return { left: exported, right: unpacked, notes: [] };
  const [fromArtdaqDb, fromUconDb] = await Promise.all([
    normaliser(names, exported),
    normaliser(names, unpacked),
  ]);
  const notes: string[] = [];
  const texts = names.flatMap((name) => {
    const [one, other] = [fromArtdaqDb.get(name), fromUconDb.get(name)];
    if (one !== undefined && 'problem' in one)
      notes.push(`${name} of artdaqDB is not normalised: ${one.problem}`);
    if (other !== undefined && 'problem' in other)
      notes.push(`${name} of UconDB is not normalised: ${other.problem}`);
    if (one === undefined || other === undefined || 'problem' in one || 'problem' in other) return [];
    return [[name, one.text, other.text] as const];
  });
  const left = new Map(texts.map(([name, text]) => [name, text]));
  const right = new Map(texts.map(([name, , text]) => [name, text]));
  const replaced = (files: readonly FhiclFile[], by: ReadonlyMap<string, string>) =>
    files.map(({ name, text }) => ({ name, text: by.get(name) ?? text }));
  return { left: replaced(exported, left), right: replaced(unpacked, right), notes };
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
