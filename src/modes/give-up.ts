import type { GivenFlags } from '../cli/given-flags.ts';
import type { GivingUpRequest } from './change-given-up.ts';
import type { Mode } from './mode.ts';

const GIVE_UP = '--give-up';
const TAKE_UP = '--take-up';
/** In place of run numbers. */
const SKIPPED = 'skipped';

/** Takes runs off the list of what needs a person, and puts them back. */
export const giveUpMode: Mode<GivingUpRequest> = {
  names: ['give-up', 'take-up'],
  flags: [
    {
      flags: `${GIVE_UP} <runs>`,
      description: `let runs be (with --reason): nobody archives them, and no report names them as a problem; '${SKIPPED}': all skipped ones`,
    },
    { flags: `${TAKE_UP} <runs>`, description: `undo ${GIVE_UP}` },
  ],
  options: [{ flags: '--reason <text>', description: `why ${GIVE_UP} lets the runs be` }],
  needsLock: true,
  readRequest(given, common) {
    const reason = given.value('--reason')?.trim();
    if (given.has(TAKE_UP)) {
      if (reason !== undefined) given.refuse(`--reason has no meaning with ${TAKE_UP}`);
      return { ...common, mode: 'take-up', runs: runsOf(given, TAKE_UP) };
    }
    return {
      ...common,
      mode: 'give-up',
      runs: runsOf(given, GIVE_UP),
      reason: reason || given.refuse(`${GIVE_UP} needs --reason "…"`),
    };
  },
  async run(request, execution) {
    const { changeGivenUp } = await import('./change-given-up.ts');
    return await changeGivenUp(request, execution);
  },
};

function runsOf(given: GivenFlags, flag: string): GivingUpRequest['runs'] {
  return given.value(flag) === SKIPPED ? SKIPPED : (given.runs(flag) ?? given.refuse(`${flag} needs runs`));
}
