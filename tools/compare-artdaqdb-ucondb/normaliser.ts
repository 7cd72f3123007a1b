import { ArchiverError, messageOf } from '../../src/errors.ts';
import type { FhiclFile } from '../../src/fhicl/fhicl-file.ts';
import { canonicalFhicl } from './canonical.ts';

/** A file in a form in which only its meaning counts, or why it has none. */
export type Normalised = { readonly text: string } | { readonly problem: string };

/**
 * Normalises FHiCL files.
 * @param names of those to normalise
 * @param files all of the run from one place: what the others include is among them
 * @returns what became of each name
 */
export type Normaliser = (
  names: readonly string[],
  files: readonly FhiclFile[],
) => Promise<ReadonlyMap<string, Normalised>>;

/** Our own parser and canonical form; includes and references are compared as they are written. */
export const ownNormaliser: Normaliser = async (names, files) => {
  const chosen = files.filter(({ name }) => names.includes(name));
  return new Map(chosen.map((file) => [file.name, canonical(file)]));
};

function canonical({ name, text }: FhiclFile): Normalised {
  try {
    return { text: canonicalFhicl(text, name) };
  } catch (error) {
    if (!(error instanceof ArchiverError)) throw error;
    return { problem: messageOf(error) };
  }
}
