const names = {
  DEBUG: 'DEBUG',
  INFO: 'INFO',
  WARN: 'WARNING',
  WARNING: 'WARNING',
  ERROR: 'ERROR',
  FATAL: 'CRITICAL',
  CRITICAL: 'CRITICAL',
} as const;

export type LogLevel = (typeof names)[keyof typeof names];

/** The level that a name in any case means, or undefined. */
export function parseLogLevel(name: string): LogLevel | undefined {
  const known = new Map<string, LogLevel>(Object.entries(names));
  return known.get(name.trim().toUpperCase());
}
