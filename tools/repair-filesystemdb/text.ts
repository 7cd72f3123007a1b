import { type Finding, isSettled } from './finding.ts';
import type { RepairReport } from './repair.ts';

/** The report for people, line by line. */
export function* reportLines(database: string, report: RepairReport, isApplied: boolean): Generator<string> {
  const { findings, notes, done, backup, documents } = report;
  for (const finding of findings) yield* findingLines(finding, isApplied);
  for (const note of notes) yield `note: ${note}`;
  for (const what of done) yield `done: ${what}`;
  if (backup !== undefined) yield `backup: ${backup}`;
  yield `${database}: ${documents} documents, ${summary(findings, isApplied)}`;
}

function* findingLines(finding: Finding, isApplied: boolean): Generator<string> {
  const { kind, problem, remedy, advice } = finding;
  yield `${kind}: ${place(finding)}: ${problem}`;
  if (remedy !== undefined) yield `    ${isApplied ? 'mended' : 'with --apply'}: ${remedy}`;
  if (advice !== undefined && !isSettled(finding, isApplied)) yield `    advice: ${advice}`;
}

function place({ file, configuration, entity }: Finding): string {
  const names = [configuration, entity].filter((name) => name !== undefined).map((name) => `'${name}'`);
  if (file === undefined) return names.join(' ');
  return names.length === 0 ? file : `${file} (${names.join(' ')})`;
}

function summary(findings: readonly Finding[], isApplied: boolean): string {
  if (findings.length === 0) return 'nothing found';
  const mendable = findings.filter((finding) => isSettled(finding, true)).length;
  const left = findings.length - mendable;
  const kinds = new Map<string, number>();
  for (const { kind } of findings) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  const counts = [...kinds].map(([kind, count]) => `${kind}: ${count}`).join(', ');
  const mended = isApplied ? `${mendable} mended` : `${mendable} can be mended with --apply`;
  return `${findings.length} findings (${counts}); ${mended}, ${left} left for you`;
}
