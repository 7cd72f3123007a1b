import type { RunNumber } from '../../src/runs/run-number.ts';

/** What can be wrong with a database. */
export type FindingKind =
  | 'unlisted document'
  | 'wrong entry'
  | 'lost document'
  | 'unreadable document'
  | 'duplicate document'
  | 'misfiled document'
  | 'broken index'
  | 'untidy index'
  | 'half-stored run'
  | 'damaged run'
  | 'leftover file'
  | 'foreign file'
  | 'missing metadata';

/** One thing that is wrong, and what is done about it. */
export interface Finding {
  readonly kind: FindingKind;
  readonly collection?: string;
  /** Path of the file it is about. */
  readonly file?: string;
  readonly run?: RunNumber;
  /** Name in the database, `<run>/<config>`. */
  readonly configuration?: string;
  readonly entity?: string;
  readonly problem: string;
  /** What mending does about it; absent if nothing, and somebody has to look. */
  readonly remedy?: string;
  /** What an operator can do. */
  readonly advice?: string;
}

/** The places that a document belongs to, for a finding. */
export type Subject = Pick<Finding, 'collection' | 'file' | 'run' | 'configuration' | 'entity'>;

/** Is nothing left to do about it? A run that lost a document still has to be imported again when its index is mended. */
export function isSettled({ kind, remedy }: Finding, isApplied: boolean): boolean {
  return isApplied && remedy !== undefined && kind !== 'damaged run';
}
