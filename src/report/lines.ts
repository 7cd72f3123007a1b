import { formatRanges, type NumberRange } from '../runs/run-set.ts';

/** One line of the report, and its level in the log. */
export interface ReportLine {
  readonly level: 'info' | 'warning' | 'error';
  readonly text: string;
  /** Flags of the archiver that do something about it. */
  readonly flags?: readonly string[];
}

/** A line of plain information. */
export function info(text: string): ReportLine {
  return { level: 'info', text };
}

/** A line that needs attention. */
export function warning(text: string): ReportLine {
  return { level: 'warning', text };
}

/** A line `  Name:   value`. */
export function label(name: string, value: string | number): ReportLine {
  return info(`  ${`${name}:`.padEnd(16)} ${value}`);
}

/** Something that the report says by name. */
export interface Fact {
  readonly level: ReportLine['level'];
  readonly name: string;
  readonly value: string;
}

const english = new Intl.NumberFormat('en-US');

/** A number with separated thousands: `12,345`. */
export function counted(count: number): string {
  return english.format(count);
}

/** `1 run`, `12,345 runs`. */
export function runsText(count: number): string {
  return `${counted(count)} ${count === 1 ? 'run' : 'runs'}`;
}

/** What is missing between ranges, as `3 gaps: 5002, 5005-5006`. */
export function gapsText(ranges: readonly NumberRange[]): string {
  const gaps = ranges
    .slice(1)
    .map(({ first }, index) => ({ first: (ranges[index]?.last ?? 0) + 1, last: first - 1 }));
  const total = gaps.reduce((sum, { first, last }) => sum + last - first + 1, 0);
  if (total === 0) return 'no gaps';
  return `${counted(total)} ${total === 1 ? 'gap' : 'gaps'}: ${formatRanges(gaps)}`;
}
