import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { MongoClient } from 'mongodb';
import { bsonOf } from '../../src/artdaqdb/mongo/bson.ts';
import { storedJsonOf } from '../../src/artdaqdb/mongo/bson-json.ts';
import { readJsonObject } from '../../src/fhicl/json.ts';

type Tool = 'bulkloader' | 'bulkdownloader';

/** What goes wrong in the next execution of a tool; stand-in-tools/faults.mjs explains each. */
export interface ToolFaults {
  readonly always?: boolean;
  readonly lose?: string;
  readonly fail?: string;
  readonly alter?: string;
  readonly twice?: string;
  readonly cut?: string;
  readonly add?: string;
  readonly noise?: number;
  readonly says?: string;
  readonly code?: number;
  readonly at?: number;
  readonly signal?: NodeJS.Signals;
  readonly hang?: 'plain' | 'stubborn' | 'grandchild';
  readonly pause?: boolean;
  readonly skip?: number;
}

/** One execution of a stand-in. */
export interface NotedCall {
  readonly tool: Tool;
  readonly run: string;
  readonly config: string;
  readonly path: string;
  readonly threads: string;
  readonly uri: string;
  readonly libraries: string;
  readonly searched: string;
  readonly mode: number;
  readonly files: readonly string[];
}

const PAUSE_MS = 5;
const LONGEST_WAIT_MS = 30_000;

/** A directory with stand-ins for bulkloader and bulkdownloader. They use the compiled sources. */
export class StandInTools {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
    mkdirSync(directory, { recursive: true });
    for (const tool of ['bulkloader', 'bulkdownloader']) {
      const module = pathToFileURL(join(import.meta.dirname, 'stand-in-tools', `${tool}.mjs`)).href;
      const script = `import(${JSON.stringify(module)}).then(({ main }) => main(__dirname, process.argv.slice(2)));\n`;
      writeFileSync(join(directory, tool), `#!${process.execPath}\n${script}`, { mode: 0o755 });
    }
  }

  /** Makes the next execution of a tool go wrong. */
  spoil(tool: Tool, faults: ToolFaults): void {
    writeFileSync(join(this.directory, `${tool}.json`), JSON.stringify(faults));
  }

  /** All executions so far. */
  calls(): NotedCall[] {
    const path = join(this.directory, 'calls.jsonl');
    if (!existsSync(path)) return [];
    return readFileSync(path, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
  }

  /** Waits for a stand-in that was told to pause or hang, or for its grandchild; gives the process id. */
  async reached(state: 'paused' | 'hanging' | 'grandchild'): Promise<number> {
    const path = join(this.directory, state);
    for (let waited = 0; waited < LONGEST_WAIT_MS; waited += PAUSE_MS) {
      const pid = existsSync(path) ? Number(readFileSync(path, 'utf8')) : 0;
      if (pid > 0) return pid;
      await wait(PAUSE_MS);
    }
    throw new Error(`No stand-in is ${state}`);
  }

  /** Lets a paused stand-in continue. */
  resume(): void {
    writeFileSync(join(this.directory, 'go'), '');
  }

  /** The next `reached` and `resume` are about the next pause. */
  forget(): void {
    for (const name of ['paused', 'hanging', 'grandchild', 'go'])
      rmSync(join(this.directory, name), { force: true });
  }
}

/** What a stand-in asks for: to store a document, or for those of a configuration. */
type MongodbRequest =
  | { readonly collection: string; readonly json: string }
  | { readonly configuration: string };

/**
 * Lets the stand-ins reach a MongoDB.
 * @returns a function that ends that, and drops the database
 */
export async function connectToMongodb(
  { directory }: StandInTools,
  uri: string,
): Promise<() => Promise<void>> {
  const client = new MongoClient(uri);
  const carryOut = async (request: MongodbRequest): Promise<object[]> => {
    if ('json' in request) {
      const document = bsonOf(readJsonObject(request.json));
      await client.db().collection(request.collection).insertOne(document, { forceServerObjectId: true });
      return [];
    }
    const found: object[] = [];
    for (const collection of ['RunHistory', 'SystemLayout']) {
      const filter = { 'configurations.name': request.configuration };
      const raw = client.db().collection<never>(collection).find(filter, { raw: true });
      for await (const bytes of raw)
        found.push({ collection, json: storedJsonOf(bytes, collection).toString() });
    }
    return found;
  };
  const server = createServer({ allowHalfOpen: true }, async (socket) => {
    let request = '';
    socket.setEncoding('utf8').on('data', (part) => {
      request += part;
    });
    await once(socket, 'end');
    const answer = await carryOut(JSON.parse(request)).then(
      (found) => ({ found }),
      (error: unknown) => ({ error: String(error) }),
    );
    socket.end(JSON.stringify(answer));
  });
  server.listen(join(directory, 'mongodb'));
  await once(server, 'listening');
  return async () => {
    server.close();
    await client.db().dropDatabase();
    await client.close();
  };
}
