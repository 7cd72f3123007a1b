/**
 * Archives for real, on this machine alone: sample run records -> FilesystemDB -> the local UconDB-compatible server,
 * each step with the program that operators use. Everything stays in ./demo, to look at and to continue with.
 */
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { quoted } from '../../src/artdaqdb/tools/remote/script.ts';
import { ArchiverError } from '../../src/errors.ts';
import { exitCodes } from '../../src/exit.ts';
import { parseRunNumber } from '../../src/runs/run-number.ts';
import { runTool } from '../run-tool.ts';
import { command, makeLocalSite, runNode } from './local-site.ts';

const RUNS = 6;
const FIRST_RUN = 5001;
const directory = resolve('demo');

const commandLine = new Command('demo')
  .description(
    'Makes sample run records in ./demo, archives them into a FilesystemDB and a local UconDB, and reports. ' +
      `If ./demo exists from an earlier demo, it adds ${RUNS} more runs: nothing is deleted or replaced.`,
  )
  .allowExcessArguments(false);

void runTool('demo', async (argv) => {
  commandLine.parse(argv, { from: 'user' });
  await demonstrate();
  return exitCodes.success;
});

async function demonstrate(): Promise<void> {
  await takeDirectory();
  const { config, runRecords, server, serverCommand } = await makeLocalSite(
    directory,
    10,
    await portBefore(),
  );
  const report = [command('run-archiver'), config, '--report-status'];
  try {
    const options = ['--count', String(RUNS), '--first-run', String(await nextRun(runRecords)), '--writable'];
    await run(command('sample-records'), runRecords, ...options);
    await run(command('run-archiver'), config, '--incremental');
    await run(...report);
  } finally {
    await server.close();
  }
  console.log(`
Everything is in ${directory}: run_records, artdaqdb, ucondb, work (state and log), conf, config.yaml.
The UconDB server has ended. To continue, start it again and leave it running:
  ${typed(serverCommand)}
Then, in another terminal:
  ${typed(report)}`);
}

async function takeDirectory(): Promise<void> {
  const marker = join(directory, '.demo');
  if (existsSync(directory) && !existsSync(marker))
    throw new ArchiverError(`${directory} exists and was not made by this demo: move it away`);
  await mkdir(directory, { recursive: true });
  await writeFile(marker, '');
}

/** The port that the configuration of an earlier demo names; 0 if there is none. */
async function portBefore(): Promise<number> {
  const config = join(directory, 'config.yaml');
  if (!existsSync(config)) return 0;
  const [, port] =
    /^ *server_url: *http:\/\/127\.0\.0\.1:(\d+)\//m.exec(await readFile(config, 'utf8')) ?? [];
  if (port === undefined)
    throw new ArchiverError(`${config} names no server of this demo: move ${directory} away`);
  return Number(port);
}

async function nextRun(runRecords: string): Promise<number> {
  const names = existsSync(runRecords) ? await readdir(runRecords) : [];
  const runs = names.flatMap((name) => parseRunNumber(name) ?? []);
  return Math.max(FIRST_RUN - 1, ...runs) + 1;
}

async function run(...args: readonly string[]): Promise<void> {
  console.log(`\n$ ${typed(args)}`);
  await runNode(args);
}

/** A command as one types it in this directory. */
function typed(args: readonly string[]): string {
  const near = args.map((arg) => arg.replace(`${process.cwd()}/`, ''));
  return near.map((arg) => (/^[\w./:-]+$/.test(arg) ? arg : quoted(arg))).join(' ');
}
