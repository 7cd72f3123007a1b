import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { UconDbClient } from '../../src/ucondb/ucondb-client.ts';

const program = resolve(import.meta.dirname, '../../bin/ucondb-server');
const account = { user: 'archiver', password: 'secret' };

let directory: string;
const children = new Set<ChildProcess>();

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ucondb-server-'));
});

afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  children.clear();
  await rm(directory, { recursive: true });
});

function start(...more: string[]) {
  const args = [
    '--data',
    directory,
    '--folder',
    'f1',
    'f2',
    '--user',
    account.user,
    '--password',
    account.password,
  ];
  const child = spawn(process.execPath, [program, ...args, ...more], { stdio: ['ignore', 'pipe', 'pipe'] });
  children.add(child);
  return child;
}

async function urlOf(child: ReturnType<typeof start>): Promise<string> {
  const [line] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string];
  return line.trim();
}

const open = (serverUrl: string) =>
  new UconDbClient({
    serverUrl,
    folderName: 'f2',
    objectName: 'runs',
    writerUser: account.user,
    writerPassword: account.password,
    timeoutSeconds: 10,
  });

it('the server prints its address, and keeps what was put when it is killed and started again', async () => {
  const killed = start();
  const first = open(await urlOf(killed));
  for (const run of [1, 2, 3]) expect(await first.put(run, Buffer.from(`run ${run}`))).toBe('stored');
  killed.kill('SIGKILL');
  await once(killed, 'exit');

  const restarted = start();
  const second = open(await urlOf(restarted));
  expect(await second.listRuns()).toEqual([1, 2, 3]);
  expect((await second.get(2)).toString()).toBe('run 2');
  expect(await second.put(3, Buffer.from('run 3'))).toBe('already-stored');
  restarted.kill('SIGTERM');
  expect(await once(restarted, 'exit')).toEqual([0, null]);
});

it('the server does not share its data with another one, and says so', async () => {
  await urlOf(start());
  const other = start();
  const [complaint, [code]] = await Promise.all([text(other.stderr), once(other, 'exit')]);
  expect(complaint).toMatch(/^ucondb-server: .* is in use by process \d+.*\n$/);
  expect(code).toBe(1);
});

it('the server refuses half a certificate', async () => {
  const child = start('--tls-cert', 'cert.pem');
  const [complaint, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  expect(complaint).toContain('--tls-key');
  expect(code).toBe(1);
});
