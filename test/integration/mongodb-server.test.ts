import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { type Collection, MongoClient } from 'mongodb';
import { describe, expect, inject, it } from 'vitest';
import { choose, chooseServer } from '../helpers/mongodb/choice.ts';
import { type Candidate, type ServerProgram, startServer } from '../helpers/mongodb/server-program.ts';
import { describeWithMongodb, startOwnServer, uniqueDatabaseUri } from '../helpers/mongodb-server.ts';
import { useTemporaryDirectories } from '../helpers/temporary-directory.ts';

const KEEPER = join(import.meta.dirname, '../helpers/mongodb/keeper.mjs');
const temporaryDirectory = useTemporaryDirectories();

describeWithMongodb('the MongoDB server of the tests', (server) => {
  it('is provided as a URI, and every test can have its own database', async () => {
    expect(inject('mongodbUri')).toBe(server.uri);
    const uris = [uniqueDatabaseUri(server), uniqueDatabaseUri(server)];
    for (const uri of uris) await onRuns(uri, (runs) => runs.insertOne({ run: 1 }));
    for (const uri of uris) expect(await onRuns(uri, (runs) => runs.countDocuments())).toBe(1);
    for (const uri of uris) await onRuns(uri, (runs) => runs.drop());
  });

  it('can be started once more, killed, and started again on its data', async () => {
    if (server.program === undefined) {
      expect(() => startOwnServer(server)).toThrow('started');
      return;
    }
    const directory = await temporaryDirectory();
    const first = await startOwnServer(server, directory);
    const run = { run: 1 };
    await onRuns(first.uri, (runs) =>
      runs.insertOne(run, { writeConcern: { w: 'majority', journal: true } }),
    );
    process.kill(first.pid, 'SIGKILL');
    await first.stop();
    const second = await startOwnServer(server, directory);
    expect(await onRuns(second.uri, (runs) => runs.find().toArray())).toEqual([run]);
    await second.stop();
  });

  it('is taken from the environment if that names one', async () => {
    const choice = await chooseServer({ ARCHIVER_TEST_MONGODB_URI: server.uri });
    expect(choice.server?.uri).toBe(server.uri);
    expect(choice.server?.holdsRepeatedKeys).toBe(server.holdsRepeatedKeys);
    await choice.stop();
  });
});

describe('the choice of a MongoDB server', () => {
  it('says why none of the candidates could be had', async () => {
    const refused = candidate('first', async () => Promise.reject(new Error('no network')));
    const broken = candidate('second', async () => standIn('console.log("not today"); process.exitCode = 3'));
    const { server, rejected, stop } = await choose([refused, broken], await temporaryDirectory());
    expect(server).toBeUndefined();
    expect(rejected).toEqual([
      'first: no network',
      expect.stringMatching(/^second: .* did not start: .*exit code 3\nnot today$/s),
    ]);
    await stop();
  });
});

const LISTENING = `
const server = require('node:net').createServer((socket) => socket.write(process.cwd()));
server.listen(0, '127.0.0.1', () => console.log('listening on ' + server.address().port));`;

describe('a server that is started for tests', () => {
  it('ends and its directory goes when it is stopped, also if it was killed before', async () => {
    for (const kill of [false, true]) {
      const server = await startServer(standIn(LISTENING));
      const { socket, directory } = await visit(Number(new URL(server.uri).port));
      expect(existsSync(directory)).toBe(true);
      const closed = closing(socket);
      if (kill) process.kill(server.pid, 'SIGKILL');
      await server.stop();
      await closed;
      expect(existsSync(directory)).toBe(false);
      await server.stop();
    }
  });

  it('ends although it ignores SIGTERM', async () => {
    const server = await startServer(standIn(`process.on('SIGTERM', () => {});${LISTENING}`));
    const { socket } = await visit(Number(new URL(server.uri).port));
    const closed = closing(socket);
    await server.stop();
    await closed;
  });

  it('does not outlive the process that asked for it, even if that is killed', async () => {
    const request = JSON.stringify({ ...standIn(LISTENING), port: 0, directory: await temporaryDirectory() });
    const script = `
      const { spawn } = require('node:child_process');
      const keeper = spawn(process.execPath, process.argv.slice(1), { detached: true, stdio: ['pipe', 'pipe', 'inherit'] });
      keeper.stdout.pipe(process.stdout);`;
    const asking = spawn(process.execPath, ['-e', script, KEEPER, request], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [answer]: Buffer[] = await once(asking.stdout, 'data');
    const { socket } = await visit(JSON.parse(String(answer)).port);
    const closed = closing(socket);
    asking.kill('SIGKILL');
    await closed;
  });
});

async function onRuns<T>(uri: string, use: (runs: Collection) => Promise<T>): Promise<T> {
  const client = new MongoClient(uri);
  try {
    return await use(client.db().collection('runs'));
  } finally {
    await client.close();
  }
}

function candidate(product: string, program: () => Promise<ServerProgram>): Candidate {
  return { product, program };
}

function standIn(script: string): ServerProgram {
  return { command: process.execPath, args: ['-e', script], environment: {}, ready: 'listening on (\\d+)' };
}

/** A connection lasts as long as the process at its other end. */
async function visit(port: number): Promise<{ socket: Socket; directory: string }> {
  const socket = connect(port, '127.0.0.1');
  const [directory]: Buffer[] = await once(socket, 'data');
  return { socket, directory: String(directory) };
}

async function closing(socket: Socket): Promise<void> {
  socket.on('error', () => socket.destroy());
  if (!socket.closed) await once(socket, 'close');
}
