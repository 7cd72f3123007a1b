import { dirname, resolve } from 'node:path';
import type { ArchiverConfig } from '../config/schema.ts';
import { checkMayWrite, looking, undefinedIfAbsent } from '../files/directory-access.ts';
import { adviceOn, describeHolder } from '../lock/directory-lock.ts';
import { findKernelLock } from '../lock/kernel-locks.ts';
import { judgeOwner } from '../lock/liveness.ts';
import { readHolder } from '../lock/lock-directory.ts';
import { currentOwner } from '../lock/owner.ts';
import type { Check, Finding } from './check.ts';

/** The check of the lock, which is not taken: whoever holds it is only named. */
export function lockFileCheck({ app }: ArchiverConfig): Check {
  const { lockFile, workDir } = app;
  const look = async (): Promise<Finding> => {
    const directory = dirname(resolve(lockFile));
    if (directory !== resolve(workDir)) await checkMayWrite(directory, 'app.lock_file');
    const text = await looking(`app.lock_file ${lockFile} can't be looked at`, () => stateOf(lockFile));
    return { text };
  };
  return { name: 'lock_file', subject: `lock_file ${lockFile}`, look };
}

async function stateOf(lockFile: string): Promise<string> {
  const path = resolve(lockFile);
  const holder = await readHolder(`${path}.lock`).catch(undefinedIfAbsent);
  if (holder !== undefined) {
    const { owner, lastSeen } = holder;
    const self = currentOwner();
    const liveness = owner && judgeOwner(owner, self, Date.now() - lastSeen.getTime());
    const described = describeHolder(holder);
    if (liveness === 'dead')
      return `left by ${described}, which has ended; the next execution clears it away`;
    if (liveness === 'unknown') return `held by ${described}. ${adviceOn(holder, self)}`;
    return `held by ${described}: an archiver is at work`;
  }
  const kernelLock = await findKernelLock(path).catch(undefinedIfAbsent);
  return kernelLock === undefined ? 'free' : `held by process ${kernelLock.pid}: an archiver is at work`;
}
