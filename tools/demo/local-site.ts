/** A site that needs nothing but this machine, for the demo: directories, schema, configuration file. */
import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ArchiverError } from '../../src/errors.ts';
import { installationDirectory } from '../../src/installation.ts';
import { EXAMPLE_SCHEMA } from '../../src/records/schema-file.ts';
import { errorCode } from '../../src/system-error.ts';
import { startUconDbServer, type UconDbServer } from '../ucondb-server/server.ts';

/** A command as users start it. */
export const command = (name: string): string => join(installationDirectory(), 'bin', name);

const account = { user: 'archiver', password: 'local-only' };
const FOLDER = 'local_folder';

/** Where everything of a site is. */
export interface LocalSite {
  readonly config: string;
  readonly runRecords: string;
  readonly database: string;
  readonly server: UconDbServer;
  /** Starts the server again. */
  readonly serverCommand: readonly string[];
}

/**
 * Sets up a site in a directory, with a running UconDB-compatible server. Keeps a configuration or schema that exists.
 * @param batchSize `app.batch_size`
 * @param port of the server; 0: any free one
 */
export async function makeLocalSite(directory: string, batchSize: number, port = 0): Promise<LocalSite> {
  const conf = join(directory, 'conf');
  await mkdir(conf, { recursive: true });
  await unlessThere(copyFile(EXAMPLE_SCHEMA, join(conf, 'schema.fcl'), constants.COPYFILE_EXCL));
  const data = join(directory, 'ucondb');
  const server = await startUconDbServer({ data, folders: [FOLDER], ...account, port });
  const config = join(directory, 'config.yaml');
  const runRecords = join(directory, 'run_records');
  const database = join(directory, 'artdaqdb');
  const text = `app:
  work_dir: ${directory}/work
  log_file: ${directory}/work/archiver.log
  batch_size: ${batchSize}
source_files:
  run_records_dir: ${runRecords}
artdaq_db:
  database_uri: filesystemdb://${database}
  fcl_conf_dir: ${conf}
ucon_db:
  server_url: ${server.url}
  folder_name: ${FOLDER}
  object_name: run_records
  writer_user: ${account.user}
  writer_password: ${account.password}
`;
  await unlessThere(writeFile(config, text, { mode: 0o600, flag: 'wx' }));
  const options = ['--folder', FOLDER, '--user', account.user, '--password', account.password];
  const at = ['--data', data, '--port', new URL(server.url).port];
  const serverCommand = [command('ucondb-server'), ...at, ...options];
  return { config, runRecords, database, server, serverCommand };
}

async function unlessThere(making: Promise<void>): Promise<void> {
  try {
    await making;
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
  }
}

/**
 * Runs a Node program to its end, in this terminal.
 * @throws ArchiverError if it ends with another exit code than 0
 */
export async function runNode(args: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, args, { stdio: 'inherit' });
  const code = await new Promise<number | null>((done, fail) => {
    child.once('error', fail);
    child.once('exit', done);
  });
  if (code !== 0) throw new ArchiverError(`${args.join(' ')} ended with exit code ${code}`);
}
