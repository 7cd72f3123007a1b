/**
 * The main job for real, on this machine alone: sample run records -> FilesystemDB -> the local UconDB-compatible server,
 * each step with the program that operators use. Leaves everything in ./demo to look at.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startUconDbServer } from './ucondb-server/server.ts';

const here = fileURLToPath(new URL('.', import.meta.url));
const program = resolve(here, '../../bin/run-archiver');
const directory = resolve('demo');
const account = { user: 'archiver', password: 'demo-only' };
const target = { folder: 'demo_folder', object: 'run_records' };

async function run(command: string, args: readonly string[]): Promise<void> {
  console.log(`\n$ ${[command, ...args].map((part) => part.replace(`${process.cwd()}/`, '')).join(' ')}`);
  const child = spawn(process.execPath, [command, ...args], { stdio: 'inherit' });
  const code = await new Promise<number | null>((done, fail) => {
    child.once('error', fail);
    child.once('exit', done);
  });
  if (code !== 0) throw new Error(`${command} ended with exit code ${code}`);
}

function configuration(serverUrl: string): string {
  return `app:
  work_dir: ${directory}/work
  log_file: ${directory}/work/archiver.log
  batch_size: 10
source_files:
  run_records_dir: ${directory}/run_records
artdaq_db:
  database_uri: filesystemdb://${directory}/artdaqdb
  fcl_conf_dir: ${directory}/conf
ucon_db:
  server_url: ${serverUrl}
  folder_name: ${target.folder}
  object_name: ${target.object}
  writer_user: ${account.user}
  writer_password: ${account.password}
`;
}

const schema = `# which collection a document of a run record goes to
run_history: [ { collection: RunHistory pattern: '(.*/)([A-Za-z0-9_.-]+)(\\.fcl$)' } ]
system_layout: [ { collection: SystemLayout pattern: '(.*/)(schema)(\\.fcl$)' } ]
`;

async function startAfresh(): Promise<void> {
  const marker = join(directory, '.demo');
  if (existsSync(directory)) {
    if (!existsSync(marker))
      throw new Error(`${directory} exists and was not made by this demo: move it away`);
    await rm(directory, { recursive: true });
  }
  await mkdir(join(directory, 'conf'), { recursive: true });
  await writeFile(marker, '');
  await writeFile(join(directory, 'conf', 'schema.fcl'), schema);
}

await startAfresh();
await run(join(here, 'sample-records.js'), [join(directory, 'run_records'), '--count', '6', '--writable']);
const server = await startUconDbServer({
  data: join(directory, 'ucondb'),
  folders: [target.folder],
  ...account,
});
try {
  const config = join(directory, 'config.yaml');
  await writeFile(config, configuration(server.url), { mode: 0o600 });
  await run(program, [config, '--incremental']);
  await run(program, [config, '--report-status']);
} finally {
  await server.close();
}
console.log(
  `\nEverything is in ${directory}: run_records, artdaqdb, ucondb, work (state and log), config.yaml.`,
);
