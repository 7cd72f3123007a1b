import { type Flag, jsonFlag, limitFlag, runsFlag } from '../cli/flags.ts';
import type { Mode } from './mode.ts';
import type { VerificationRequest } from './verify-runs.ts';

const timeLimitFlag: Flag = {
  flags: '--time-limit <minutes>',
  description: 'after this time --verify begins no further run',
  after: '--limit',
};

const withFilesFlag: Flag = {
  flags: '--with-files',
  description: 'let --verify also compare artdaqDB with what an import of the run directories would store',
  after: '--time-limit',
};

/** Compares runs in artdaqDB with their blobs in UconDB. */
export const verifyMode: Mode<VerificationRequest> = {
  names: ['verify'],
  flags: [
    {
      flags: '--verify',
      description: 'compare the runs in artdaqDB with their blobs in UconDB, file by file',
    },
  ],
  options: [runsFlag, limitFlag, timeLimitFlag, withFilesFlag, jsonFlag],
  needsLock: false,
  readRequest(given, common) {
    return {
      ...common,
      mode: 'verify',
      ...given.selection(),
      json: given.has('--json'),
      withFiles: given.has('--with-files'),
      timeLimit: given.wholeNumber('--time-limit'),
    };
  },
  async run(request, execution) {
    const { reportVerification } = await import('./verify-runs.ts');
    return await reportVerification(request, execution);
  },
};
