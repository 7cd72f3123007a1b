import { ArchiverError } from '../errors.ts';
import { parseFhicl } from '../fhicl/parse.ts';
import { unpackBlob } from './unpack.ts';

/** The file and its top-level keys that whoever reads the archive relies on. */
const REQUIRED = {
  file: 'metadata.fcl',
  keys: ['components', 'config_name', 'sbndaq_commit_or_version'],
} as const;

/**
 * Checks that a blob holds what its readers rely on.
 * @returns what is missing or doubtful, one sentence each; empty if all is well
 */
export function validateBlob(blob: Buffer): string[] {
  try {
    const { file, keys } = REQUIRED;
    const metadata = unpackBlob(blob).files.find(({ name }) => name === file);
    if (metadata === undefined) return [`file '${file}' not found`];
    const { main } = parseFhicl(metadata.text, file);
    return keys.flatMap((key) => {
      const { length } = main.filter((entry) => entry.key === key);
      if (length === 1) return [];
      return [`${file} has ${length === 0 ? 'no' : 'more than one'} parameter '${key}'`];
    });
  } catch (error) {
    if (!(error instanceof ArchiverError)) throw error;
    return [error.message];
  }
}
