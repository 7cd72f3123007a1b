import type { CheckResult, CheckState } from '../checks/run-checks.ts';
import { formatJson } from '../shown-text.ts';

/** Raised when a member changes its meaning or is removed, but not when one is added. */
const VERSION = 1;

const signs = { ok: '✓', warning: '⚠', failed: '✗' } as const satisfies Record<CheckState, string>;

/** The line of one check. */
export function checkLine({ state, subject, text, milliseconds }: CheckResult): string {
  const seconds = milliseconds < 1000 ? `${milliseconds} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
  return `${signs[state]} ${subject}: ${text} (${seconds})`;
}

/** All checks in one line. */
export function checksSummary(results: readonly CheckResult[]): string {
  const count = (state: CheckState) => results.filter((result) => result.state === state).length;
  return `${results.length} checks: ${count('failed')} failed, ${count('warning')} with warnings`;
}

/** Did no check fail? */
export function isUsable(results: readonly CheckResult[]): boolean {
  return results.every(({ state }) => state !== 'failed');
}

/** The checks as one JSON document (documentation/FILE_FORMATS.md, "Check of the configuration as JSON"). */
export function checksJson(results: readonly CheckResult[], now: Date): string {
  const document = {
    version: VERSION,
    time: now.toISOString(),
    usable: isUsable(results),
    checks: results.map(({ name, subject, state, text, milliseconds }) => ({
      name,
      subject,
      state,
      text,
      milliseconds,
    })),
  };
  return formatJson(document);
}

/** The only check if the configuration file can't be used, so that nothing else could be checked. */
export function unusableConfig(configPath: string, message: string): CheckResult {
  return {
    name: 'configuration',
    subject: `configuration ${configPath}`,
    state: 'failed',
    text: message,
    milliseconds: 0,
  };
}
