import { cacheDirectory } from './cache.ts';
import { ferretDb } from './ferretdb.ts';
import { downloadedMongod, mongodOnPath } from './mongod.ts';
import { nativeSecantusDb, pythonSecantusDb } from './secantusdb.ts';
import { type Candidate, type RunningServer, type ServerProgram, startServer } from './server-program.ts';
import { type Capabilities, tryServer } from './trial.ts';

/** The server that the tests of a run share. */
export interface MongodbServer extends Capabilities {
  /** Without a database. */
  readonly uri: string;
  /** Where it came from, with its own version. */
  readonly product: string;
  /** To start another one of the kind; none if its URI came from the environment. */
  readonly program?: ServerProgram;
}

/** What was found, and why what comes before it in the order was not taken. */
export interface Choice {
  readonly server?: MongodbServer;
  readonly rejected: readonly string[];
  /** Ends the server if it's ours. */
  stop(): Promise<void>;
}

/** In the order in which they are tried. */
const CANDIDATES = [mongodOnPath, downloadedMongod, nativeSecantusDb, pythonSecantusDb, ferretDb];

/**
 * Chooses by trying: the first server that gives back every golden document as it was sent, or else the first that could be
 * started at all. A URI in ARCHIVER_TEST_MONGODB_URI is not argued with.
 */
export async function chooseServer(environment: NodeJS.ProcessEnv): Promise<Choice> {
  const uri = environment.ARCHIVER_TEST_MONGODB_URI;
  if (!uri) return choose(CANDIDATES, cacheDirectory(environment));
  try {
    const server = { uri, product: 'the server of ARCHIVER_TEST_MONGODB_URI', ...(await tryServer(uri)) };
    return { server, rejected: [], stop: async () => undefined };
  } catch (error) {
    // Without the driver's error as cause: vitest would stumble over it, or print what it holds of the URI.
    throw new Error(`The server of ARCHIVER_TEST_MONGODB_URI can't be used: ${messageOf(error)}`);
  }
}

/** {@link chooseServer} where the environment names none. */
export async function choose(candidates: readonly Candidate[], cache: string): Promise<Choice> {
  const rejected: string[] = [];
  let second: { server: MongodbServer; running: RunningServer } | undefined;
  for (const candidate of candidates) {
    try {
      const found = await start(candidate, cache);
      const { server, running } = found;
      if (server.goldenNotHeld.length === 0) {
        await second?.running.stop();
        return { server, rejected, stop: running.stop };
      }
      rejected.push(`${candidate.product}: does not hold ${server.goldenNotHeld.join(', ')}`);
      if (second === undefined) second = found;
      else await running.stop();
    } catch (error) {
      rejected.push(`${candidate.product}: ${messageOf(error)}`);
    }
  }
  return second === undefined
    ? { rejected, stop: async () => undefined }
    : { server: second.server, rejected, stop: second.running.stop };
}

async function start({ product, program }: Candidate, cache: string) {
  const found = await program(cache);
  const running = await startServer(found);
  try {
    const server: MongodbServer = {
      uri: running.uri,
      product,
      program: found,
      ...(await tryServer(running.uri)),
    };
    return { server, running };
  } catch (error) {
    await running.stop();
    throw error;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
