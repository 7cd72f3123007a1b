import { access, constants, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { RunRecordError } from '../errors.ts';
import type { Usability } from '../files/directory-access.ts';
import { abbreviate, faultOf, shown } from '../records/record-faults.ts';
import { listRecord } from '../records/record-listing.ts';
import { listRunDirectories } from '../records/run-directories.ts';
import { errorCode } from '../system-error.ts';

/** Asks the system whether a file or directory may be used in a way (`fs.access`). */
export type MayUse = (path: string, mode: number) => Promise<void>;

/** Counts the run records and tries to read the newest. */
export async function lookAtRunRecords(location: string, mayUse: MayUse = access): Promise<Usability> {
  const { runs } = await listRunDirectories(location);
  const newest = runs.at(-1);
  if (newest === undefined) {
    return { text: '', warnings: ['it holds no run; is this the directory that DAQInterface writes to?'] };
  }
  const warnings = await newestRun(newest, location, mayUse);
  return { text: `${runs.length} runs, the newest ${newest}`, warnings };
}

/** Lacking rights are an error. Other faults are only warned of, as the run may still be being written. */
async function newestRun(run: number, location: string, mayUse: MayUse): Promise<string[]> {
  const directory = join(location, String(run));
  const denied: string[] = [];
  const ask = async (path: string, mode: number): Promise<void> => {
    try {
      await mayUse(path, mode);
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') denied.push(`${shown(path)}: ${faultOf(path, error).problem}`);
    }
  };
  await ask(directory, constants.R_OK | constants.X_OK);
  const listing = denied.length > 0 ? undefined : await listRecord(await realpath(directory));
  for (const { at, kind } of listing?.entries ?? []) {
    if (kind === 'directory') await ask(at, constants.R_OK | constants.X_OK);
  }
  for (const { target } of listing?.files ?? []) await ask(target, constants.R_OK);
  if (denied.length > 0) {
    throw new RunRecordError(
      `the newest run, ${run}, can't be read: ${abbreviate(denied, '; ')}; give the account that runs the archiver the right to read run records`,
      { stage: 'import', run },
    );
  }
  const faults = (listing?.faults ?? []).map(({ path, problem }) => `${shown(path)} ${problem}`);
  return faults.length === 0
    ? []
    : [`the newest run, ${run}, can't be archived: ${abbreviate(faults, '; ')}`];
}
