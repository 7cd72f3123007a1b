/** One line of the report, and its level in the log. */
export interface ReportLine {
  readonly level: 'info' | 'warning' | 'error';
  readonly text: string;
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
