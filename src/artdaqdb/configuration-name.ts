import { ArtdaqDbError } from '../errors.ts';
import { parseRunNumber, type RunNumber } from '../runs/run-number.ts';
import { assignedTime, latest } from './stored-document.ts';

/**
 * The name of a run in the database, `<run>/<config>`.
 * @throws ArtdaqDbError if the C++ tools could not find the run under that name
 */
export function configurationName(run: RunNumber, config: string): string {
  if (!/^[\x20-\x7e]+$/.test(config) || config.includes('/') || config.endsWith('*')) {
    throw new ArtdaqDbError(
      `Run ${run} can't be stored under the configuration name '${config}': artdaqDB needs printable ASCII without '/' and without '*' at the end`,
      { run, fault: 'run' },
    );
  }
  return `${run}/${config}`;
}

/** The run in a configuration name; undefined if the name belongs to no run. */
export function runOf(configuration: string): RunNumber | undefined {
  const slash = configuration.indexOf('/');
  return slash > 0 ? parseRunNumber(configuration.slice(0, slash)) : undefined;
}

/** A configuration name without its run. */
export function configOf(configuration: string): string {
  return configuration.slice(configuration.indexOf('/') + 1);
}

/**
 * Of the names under which a run is stored, the one assigned last; undefined if there is none.
 * @param stamps when each name was assigned to the run's documents
 */
export function assignedLast(stamps: ReadonlyMap<string, readonly string[]>): string | undefined {
  let best: { readonly name: string; readonly time: number } | undefined;
  for (const [name, assigned] of stamps) {
    const time = latest(assigned.map(assignedTime));
    if (best === undefined || time > best.time) best = { name, time };
  }
  return best?.name;
}
