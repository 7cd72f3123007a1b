import { SCHEMA_FILE } from '../fhicl/fhicl-file.ts';
import { CONVERTED_NAMES, type ConvertedName } from './converters/converters.ts';

/** What a file of a run directory is to the archive. */
export type FileRole =
  /** A FHiCL document of the record. `name` is its base name. */
  | { readonly kind: 'component'; readonly name: string }
  /** `<name>.txt`, which has a converter. */
  | { readonly kind: 'text'; readonly name: ConvertedName }
  /** Not archived; the run's other files are. */
  | { readonly kind: 'aside'; readonly reason: string }
  /** Belongs in the archive but can't go there: the run fails. */
  | { readonly kind: 'refused'; readonly reason: string };

const aside = (reason: string): FileRole => ({ kind: 'aside', reason });

/**
 * Tells from its path alone what a file is (documentation/FILE_FORMATS.md, "Run record").
 * @param path relative to the run directory, with `/`
 */
export function roleOf(path: string): FileRole {
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (isCopyName(path)) return aside('the name is that of a copy that was never completed');
  if (name.startsWith('._'))
    return aside('an AppleDouble file, in which macOS keeps what its file systems know of a file');
  if (name.endsWith('.fcl')) return roleOfFhicl(name);
  if (path.includes('.fcl')) return aside('the name does not end in .fcl');
  if (!name.endsWith('.txt')) return aside('neither FHiCL nor a text file of DAQInterface');
  if (name !== path) return aside('a text file in a sub-directory');
  const stem = name.slice(0, -'.txt'.length);
  const converted = CONVERTED_NAMES.find((known) => known === stem);
  return converted === undefined ? aside('there is no converter for it') : { kind: 'text', name: converted };
}

/** `.metadata.txt.Xy12Zz` of rsync, and the names that other programs give a file until its copy is complete. */
const COPY_NAME = /^\..+\.[a-z0-9]{6}$|\.(?:partial|part|filepart|tmp)$/i;
/** Where rsync keeps such files (`--delay-updates`, `--partial-dir`). */
const COPY_DIRECTORY = /^(?:\.~tmp~|\.rsync-partial)$/;

/**
 * Does the file or one of its directories have a name that programs give to a copy in progress?
 * @param path relative to the run directory, with `/`
 */
export function isCopyName(path: string): boolean {
  return path.split('/').some((name) => COPY_NAME.test(name) || COPY_DIRECTORY.test(name));
}

/** artdaqDB's loader takes every path with `schema.fcl` in it for the schema and can't store it as a component. */
function roleOfFhicl(name: string): FileRole {
  if (name.endsWith(SCHEMA_FILE) && name !== SCHEMA_FILE) {
    return aside('artdaqDB would take it for the schema');
  }
  if (name === '.fcl') return { kind: 'refused', reason: 'the name has nothing before .fcl' };
  if (!/^[\x20-\x7e]+$/.test(name) || /["\\]/.test(name)) {
    return {
      kind: 'refused',
      reason: 'the name must be printable ASCII without " and \\, as it names the document in artdaqDB',
    };
  }
  return { kind: 'component', name };
}
