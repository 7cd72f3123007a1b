import type { FhiclFile } from '../fhicl/fhicl-file.ts';

/** How the files of a run in two places compare, by their names. */
export interface FileComparison {
  readonly matching: readonly string[];
  readonly different: readonly string[];
  readonly onlyInArtdaqDb: readonly string[];
  readonly onlyInUconDb: readonly string[];
}

/** Compares a run's files, exported from artdaqDB and unpacked from UconDB; names ascending. */
export function compareFiles(artdaqDb: readonly FhiclFile[], uconDb: readonly FhiclFile[]): FileComparison {
  const texts = new Map(uconDb.map(({ name, text }) => [name, text]));
  const names = new Set(artdaqDb.map(({ name }) => name));
  const shared = artdaqDb.filter(({ name }) => texts.has(name));
  const isEqual = ({ name, text }: FhiclFile): boolean => texts.get(name) === text;
  const sorted = (files: readonly FhiclFile[]): string[] => files.map(({ name }) => name).sort();
  return {
    matching: sorted(shared.filter(isEqual)),
    different: sorted(shared.filter((file) => !isEqual(file))),
    onlyInArtdaqDb: sorted(artdaqDb.filter(({ name }) => !texts.has(name))),
    onlyInUconDb: sorted(uconDb.filter(({ name }) => !names.has(name))),
  };
}

/** Are all files in both places and equal? */
export function isMatch({ different, onlyInArtdaqDb, onlyInUconDb }: FileComparison): boolean {
  return different.length + onlyInArtdaqDb.length + onlyInUconDb.length === 0;
}
