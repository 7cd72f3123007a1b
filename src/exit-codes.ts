import { CommanderError } from 'commander';
import { ArchiverError } from './errors.ts';

/** How the program ends; operators' scripts rely on the numbers. */
export const exitCodes = {
  /** Also if there was nothing to do. */
  success: 0,
  /** A known error, or at least one run failed. */
  failure: 1,
  unexpectedError: 2,
  wrongUsage: 2,
  /** By a signal, or as the lock file was removed. */
  stopped: 130,
} as const;

/** The exit code for what was thrown, in the program and its tools. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof ArchiverError) return exitCodes.failure;
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.success : exitCodes.wrongUsage;
  return exitCodes.unexpectedError;
}
