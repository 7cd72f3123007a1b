import { MongoClient, MongoServerError, ObjectId } from 'mongodb';
import { bsonOf } from '../../../src/artdaqdb/mongo/bson.ts';
import { readJsonObject } from '../../../src/fhicl/json.ts';
import { cacheDirectory, runInstaller, secantusDb } from './secantusdb.ts';
import { type Candidate, type ServerProgram, startServer } from './server-program.ts';

/** The server that the tests of a run share. */
export interface MongodbServer {
  /** Without a database. */
  readonly uri: string;
  /** Where it came from, with its own version. */
  readonly product: string;
  /** To start another one of the kind; none if its URI came from the environment. */
  readonly program?: ServerProgram;
  /** From the server's `buildInfo`: the version of MongoDB that it is or claims to be. */
  readonly mongodbVersion: string;
  /** Does it keep several members of one name in a table? If not, it refuses or, worse, drops them. */
  readonly holdsRepeatedKeys: boolean;
}

/** What was found, and why what comes before it in the order was not taken. */
export interface Choice {
  readonly server?: MongodbServer;
  readonly rejected: readonly string[];
  /** Ends the server if it's ours. */
  stop(): Promise<void>;
}

/** MongoDB's own server, as found on PATH. */
const mongodOnPath: Candidate = {
  product: 'mongod on PATH',
  program: async () => {
    await runInstaller('mongod', ['--version'], { seconds: 20 });
    return {
      command: 'mongod',
      args: ['--port', '{port}', '--bind_ip', '127.0.0.1', '--dbpath', '{directory}', '--nounixsocket'],
      environment: {},
      ready: 'Waiting for connections',
    };
  },
};

/** In the order in which they are tried. */
const CANDIDATES = [mongodOnPath, secantusDb];

/** Takes the first server that can be started. A URI in ARCHIVER_TEST_MONGODB_URI is not argued with. */
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
  for (const candidate of candidates) {
    try {
      return { ...(await start(candidate, cache)), rejected };
    } catch (error) {
      rejected.push(`${candidate.product}: ${messageOf(error)}`);
    }
  }
  return { rejected, stop: async () => undefined };
}

async function start(
  { product, program: find }: Candidate,
  cache: string,
): Promise<Omit<Choice, 'rejected'>> {
  const program = await find(cache);
  const { uri, stop } = await startServer(program);
  try {
    return { server: { uri, product, program, ...(await tryServer(uri)) }, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** @throws MongoError if the server can't be reached or doesn't let us write */
async function tryServer(uri: string): Promise<Pick<MongodbServer, 'mongodbVersion' | 'holdsRepeatedKeys'>> {
  const client = new MongoClient(uri, { serverSelectionTimeoutMS: 10_000, socketTimeoutMS: 60_000 });
  try {
    const database = client.db(`archiver_trial_${new ObjectId().toHexString()}`);
    const { version } = await database.command({ buildInfo: 1 });
    try {
      const collection = database.collection('trial');
      await collection.insertOne({ writable: true });
      const repeating = bsonOf(readJsonObject('{"_id": 5, "table": {"name": "one", "name": "two"}}'));
      const isTaken = await collection.insertOne(repeating).then(
        () => true,
        (error: unknown) => {
          if (error instanceof MongoServerError) return false;
          throw error;
        },
      );
      const kept = isTaken ? await collection.findOne({ writable: { $exists: false } }, { raw: true }) : null;
      const names = kept instanceof Uint8Array ? Buffer.from(kept).toString('latin1').split('name\0') : [];
      return { mongodbVersion: version, holdsRepeatedKeys: names.length === 3 };
    } finally {
      await database.dropDatabase();
    }
  } finally {
    await client.close();
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
