import { type Flag, jsonFlag, runsFlag } from '../cli/flags.ts';
import type { StatusRequest } from './collect-status.ts';
import type { Mode } from './mode.ts';

const compareStateFlag: Flag = {
  flags: '--compare-state',
  description:
    'report as --report-status does, and compare with the state files and failure logs; no stage is run then',
  after: '--incremental',
};
const htmlFlag: Flag = { flags: '--html <file>', description: 'the report as a web page', value: 'file' };

/** Flags that ask for work: the Python archiver accepts them here, and ignores them. */
const ignoredFlags = [
  '--incremental',
  '--validate',
  '--import-only',
  '--migrate-only',
  '--retry-failed-import',
  '--retry-failed-migrate',
];

/** Reports which runs are where. */
export const reportStatusMode: Mode<StatusRequest> = {
  names: ['report-status'],
  flags: [{ flags: '--report-status', description: 'report which runs are where; processes nothing' }],
  impliedBy: '--compare-state',
  options: [compareStateFlag, runsFlag, jsonFlag, htmlFlag],
  needsLock: false,
  hasScreen: true,
  readRequest(given, common) {
    const html = given.value('--html');
    if (html === '') given.refuse('--html needs a file');
    return {
      ...common,
      mode: 'report-status',
      runs: given.runs(),
      compareState: given.has('--compare-state'),
      json: given.has('--json'),
      html,
      ignored: ignoredFlags.filter((flag) => given.has(flag)),
    };
  },
  async run(request, execution) {
    const { reportStatus } = await import('./collect-status.ts');
    return await reportStatus(request, execution);
  },
};
