import { type Flag, jsonFlag, limitFlag, runsFlag } from '../cli/flags.ts';
import type { ArchivedRequest } from './find-archived.ts';
import type { Mode } from './mode.ts';

const olderThanFlag: Flag = {
  flags: '--older-than <days>',
  description: 'let --list-archived leave out run directories that were changed within so many days',
  after: '--list-archived',
};
const expendableFlag: Flag = {
  flags: '--expendable <names>',
  description: 'files that no archive gets and --list-archived need not keep, such as config.txt,rc_info_*',
  after: '--older-than',
};

/** Lists the runs whose directories are not needed any more. */
export const listArchivedMode: Mode<ArchivedRequest> = {
  names: ['list-archived'],
  flags: [
    {
      flags: '--list-archived',
      description:
        'print, one a line, the runs whose directories are wholly in artdaqDB and equal in UconDB, compared now',
    },
  ],
  options: [olderThanFlag, expendableFlag, runsFlag, limitFlag, jsonFlag],
  needsLock: false,
  ownsStandardOutput: true,
  readRequest(given, common) {
    if (common.resultJson === '-')
      given.refuse('--list-archived and --result-json - both write to stdout: name a file');
    return {
      ...common,
      mode: 'list-archived',
      ...given.selection(),
      json: given.has('--json'),
      olderThanDays: given.wholeNumber('--older-than'),
      expendable: (given.value('--expendable') ?? '').split(',').filter((name) => name !== ''),
    };
  },
  async run(request, execution) {
    const { listArchived } = await import('./find-archived.ts');
    return await listArchived(request, execution);
  },
};
