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
