import { type Flag, jsonFlag, limitFlag, runsFlag } from '../cli/flags.ts';
import type { Mode } from './mode.ts';
import type { VerificationRequest } from './verify-runs.ts';

const timeLimitFlag: Flag = {
  flags: '--time-limit <minutes>',
  description: 'after this time --verify begins no further run',
  after: '--limit',
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
  options: [runsFlag, limitFlag, timeLimitFlag, jsonFlag],
  needsLock: false,
  readRequest(given, common) {
    return {
      ...common,
      mode: 'verify',
      ...given.selection(),
      json: given.has('--json'),
      timeLimit: given.wholeNumber('--time-limit'),
    };
  },
  async run(request, execution) {
    const { reportVerification } = await import('./verify-runs.ts');
    return await reportVerification(request, execution);
  },
};
