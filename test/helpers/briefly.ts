import { setTimeout as wait } from 'node:timers/promises';

/**
 * Waits for a FilesystemDB that nobody stores into but the test's own tools: locks are waited for as they are, but not the
 * seconds until a run of other programs counts as whole.
 */
export function briefly(milliseconds: number): Promise<unknown> {
  return wait(Math.min(milliseconds, 50));
}
