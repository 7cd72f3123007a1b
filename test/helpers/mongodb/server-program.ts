import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { installationDirectory } from '../../../src/installation.ts';

const KEEPER = join(installationDirectory(), 'test/helpers/mongodb/keeper.mjs');
const ATTEMPTS = 3;
const PORT = '{port}';
const DIRECTORY = '{directory}';

/** How to start a server that speaks MongoDB's protocol on loopback. Can be handed to another process. */
export interface ServerProgram {
  readonly command: string;
  /** `{port}` and `{directory}` stand for a free port and for the data directory. */
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Regular expression for the output that says that it listens; its first group, if any, is the port. */
  readonly ready: string;
}

/** A way to come by a server. */
export interface Candidate {
  /** With its version where that is ours to choose. */
  readonly product: string;
  /**
   * Finds the program, or installs it.
   * @param cache directory for what is installed
   * @throws Error that says why it can't be had
   */
  program(cache: string): Promise<ServerProgram>;
}

/** A server that was started by us. */
export interface RunningServer {
  /** Without a database. */
  readonly uri: string;
  /** Process id of the server itself. */
  readonly pid: number;
  /** Ends it and removes its directory; safe to call again. */
  stop(): Promise<void>;
}

/**
 * Starts a server with an empty private directory and waits until it listens. It ends with the calling process, however that
 * ends.
 * @param directory keeps the data of an earlier server if given; then the caller removes it
 * @throws Error with the last output of the program
 */
export async function startServer(program: ServerProgram, directory?: string): Promise<RunningServer> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await start(program, directory);
    } catch (error) {
      // Another process may have taken the port between our look and the program's start.
      if (attempt === ATTEMPTS || !program.args.some((arg) => arg.includes(PORT))) throw error;
    }
  }
}

async function start(program: ServerProgram, kept: string | undefined): Promise<RunningServer> {
  const directory = await mkdtemp(join(tmpdir(), 'archiver-mongodb-'));
  const port = await freePort();
  const args = program.args.map((arg) =>
    arg.replaceAll(PORT, String(port)).replaceAll(DIRECTORY, kept ?? directory),
  );
  const request = JSON.stringify({ ...program, args, port, directory });
  // A process group of its own, so that Ctrl-C reaches the keeper only as the end of its standard input.
  const keeper = spawn(process.execPath, [KEEPER, request], {
    detached: true,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(keeper, 'exit');
  keeper.stdin.on('error', () => keeper.stdin.destroy());
  const lines = createInterface({ input: keeper.stdout })[Symbol.asyncIterator]();
  const { value } = await lines.next();
  const answer: { port: number; pid: number; error?: string } = JSON.parse(
    value ?? '{"error":"The keeper ended"}',
  );
  if (answer.error !== undefined) {
    await ended;
    throw new Error(`${program.command} did not start: ${answer.error}`);
  }
  return {
    uri: `mongodb://127.0.0.1:${answer.port}/`,
    pid: answer.pid,
    stop: async () => {
      keeper.stdin.end();
      await ended;
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return address.port;
}
