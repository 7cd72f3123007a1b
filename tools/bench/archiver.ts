import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { installationDirectory } from '../../src/installation.ts';
import { EXAMPLE_SCHEMA } from '../../src/records/schema-file.ts';
import { ACCOUNT } from './account.ts';
import { type CommandLine, measure, type Usage } from './usage.ts';

/** An archiver's configuration: where it reads and writes. All else is as by default. */
export interface ArchiverPlaces {
  readonly runRecords: string;
  readonly databaseUri: string;
  readonly serverUrl: string;
  /** Of UconDB. */
  readonly object: string;
}

/**
 * Writes the configuration file of an archiver that has not run yet.
 * @param directory for it and for what the archiver keeps; made if missing
 * @returns its path
 */
export function configure(directory: string, places: ArchiverPlaces): string {
  mkdirSync(directory, { recursive: true });
  copyFileSync(EXAMPLE_SCHEMA, join(directory, 'schema.fcl'));
  const path = join(directory, 'config.yaml');
  const text = `app:
  work_dir: ${directory}/work
  log_file: ${directory}/work/archiver.log
source_files:
  run_records_dir: ${places.runRecords}
artdaq_db:
  database_uri: ${places.databaseUri}
  fcl_conf_dir: ${directory}
ucon_db:
  server_url: ${places.serverUrl}
  folder_name: ${ACCOUNT.folder}
  object_name: ${places.object}
  writer_user: ${ACCOUNT.user}
  writer_password: ${ACCOUNT.password}
`;
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

/** The archiver as users start it. */
export const PROGRAM = join(installationDirectory(), 'bin/run-archiver');

/**
 * The command to archive with: the program as built. Only the two seconds are left out that it waits once an execution if run
 * records are new, between two looks at them.
 */
export function archiver(config: string, ...flags: readonly string[]): CommandLine {
  const starter = join(installationDirectory(), 'test/helpers/archiver-without-pause.mjs');
  return [process.execPath, starter, config, '--quiet', ...flags];
}

/** Runs the archiver where nothing is compared. */
export function runArchiver(config: string, ...flags: readonly string[]): Promise<Usage> {
  return measure(archiver(config, ...flags));
}
