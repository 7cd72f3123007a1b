import { spawn } from 'node:child_process';

/** Kills its parent, if that is still there after some seconds. A PID that another process has got by then is none of its parent's. */
const KILLER = `sleep "$1"
read -r pid name state parent rest < /proc/$$/stat
[ "$parent" = "$0" ] && kill -KILL "$0"`;
const PATIENCE_SECONDS = 3;
const LEFTOVERS_MS = 5000;

/**
 * Ends the process, whatever it is doing. `process.exit` alone waits for a thread that sits in a system call, such as reading from
 * a file server that is away; then, when the listeners of `exit` have ended the child processes, the process is killed: its
 * exit status is that of SIGKILL (137 in a shell).
 */
export function exitAtOnce(code: number): never {
  // Nothing within this process is sure to run any more once it waits.
  const killer = spawn('/bin/sh', ['-c', KILLER, String(process.pid), String(PATIENCE_SECONDS)], {
    stdio: 'ignore',
    detached: true,
  });
  // A system that can't start it has no memory or processes left; the exit is tried all the same.
  killer.on('error', () => undefined);
  process.exit(code);
}

/** For the end of the work: what was given up, such as a file system that does not answer, keeps the process a little longer at most. */
export function endSoon(code: number): void {
  setTimeout(() => exitAtOnce(code), LEFTOVERS_MS).unref();
}
