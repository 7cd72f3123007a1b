import { access, constants, realpath } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { ArchiverConfig } from '../config/schema.ts';
import { RunRecordError } from '../errors.ts';
import { abbreviate, faultOf, shown } from '../records/record-faults.ts';
import { listRecord } from '../records/record-listing.ts';
import { listRunDirectories } from '../records/run-directories.ts';
import { readSchemaFile } from '../records/schema-file.ts';
import { errorCode } from '../system-error.ts';
import type { Check, Finding } from './run-checks.ts';

/** Asks the system whether a file or directory may be used in a way (`fs.access`). */
export type MayUse = (path: string, mode: number) => Promise<void>;

/** The check of the run records: what is there, and whether the newest may be read. */
export function runRecordsCheck({ sourceFiles }: ArchiverConfig, mayUse: MayUse = access): Check {
  const location = resolve(sourceFiles.runRecordsDir);
  const look = async (): Promise<Finding> => {
    const { runs } = await listRunDirectories(location);
    const newest = runs.at(-1);
    if (newest === undefined) {
      return { text: '', warnings: ['it holds no run; is this the directory that DAQInterface writes to?'] };
    }
    const warnings = await newestRun(newest, location, mayUse);
    return { text: `${runs.length} runs, the newest ${newest}`, warnings };
  };
  return { name: 'run_records_dir', subject: `run_records_dir ${location}`, look };
}

/** The check of `schema.fcl`. */
export function schemaCheck({ artdaqDb }: ArchiverConfig): Check {
  const look = async (): Promise<Finding> => {
    await readSchemaFile(artdaqDb.fclConfDir);
    return { text: 'schema.fcl is FHiCL' };
  };
  return { name: 'fcl_conf_dir', subject: `fcl_conf_dir ${artdaqDb.fclConfDir}`, look };
}

/** A run may still be being written, so that other faults than lacking rights are only warned of. */
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
