/** A site on this machine alone, for the demo and benchmarks: directories, schema, configuration file. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startUconDbServer, type UconDbServer } from './ucondb-server/server.ts';

/** The archiver as users start it. */
export const archiver = resolve(fileURLToPath(new URL('.', import.meta.url)), '../../bin/run-archiver');

const schema = `# which collection a document of a run record goes to
run_history: [ { collection: RunHistory pattern: '(.*/)([A-Za-z0-9_.-]+)(\\.fcl$)' } ]
system_layout: [ { collection: SystemLayout pattern: '(.*/)(schema)(\\.fcl$)' } ]
`;
const account = { user: 'archiver', password: 'local-only' };
const folder = 'local_folder';

/** Where everything of a site is. */
export interface LocalSite {
  readonly config: string;
  readonly runRecords: string;
  readonly database: string;
  readonly server: UconDbServer;
}

/**
 * Sets a site up in a directory, with a running UconDB-compatible server.
 * @param batchSize `app.batch_size`
 */
export async function makeLocalSite(directory: string, batchSize: number): Promise<LocalSite> {
  const conf = join(directory, 'conf');
  await mkdir(conf, { recursive: true });
  await writeFile(join(conf, 'schema.fcl'), schema);
  const server = await startUconDbServer({ data: join(directory, 'ucondb'), folders: [folder], ...account });
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
  folder_name: ${folder}
  object_name: run_records
  writer_user: ${account.user}
  writer_password: ${account.password}
`;
  await writeFile(config, text, { mode: 0o600 });
  return { config, runRecords, database, server };
}

/**
 * Runs a Node program to its end.
 * @param watch is given the process when it has started
 * @throws Error if it ends with another exit code than 0
 */
export async function runNode(
  args: readonly string[],
  stdio: 'inherit' | 'ignore',
  watch?: (child: ChildProcess) => void,
): Promise<void> {
  const child = spawn(process.execPath, args, { stdio });
  watch?.(child);
  const code = await new Promise<number | null>((done, fail) => {
    child.once('error', fail);
    child.once('exit', done);
  });
  if (code !== 0) throw new Error(`${args.join(' ')} ended with exit code ${code}`);
}
