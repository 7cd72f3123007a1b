import type { ConfigPath, ConfigValue } from './tree.ts';

/** Parameters whose value is never shown. */
const secretParameters: ReadonlySet<string> = new Set([
  'ucon_db.writer_password',
  'reporting.email.smtp_password',
  'reporting.smtp_password',
  'reporting.slack.bot_token',
  'healthcheck.url',
]);

/** May a value, or a reference in it, be part of a secret? */
export function isSecret(path: ConfigPath, value: ConfigValue | undefined): boolean {
  return secretParameters.has(path.join('.')) || (typeof value === 'string' && /[@?]/.test(value));
}

/** A value as a message may show it. */
export function describeValue(path: ConfigPath, value: ConfigValue | undefined): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (typeof value === 'boolean') return `the boolean ${value}`;
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value !== 'string') return 'a section';
  if (value === '') return 'an empty text';
  if (isSecret(path, value)) return `a text of ${value.length} characters (not shown)`;
  return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value);
}
