import { z } from 'zod';
import type { LogLevel } from '../log/log-line.ts';

/** WARN and FATAL are other names that Python's logging knows. */
const levels: ReadonlyMap<string, LogLevel> = new Map([
  ['DEBUG', 'DEBUG'],
  ['INFO', 'INFO'],
  ['WARN', 'WARNING'],
  ['WARNING', 'WARNING'],
  ['ERROR', 'ERROR'],
  ['FATAL', 'CRITICAL'],
  ['CRITICAL', 'CRITICAL'],
]);

/** The level that a name in any case means, or undefined. */
export function parseLogLevel(name: string): LogLevel | undefined {
  return levels.get(name.trim().toUpperCase());
}

/** A parameter that is a level; anything unknown is INFO, which is no problem but worth a warning. */
export function logLevel() {
  return z
    .unknown()
    .transform((value): LogLevel => (typeof value === 'string' ? parseLogLevel(value) : undefined) ?? 'INFO');
}
