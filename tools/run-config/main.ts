/** Shows the configuration of runs, and what changed between them: documentation/RUN_CONFIG.md. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadEnvFile } from '../../src/config/env-file.ts';
import { exitAtOnce } from '../../src/exit.ts';
import { installationDirectory } from '../../src/installation.ts';
import { standardError, standardOutput } from '../../src/log/standard-stream.ts';
import { runTool } from '../run-tool.ts';
import { readFlags } from './flags.ts';
import { runConfig } from './run-config.ts';

void runTool('run-config', async (argv) => {
  const flags = readFlags(argv);
  const { env } = process;
  Object.assign(env, loadEnvFile(join(installationDirectory(), 'archiver.env'), env));
  return await runConfig(flags, {
    env,
    stdout: standardOutput,
    stderr: standardError,
    process,
    exit: exitAtOnce,
    now: () => new Date(),
    sleep,
  });
});
