import { errorCode } from '../../system-error.ts';

/** Groups of child processes that run, by the id of their leader. */
const running = new Set<number>();

/**
 * Notes a process group that must not outlive this process. Ctrl-C in a terminal doesn't reach it, so that a graceful
 * shutdown lets it end; when this process exits before that, the group is killed.
 */
export function watchGroup(leader: number): void {
  // Before anything that could wait for a file server that is away.
  if (running.size === 0) process.prependListener('exit', killAll);
  running.add(leader);
}

/** Takes a group out again. */
export function forgetGroup(leader: number): void {
  running.delete(leader);
  if (running.size === 0) process.off('exit', killAll);
}

/** Sends a signal to all processes of a group; one that has ended already needs none. */
export function signalGroup(leader: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-leader, signal);
  } catch (error) {
    // EPERM: what is left of the group belongs to somebody else (a set-user-id program), and isn't ours to end.
    if (errorCode(error) !== 'ESRCH' && errorCode(error) !== 'EPERM') throw error;
  }
}

function killAll(): void {
  for (const leader of running) signalGroup(leader, 'SIGKILL');
}
