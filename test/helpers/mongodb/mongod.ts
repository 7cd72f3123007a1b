import { existsSync } from 'node:fs';
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runInstaller } from './cache.ts';
import type { Candidate, ServerProgram } from './server-program.ts';

const DOWNLOAD_SECONDS = 60;
const DAY_MS = 24 * 60 * 60 * 1000;

/** MongoDB's own server. */
function mongodProgram(command: string): ServerProgram {
  return {
    command,
    args: ['--port', '{port}', '--bind_ip', '127.0.0.1', '--dbpath', '{directory}', '--nounixsocket'],
    environment: {},
    ready: 'Waiting for connections',
  };
}

/** mongod as found on PATH. */
export const mongodOnPath: Candidate = {
  product: 'mongod on PATH',
  program: async () => {
    await runInstaller('mongod', ['--version'], { seconds: 20 });
    return mongodProgram('mongod');
  },
};

/**
 * mongod as mongodb-memory-server downloads it, in a process that can be ended whatever the network does. A refusal holds
 * for a day, as a network that swallows packets would delay each run by a minute.
 */
export const downloadedMongod: Candidate = {
  product: 'mongod of mongodb-memory-server',
  program: async (cache) => mongodProgram(await downloaded(cache)),
};

async function downloaded(cache: string): Promise<string> {
  const directory = join(cache, 'mongodb-memory-server');
  const refusal = join(directory, 'refused');
  await mkdir(directory, { recursive: true });
  if (existsSync(refusal) && Date.now() - (await stat(refusal)).mtimeMs < DAY_MS) {
    throw new Error(`could not be downloaded within the last day (${refusal})`);
  }
  try {
    const path = await runInstaller(process.execPath, ['--input-type=module', '-e', FIND], {
      seconds: DOWNLOAD_SECONDS,
      directory: import.meta.dirname,
      environment: { MONGOMS_DOWNLOAD_DIR: directory, MONGOMS_MAX_RETRIES: '1' },
    });
    return path.trim();
  } catch (error) {
    await writeFile(refusal, '');
    throw error;
  }
}

const FIND = `
import { MongoBinary } from 'mongodb-memory-server-core';
process.stdout.write(await MongoBinary.getPath().catch((error) => {
  process.stderr.write(error.message);
  process.exit(1);
}));`;
