import { ArtdaqDbError, ArtdaqDbPresenceError } from '../errors.ts';
import type { RunNumber } from '../runs/run-number.ts';

/** A run and its full name in the database, such as a submission or an amendment has. */
interface NamedRun {
  readonly run: RunNumber;
  /** `<run>/<config>` */
  readonly configuration: string;
}

/** The error for an export of a run that is not stored under any name. */
export function unknownRun(run: RunNumber): ArtdaqDbError {
  return new ArtdaqDbError(`Run ${run} is not stored in artdaqDB`, { run });
}

/** The error for a change of a run that is not stored under that name. */
export function notStored({ run, configuration }: NamedRun): ArtdaqDbPresenceError {
  return new ArtdaqDbPresenceError(`Run ${run} is not stored in artdaqDB under '${configuration}'`, { run });
}

/**
 * The error for an insert of a run that is stored under that name.
 * @param difference ends the message: how the stored run differs
 */
export function storedAlready({ run, configuration }: NamedRun, difference = ''): ArtdaqDbPresenceError {
  return new ArtdaqDbPresenceError(
    `Run ${run} is stored already in artdaqDB under '${configuration}'${difference}`,
    { run },
  );
}

/** The error for an update with a document that the run has with another content. */
export function otherContent({ run, configuration }: NamedRun, entity: string): ArtdaqDbPresenceError {
  return new ArtdaqDbPresenceError(
    `Run ${run} has a document '${entity}' with other content under '${configuration}' already`,
    { run, fault: 'run' },
  );
}
