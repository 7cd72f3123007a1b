/**
 * The main job for real, on this machine alone: sample run records -> FilesystemDB -> the local UconDB-compatible server,
 * each step with the program that operators use. Leaves everything in ./demo to look at.
 */
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { archiver, makeLocalSite, runNode } from './local-site.ts';

const directory = resolve('demo');
const sampleRecords = fileURLToPath(new URL('sample-records.js', import.meta.url));

async function startAfresh(): Promise<void> {
  const marker = join(directory, '.demo');
  if (existsSync(directory)) {
    if (!existsSync(marker))
      throw new Error(`${directory} exists and was not made by this demo: move it away`);
    await rm(directory, { recursive: true });
  }
  await mkdir(directory);
  await writeFile(marker, '');
}

async function run(...args: readonly string[]): Promise<void> {
  console.log(`\n$ ${args.join(' ').replaceAll(`${process.cwd()}/`, '')}`);
  await runNode(args, 'inherit');
}

await startAfresh();
const { config, runRecords, server } = await makeLocalSite(directory, 10);
try {
  await run(sampleRecords, runRecords, '--count', '6', '--writable');
  await run(archiver, config, '--incremental');
  await run(archiver, config, '--report-status');
} finally {
  await server.close();
}
console.log(
  `\nEverything is in ${directory}: run_records, artdaqdb, ucondb, work (state and log), config.yaml.`,
);
