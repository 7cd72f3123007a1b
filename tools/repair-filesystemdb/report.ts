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

/** One thing that is wrong with a database, and what is done about it. */
export interface DatabaseFinding {
  readonly kind: FindingKind;
  readonly collection?: string;
  /** Path of the file it is about. */
  readonly file?: string;
  readonly run?: RunNumber;
  /** Name in the database, `<run>/<config>`. */
  readonly configuration?: string;
  readonly entity?: string;
  readonly problem: string;
  /** What a repair does about it; absent if nothing, and somebody has to look. */
  readonly remedy?: string;
  /** What an operator can do. */
  readonly advice?: string;
}

/** What was found and done. */
export interface RepairReport {
  readonly findings: readonly DatabaseFinding[];
  /** What is no fault, but should be known. */
  readonly notes: readonly string[];
  /** What was done, in order; nothing without `--apply`. */
  readonly done: readonly string[];
  /** Where replaced and removed files are, if there are any. */
  readonly backup: string | undefined;
  readonly documents: number;
}

/** Is nothing left to do? A run that lost a document still has to be imported again after its index was repaired. */
export function isSettled({ kind, remedy }: DatabaseFinding, isApplied: boolean): boolean {
  return isApplied && remedy !== undefined && kind !== 'damaged run';
}

/** The report for people, line by line. */
export function* reportLines(database: string, report: RepairReport, isApplied: boolean): Generator<string> {
  const { findings, notes, done, backup, documents } = report;
  for (const finding of findings) yield* findingLines(finding, isApplied);
  for (const note of notes) yield `note: ${note}`;
  for (const what of done) yield `done: ${what}`;
  if (backup !== undefined) yield `backup: ${backup}`;
  yield `${database}: ${documents} documents, ${summary(findings, isApplied)}`;
}

function* findingLines(finding: DatabaseFinding, isApplied: boolean): Generator<string> {
  const { kind, problem, remedy, advice } = finding;
  yield `${kind}: ${place(finding)}: ${problem}`;
  if (remedy !== undefined) yield `    ${isApplied ? 'repaired' : 'with --apply'}: ${remedy}`;
  if (advice !== undefined && !isSettled(finding, isApplied)) yield `    advice: ${advice}`;
}

function place({ file, configuration, entity }: DatabaseFinding): string {
  const names = [configuration, entity].filter((name) => name !== undefined).map((name) => `'${name}'`);
  if (file === undefined) return names.join(' ');
  return names.length === 0 ? file : `${file} (${names.join(' ')})`;
}

function summary(findings: readonly DatabaseFinding[], isApplied: boolean): string {
  if (findings.length === 0) return 'nothing found';
  const repairable = findings.filter((finding) => isSettled(finding, true)).length;
  const left = findings.length - repairable;
  const kinds = new Map<string, number>();
  for (const { kind } of findings) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  const counts = [...kinds].map(([kind, count]) => `${kind}: ${count}`).join(', ');
  const repaired = isApplied ? `${repairable} repaired` : `${repairable} can be repaired with --apply`;
  return `${findings.length} findings (${counts}); ${repaired}, ${left} left for you`;
}
