/**
 * Measures how many blobs a minute go to UconDB and are read back and compared, as the migrate stage does it.
 * Without --url it starts the local server on a temporary directory; with it, use a folder for tests: the blobs stay.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import pLimit from 'p-limit';
import { UconDbClient } from '../../src/ucondb/ucondb-client.ts';
import { startUconDbServer, type UconDbServer } from '../ucondb-server/server.ts';

interface BenchFlags {
  readonly url?: string;
  readonly folder: string;
  readonly user: string;
  readonly password: string;
  readonly blobs: string;
  readonly megabytes: string;
  readonly workers: string[];
}

const flags = new Command('bench-ucondb')
  .description('Blobs a minute to UconDB and back.')
  .option('--url <url>', 'a UconDB server, e.g. http://localhost:8080/app')
  .option('--folder <name>', 'folder', 'bench')
  .option('--user <name>', 'writer', 'bench')
  .option('--password <text>', "the writer's password", 'bench')
  .option('--blobs <number>', 'blobs a measurement', '200')
  .option('--megabytes <number>', 'size of a blob', '1')
  .option('--workers <number...>', 'parallel workers, one measurement each', ['1', '2', '4'])
  .parse()
  .opts<BenchFlags>();

async function measure(serverUrl: string, workers: number): Promise<void> {
  const client = new UconDbClient({
    serverUrl,
    folderName: flags.folder,
    objectName: `bench_${Date.now()}_${workers}`,
    writerUser: flags.user,
    writerPassword: flags.password,
    timeoutSeconds: 30,
    workers,
  });
  const content = randomBytes(Number(flags.megabytes) * 1e6);
  const limit = pLimit(workers);
  const started = performance.now();
  await Promise.all(
    Array.from({ length: Number(flags.blobs) }, (_, run) =>
      limit(async () => {
        const blob = Buffer.concat([Buffer.from(`Run Number: ${run}\n`), content]);
        await client.put(run, blob);
        if (!(await client.get(run)).equals(blob)) throw new Error(`run ${run} came back altered`);
      }),
    ),
  );
  const minutes = (performance.now() - started) / 60_000;
  await client.close();
  console.log(
    `${workers} workers: ${Math.round(Number(flags.blobs) / minutes)} blobs a minute, put and read back`,
  );
}

let server: UconDbServer | undefined;
let directory: string | undefined;
try {
  if (flags.url === undefined) {
    directory = await mkdtemp(join(tmpdir(), 'ucondb-bench-'));
    server = await startUconDbServer({ ...flags, data: directory, folders: [flags.folder] });
  }
  const url = server?.url ?? flags.url ?? '';
  for (const workers of flags.workers) await measure(url, Number(workers));
} finally {
  await server?.close();
  if (directory !== undefined) await rm(directory, { recursive: true });
}
