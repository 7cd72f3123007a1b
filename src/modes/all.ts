import type { RunRequest } from '../cli/cli.ts';
import { archiveMode } from './archive.ts';
import { checkConfigMode } from './check-config.ts';
import { giveUpMode } from './give-up.ts';
import { listArchivedMode } from './list-archived.ts';
import type { Mode } from './mode.ts';
import { recoverStateMode } from './recover-state.ts';
import { reportStatusMode } from './report-status.ts';
import { restoreMode } from './restore.ts';
import { verifyMode } from './verify.ts';

/** All modes in the order of the help text; the first one is meant if the command line names none. */
export const modes: readonly [Mode, ...Mode[]] = [
  archiveMode,
  reportStatusMode,
  recoverStateMode,
  checkConfigMode,
  verifyMode,
  listArchivedMode,
  restoreMode,
  giveUpMode,
];

/** The mode of a request. */
export function modeOf({ mode }: RunRequest): Mode {
  const found = modes.find(({ names }) => names.includes(mode));
  if (found === undefined) throw new Error(`There is no mode ${mode}`);
  return found;
}

/** May the request change the archive, or what the archiver remembers of it? */
export function needsLock(request: RunRequest): boolean {
  const { needsLock } = modeOf(request);
  const isNeeded = typeof needsLock === 'boolean' ? needsLock : needsLock.includes(request.mode);
  return isNeeded && !request.dryRun;
}

/** Must the request not even leave a log file, which the account that only tries things out would own? */
export function touchesNothing(request: RunRequest): boolean {
  return modeOf(request).touchesNothing === true || request.dryRun;
}
