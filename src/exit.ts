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
  /** By a signal, or because the lock file was removed. */
  stopped: 130,
} as const;

/** The exit code for what was thrown, in the program and in its tools. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof ArchiverError) return exitCodes.failure;
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.success : exitCodes.wrongUsage;
  return exitCodes.unexpectedError;
}

/**
 * Kills its parent if that still exists after some seconds. The parent of this process tells whether the PID has gone to another
 * process by then.
 */
const KILLER = `sleep "$1"
read -r pid name state parent rest < /proc/$$/stat
[ "$parent" = "$0" ] && kill -KILL "$0"`;
const PATIENCE_SECONDS = 3;
const LEFTOVERS_MS = 5000;

/**
 * Ends the process, whatever it is doing. `process.exit` alone waits for a thread inside a system call, such as one that reads
 * from a dead file server. The listeners of `exit` still end the child processes; then the process is killed, with the exit
 * status of SIGKILL (137 in a shell).
 */
export function exitAtOnce(code: number): never {
  // Loaded late, so that starts don't wait for it.
  const { spawn } = process.getBuiltinModule('node:child_process');
  // Once this process waits, nothing inside it is sure to run.
  const killer = spawn('/bin/sh', ['-c', KILLER, String(process.pid), String(PATIENCE_SECONDS)], {
    stdio: 'ignore',
    detached: true,
  });
  // A system that can't start it has no memory or processes left; the exit is tried all the same.
  killer.on('error', () => undefined);
  process.exit(code);
}

/** Ends the process after the work, even if something that was given up, such as a dead file system, still holds it. */
export function endSoon(code: number): void {
  setTimeout(() => exitAtOnce(code), LEFTOVERS_MS).unref();
}
