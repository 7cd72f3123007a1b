/** Compares runs in artdaqDB with their blobs in UconDB: documentation/COMPARE_TOOL.md. */
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadEnvFile } from '../../src/config/env-file.ts';
import { exitAtOnce } from '../../src/exit.ts';
import { installationDirectory } from '../../src/installation.ts';
import { standardError, standardOutput } from '../../src/log/standard-stream.ts';
import { runTool } from '../run-tool.ts';
import { compareRuns } from './compare.ts';
import { readFlags } from './flags.ts';

void runTool('compare-artdaqdb-ucondb', async (argv) => {
  const flags = readFlags(argv);
  const scratch = await mkdtemp(join(tmpdir(), 'compare-artdaqdb-ucondb-'));
  process.once('exit', () => rmSync(scratch, { recursive: true, force: true }));
  const { env } = process;
  Object.assign(env, loadEnvFile(join(installationDirectory(), 'archiver.env'), env));
  return await compareRuns(flags, scratch, {
    env,
    stdout: standardOutput,
    stderr: standardError,
    process,
    exit: exitAtOnce,
    now: () => new Date(),
    sleep,
  });
});
