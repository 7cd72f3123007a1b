import { ArchiverError, FhiclError } from '../../src/errors.ts';
import { entityOf, type FhiclFile } from '../../src/fhicl/fhicl-file.ts';
import type { ProgressView } from '../../src/log/terminal.ts';
import type { RunNumber } from '../../src/runs/run-number.ts';
import { formatRuns } from '../../src/runs/run-set.ts';
import type { RunConfigFlags } from './flags.ts';
import { nearest } from './near.ts';
import { eachParameter, readParameters } from './parameters.ts';
import type { PathPattern } from './path-pattern.ts';
import type { RecordSource } from './record-source.ts';
import { pathText } from './texts.ts';

/** What an answer is given with. */
export interface Asking extends Pick<RunConfigFlags, 'from' | 'format'> {
  readonly source: RecordSource;
  /** Writes a part of the answer. @returns false if nobody reads it any more */
  readonly write: (text: string) => boolean;
  /** Says something beside the answer. */
  readonly say: (message: string) => void;
  /** Undefined if nobody watches. */
  readonly progress: ProgressView | undefined;
  /** Aborted: the user wants it to end. */
  readonly stop: AbortSignal;
}

/** Matches every entity. */
export const ALL_ENTITIES = /^.*$/;

/** Waits for a result, unless the user wants an end. @throws ArchiverError then */
export async function unlessStopped<Result>(work: Promise<Result>, stop: AbortSignal): Promise<Result> {
  const stopped = new Promise<never>((_done, fail) => {
    const end = (): void => fail(new ArchiverError('stopped by request'));
    stop.addEventListener('abort', end);
    if (stop.aborted) end();
  });
  // It may come when nobody waits any longer.
  stopped.catch(() => undefined);
  return await Promise.race([work, stopped]);
}

/**
 * Expects runs to be there.
 * @throws ArchiverError naming the first that is not, and its neighbours
 */
export async function expectRuns(runs: readonly RunNumber[], { source, stop }: Asking): Promise<void> {
  const known = await unlessStopped(source.listRuns(), stop);
  for (const run of runs) if (!known.includes(run)) throw noSuchRun(run, known, source);
}

function noSuchRun(
  run: RunNumber,
  known: readonly RunNumber[],
  { title, location }: RecordSource,
): ArchiverError {
  const below = known.findLast((each) => each < run);
  const above = known.find((each) => each > run);
  const near = [below, above].filter((each) => each !== undefined);
  const nearest = `the nearest ${near.length === 1 ? 'is' : 'are'} ${near.join(' and ')}`;
  const hint = near.length === 0 ? 'it holds no run at all' : nearest;
  return new ArchiverError(`Run ${run} is not in ${title} (${location}): ${hint}`, { run });
}

/** What of the wanted runs a place holds, as the error for none. */
export function noneOfRuns(known: readonly RunNumber[], { title, location }: RecordSource): ArchiverError {
  const all = known.length === 0 ? 'it holds no run at all' : `it holds ${formatRuns(known)}`;
  return new ArchiverError(`None of these runs is in ${title} (${location}): ${all}`);
}

/** The error for a pattern that selects nothing; it names what is near in a run. */
export async function nothingFound(
  pattern: PathPattern,
  nobody: string,
  run: RunNumber,
  { source, stop }: Asking,
): Promise<ArchiverError> {
  const files = await unlessStopped(source.read(run, ALL_ENTITIES), stop);
  const near = nearPaths(pattern, files);
  const hint =
    near.length === 0 ? `show ${run} lists all of run ${run}` : `near in run ${run}: ${near.join('  ')}`;
  return new ArchiverError(`${nobody} a parameter that matches '${pattern.text}'; ${hint}`);
}

function nearPaths(pattern: PathPattern, files: readonly FhiclFile[]): string[] {
  const names = files.map(({ name }) => pathText(name, ''));
  const ofFiles = files.filter((file) => pattern.entities.test(entityOf(file)) && isReadable(file));
  if (ofFiles.length === 0) return nearest(pattern.text, names);
  // What the pattern is compared with, and the whole path.
  const paths = new Map<string, string>();
  for (const file of ofFiles) {
    const take = (path: string): unknown =>
      paths.set(pattern.hasFile ? pathText(file.name, path) : path, pathText(file.name, path));
    eachParameter(readParameters(file), '', () => true, take);
  }
  // Somebody may have forgotten the colon behind the name of a file.
  if (!pattern.hasFile) for (const name of names) paths.set(name, name);
  return nearest(pattern.text, paths.keys()).map((near) => paths.get(near) ?? near);
}

function isReadable(file: FhiclFile): boolean {
  try {
    readParameters(file);
    return true;
  } catch (error) {
    if (error instanceof FhiclError) return false;
    throw error;
  }
}
