import { type Flag, limitFlag, runsFlag } from '../cli/flags.ts';
import type { Mode } from './mode.ts';
import type { StagesRequest } from './run-stages.ts';

const incrementalFlag: Flag = {
  flags: '--incremental',
  description: 'only runs above the saved position, and at most batch_size of them (else batch_size * 10)',
};
const validateFlag: Flag = {
  flags: '--validate',
  description: "check each blob's metadata after its migration",
};

/** Imports, migrates, or both: what the program does unless it is asked for something else. */
export const archiveMode: Mode<StagesRequest> = {
  names: ['pipeline', 'import-only', 'migrate-only', 'retry-failed'],
  flags: [
    { flags: '--import-only', description: 'only the import stage (run records to artdaqDB)' },
    { flags: '--migrate-only', description: 'only the migrate stage (artdaqDB to UconDB)' },
    {
      flags: '--retry-failed-import',
      description: "process the runs in the import stage's failure log",
    },
    {
      flags: '--retry-failed-migrate',
      description: "process the runs in the migrate stage's failure log",
    },
  ],
  options: [incrementalFlag, validateFlag, runsFlag, limitFlag],
  needsLock: true,
  isRoutine: true,
  readRequest(given, common) {
    const request = { ...common, ...given.selection(), validate: given.has('--validate') };
    const retried = (['import', 'migrate'] as const).find((stage) => given.has(`--retry-failed-${stage}`));
    if (retried !== undefined) return { ...request, mode: 'retry-failed', stage: retried };
    const only = (['import-only', 'migrate-only'] as const).find((mode) => given.has(`--${mode}`));
    return { ...request, mode: only ?? 'pipeline', incremental: given.has('--incremental') };
  },
  async run(request, execution) {
    const { runStages } = await import('./run-stages.ts');
    return await runStages(request, execution);
  },
};
