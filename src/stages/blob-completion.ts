import { FhiclError } from '../errors.ts';
import type { FhiclFile } from '../fhicl/fhicl-file.ts';
import { compareFiles, isMatch } from '../records/compare.ts';
import { HISTORY2_FILE } from '../records/prepare.ts';
import { completes, eventsInHistory, lacksStop } from '../records/run-times.ts';

/**
 * What the blob of a run needs that got its stop time in artdaqDB later: `nothing-yet` if artdaqDB has only the start so far.
 * The names of files if it differs in more than the stop time.
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
 * Do the files of a blob lack times that came after it was stored, and differ from artdaqDB in nothing else? An amendment adds
 * them to RunHistory2; where a run was imported anew, as into a database that was restored from a back-up, metadata.fcl has them too.
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

/** What is no FHiCL lacks more than times. */
function isCompletedBy(stored: string, newer: string): boolean {
  try {
    return completes(stored, newer);
  } catch (error) {
    if (error instanceof FhiclError) return false;
    throw error;
  }
}

/** Are lines with times all that the newer text has and the stored one lacks, and does it lack nothing itself? */
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
