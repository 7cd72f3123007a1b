import { realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

const OTHERS_READ = 0o004;
const OTHERS_ENTER = 0o001;

/**
 * Can every account of this machine read a file? Others also need the right to enter each directory above it.
 * @throws the system's error
 */
export function canOthersRead(path: string): boolean {
  if ((statSync(path).mode & OTHERS_READ) === 0) return false;
  let place = realpathSync(path);
  while (place !== dirname(place)) {
    place = dirname(place);
    if ((statSync(place).mode & OTHERS_ENTER) === 0) return false;
  }
  return true;
}
