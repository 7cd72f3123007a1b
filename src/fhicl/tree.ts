/**
 * A FHiCL document in memory, as artdaqDB sees it: nothing is resolved, every scalar is the text of its source, order
 * and repeated top-level keys are kept, and each value has the comments that artdaqDB stores beside it.
 */

/** artdaqDB's names for the types of scalars, as stored documents hold them. */
export type ScalarType =
  | 'nil'
  | 'bool'
  | 'number'
  | 'complex'
  | 'tableid'
  | 'string_unquoted'
  | 'string_singlequoted'
  | 'string_doublequoted';

/** A value that is neither table nor sequence. */
export interface Scalar {
  readonly type: ScalarType;
  /** Source text; of a quoted string the part between the quotes, with its escapes as written. */
  readonly text: string;
  readonly comment: string;
  readonly annotation: string;
}

/** Values in brackets. */
export interface Sequence {
  readonly type: 'sequence';
  readonly elements: readonly Value[];
  readonly comment: string;
  readonly annotation: string;
}

/** A table; artdaqDB keeps no annotation for it. */
export interface Table {
  readonly type: 'table';
  readonly entries: readonly Entry[];
  readonly comment: string;
}

/** `comment` is the comment on the line above the value, `annotation` the one on its own line; both may be empty. */
export type Value = Scalar | Sequence | Table;

/** Protection of a binding, strongest last; empty for none. */
export type Protection = '' | '@protect_ignore' | '@protect_error';

/** A name with its value. */
export interface Entry {
  readonly key: string;
  readonly protection: Protection;
  readonly value: Value;
}

/** A comment: the line it starts on, counted from 1, and its text from `#` or `//`. */
export interface Comment {
  readonly line: number;
  readonly text: string;
}

/** A whole text: the entries between BEGIN_PROLOG and END_PROLOG, all others, and every comment. */
export interface FhiclDocument {
  readonly prolog: readonly Entry[];
  readonly main: readonly Entry[];
  readonly comments: readonly Comment[];
}

/** An `#include "f"` is an entry of this name and a number, its value the quoted file name. */
export const INCLUDE_KEY = 'fhicl_pound_include';

/** Tables and sequences nested deeper than this are refused, so that no function here exhausts the stack. */
export const MAX_DEPTH = 1000;

/**
 * Texts with more values than this are refused, so that no document exhausts the memory of the program or outgrows the
 * longest JSON text: a value of one character takes 70 when it is stored. Real documents have some thousand values.
 */
export const MAX_VALUES = 5_000_000;

const SCALAR_TYPES: ReadonlySet<string> = new Set<ScalarType>([
  'nil',
  'bool',
  'number',
  'complex',
  'tableid',
  'string_unquoted',
  'string_singlequoted',
  'string_doublequoted',
]);

/** Is this the name of a {@link ScalarType}? */
export function isScalarType(type: string): type is ScalarType {
  return SCALAR_TYPES.has(type);
}
