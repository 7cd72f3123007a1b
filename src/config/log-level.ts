import { z } from 'zod';

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

/** A parameter that is a level; anything unknown is INFO, which is no problem but worth a warning. */
export function logLevel() {
  return z
    .unknown()
    .transform((value): LogLevel => (typeof value === 'string' ? parseLogLevel(value) : undefined) ?? 'INFO');
}
