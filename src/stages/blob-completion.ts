import { FhiclError } from '../errors.ts';
import type { FhiclFile } from '../fhicl/fhicl-file.ts';
import { compareFiles, isMatch } from '../records/compare.ts';
import { HISTORY2_FILE } from '../records/prepare.ts';
import { completes, eventsInHistory, lacksStop } from '../records/run-times.ts';

/**
 * What a blob needs whose run got its stop time in artdaqDB later. `nothing-yet`: artdaqDB has only the start time so far. If the
 * blob differs in more than the stop time: the names of the files that differ.
 */
export type BlobNeed = 'nothing' | 'nothing-yet' | 'replacement' | readonly string[];

/**
 * Compares a run's files in artdaqDB with those of its blob.
 * @throws FhiclError if RunHistory2 in artdaqDB is not FHiCL
 */
export function needOf(exported: readonly FhiclFile[], inBlob: readonly FhiclFile[]): BlobNeed {
  const comparison = compareFiles(exported, inBlob);
  if (isMatch(comparison)) return 'nothing';
  const history = textOf(HISTORY2_FILE, exported);
  if (history === undefined || !lacksTimesOnly(exported, inBlob)) {
    const { different, onlyInArtdaqDb, onlyInUconDb } = comparison;
    return [...different, ...onlyInArtdaqDb, ...onlyInUconDb];
  }
  return lacksStop(eventsInHistory(history) ?? []) ? 'nothing-yet' : 'replacement';
}

const METADATA_FILE = 'metadata.fcl';
const TIME_LINE = /^(?:daqinterface_(?:start|stop)|Start|Stop)_time: /;

/**
 * Do the files of a blob lack times that came after it was stored, and nothing else? An amendment adds them to RunHistory2. A run
 * that was imported again, into a database restored from a back-up, has them in metadata.fcl too.
 */
export function lacksTimesOnly(exported: readonly FhiclFile[], inBlob: readonly FhiclFile[]): boolean {
  const { different, onlyInArtdaqDb, onlyInUconDb } = compareFiles(exported, inBlob);
  const names = [...different, ...onlyInArtdaqDb];
  if (names.length === 0 || onlyInUconDb.length > 0) return false;
  return names.every((name) => {
    const [newer = '', stored] = [textOf(name, exported), textOf(name, inBlob)];
    if (name === HISTORY2_FILE) return stored === undefined || isCompletedBy(stored, newer);
    return name === METADATA_FILE && stored !== undefined && hasOnlyMoreTimes(stored, newer);
  });
}

function textOf(name: string, files: readonly FhiclFile[]): string | undefined {
  return files.find((file) => file.name === name)?.text;
}

/** A text that is not FHiCL lacks more than times. */
function isCompletedBy(stored: string, newer: string): boolean {
  try {
    return completes(stored, newer);
  } catch (error) {
    if (error instanceof FhiclError) return false;
    throw error;
  }
}

/** Does the newer text only add lines with times to the stored one? */
function hasOnlyMoreTimes(stored: string, newer: string): boolean {
  const before = entryLines(stored);
  let place = 0;
  for (const line of entryLines(newer)) {
    if (line === before[place]) place++;
    else if (!TIME_LINE.test(line)) return false;
  }
  return place === before.length;
}

/** An export has a blank line above each entry. */
function entryLines(fhicl: string): string[] {
  return fhicl.split('\n').filter((line) => line.trim() !== '');
}
