import { parseRunNumber } from '../runs/run-number.ts';
import type { Mode } from './mode.ts';
import type { RestoreRequest } from './restore-files.ts';

/** Writes a run's files from UconDB into a directory. */
export const restoreMode: Mode<RestoreRequest> = {
  names: ['restore'],
  flags: [{ flags: '--restore <run>', description: "unpack a run's files from UconDB (with --to)" }],
  options: [
    { flags: '--to <directory>', description: 'where --restore puts the files' },
    { flags: '--force', description: 'let --restore replace existing files' },
    {
      flags: '--raw',
      description: 'let --restore write the blob as it is, into one file run<number>.blob',
    },
  ],
  needsLock: false,
  readRequest(given, common) {
    const text = given.value('--restore') ?? '';
    const run = parseRunNumber(text) ?? given.refuse(`--restore needs a run number, not '${text}'`);
    const to = given.value('--to') || given.refuse('--restore needs --to <directory>');
    return { ...common, mode: 'restore', run, to, force: given.has('--force'), raw: given.has('--raw') };
  },
  async run(request, execution) {
    const { restore } = await import('./restore-files.ts');
    return await restore(request, execution);
  },
};
