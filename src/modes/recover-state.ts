import type { Mode } from './mode.ts';
import type { RecoveryRequest } from './rebuild-state.ts';

/** Rebuilds what a stage remembers from what its source and its target hold. */
export const recoverStateMode: Mode<RecoveryRequest> = {
  names: ['recover-state'],
  flags: [
    {
      flags: '--recover-import-state',
      description: "rebuild the import stage's state file and failure log from the run records and artdaqDB",
    },
    {
      flags: '--recover-migrate-state',
      description: "rebuild the migrate stage's state file and failure log from artdaqDB and UconDB",
    },
  ],
  options: [],
  needsLock: true,
  readRequest(given, common) {
    return {
      ...common,
      mode: 'recover-state',
      stage: given.has('--recover-import-state') ? 'import' : 'migrate',
    };
  },
  async run(request, execution) {
    const { recoverState } = await import('./rebuild-state.ts');
    return await recoverState(request, execution);
  },
};
