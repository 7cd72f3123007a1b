import { type Flag, limitFlag } from '../cli/flags.ts';
import type { GivenFlags } from '../cli/given-flags.ts';
import { RunSet } from '../runs/run-set.ts';
import type { Mode } from './mode.ts';
import type { RebuildRequest } from './plan-rebuild.ts';
import type { RestoreRequest } from './restore-files.ts';

const toArtdaqDbFlag: Flag = {
  flags: '--to-artdaqdb',
  description: 'let --restore store the runs in artdaqDB, as far as it lacks them',
  after: '--raw',
};
const configurationFlag: Flag = {
  flags: '--configuration <name>',
  description: 'with --to-artdaqdb: the configuration name in artdaqDB, whatever the blobs tell',
  after: '--to-artdaqdb',
};

/** Writes runs from UconDB into directories, or into artdaqDB. */
export const restoreMode: Mode<RestoreRequest | RebuildRequest> = {
  names: ['restore', 'rebuild'],
  flags: [
    {
      flags: '--restore <runs>',
      description:
        'unpack the files of runs, such as 100-120,130, from UconDB (with --to), or store them in artdaqDB again',
    },
  ],
  options: [
    limitFlag,
    {
      flags: '--to <directory>',
      description: 'where --restore puts the files; of several runs, each into a directory of its own there',
      value: 'directory',
    },
    { flags: '--force', description: 'let --restore replace existing files' },
    {
      flags: '--raw',
      description: 'let --restore write each blob as it is, into one file',
    },
    toArtdaqDbFlag,
    configurationFlag,
  ],
  needsLock: ['rebuild'],
  readRequest(given, common) {
    const text = given.value('--restore') ?? '';
    const runs =
      RunSet.fromTexts(text.split(',').map((part) => part.trim())) ??
      given.refuse(`--restore needs a run number, or several such as 100-120,130, not '${text}'`);
    const limit = given.wholeNumber('--limit');
    if (given.has('--to-artdaqdb')) {
      for (const flag of ['--to', '--force', '--raw']) refuseBoth(given, flag);
      return { ...common, mode: 'rebuild', runs, limit, configuration: configurationIn(given) };
    }
    if (given.has('--configuration')) given.refuse('--configuration has no meaning without --to-artdaqdb');
    const to = given.value('--to') || given.refuse('--restore needs --to <directory> or --to-artdaqdb');
    return {
      ...common,
      mode: 'restore',
      runs,
      limit,
      to,
      force: given.has('--force'),
      raw: given.has('--raw'),
    };
  },
  async run(request, execution) {
    if (request.mode === 'rebuild') {
      const { rebuildArtdaqDb } = await import('./rebuild-artdaqdb.ts');
      return await rebuildArtdaqDb(request, execution);
    }
    const { restore } = await import('./restore-files.ts');
    return await restore(request, execution);
  },
};

function refuseBoth(given: GivenFlags, flag: string): void {
  if (given.has(flag)) given.refuse(`--to-artdaqdb and ${flag} can't be used together`);
}

function configurationIn(given: GivenFlags): string | undefined {
  const name = given.value('--configuration');
  if (name === '') given.refuse('--configuration needs a name');
  return name;
}
