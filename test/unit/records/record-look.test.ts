import { execFileSync } from 'node:child_process';
import type { BigIntStats } from 'node:fs';
import type * as FileSystem from 'node:fs/promises';
import { appendFile, realpath, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, it, vi } from 'vitest';
import { lookAt } from '../../../src/records/wholeness.ts';
import { useTemporaryDirectories } from '../../helpers/temporary-directory.ts';

/** What a file server's client remembers of names, and what was opened. */
const seen = vi.hoisted(() => ({
  names: new Map<unknown, BigIntStats>(),
  opened: [] as unknown[],
  handles: [] as FileSystem.FileHandle[],
  beforeOpening: async (): Promise<void> => undefined,
}));

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof FileSystem>();
  return {
    ...real,
    lstat: async (path: string) => {
      const stats = seen.names.get(path) ?? (await real.lstat(path, { bigint: true }));
      seen.names.set(path, stats);
      return stats;
    },
    open: async (...args: Parameters<typeof real.open>) => {
      seen.opened.push(args[0]);
      await seen.beforeOpening();
      const handle = await real.open(...args);
      seen.handles.push(handle);
      return handle;
    },
  };
});

const temporaryDirectory = useTemporaryDirectories();
let root: string;

beforeEach(async () => {
  seen.names.clear();
  seen.opened.splice(0);
  seen.handles.splice(0);
  seen.beforeOpening = async () => undefined;
  root = await realpath(await temporaryDirectory());
  await writeFile(join(root, 'a.fcl'), 'a: 1\n');
});

it('A look opens a file to ask about it, because answers about its name may be old', async () => {
  const { signature } = await lookAt(root);
  await appendFile(join(root, 'a.fcl'), 'b: 2\n');
  expect((await lookAt(root)).signature).not.toBe(signature);
});

it('A look opens no link, FIFO, socket or device', async () => {
  execFileSync('mkfifo', [join(root, 'fifo')]);
  await lookAt(root);
  expect(seen.opened).toEqual([root, join(root, 'a.fcl')]);
});

it('A look finds the latest change of any entry, by whichever of its times', async () => {
  const began = Date.now() - 60_000;
  const file = join(root, 'a.fcl');
  for (const path of [file, root]) await utimes(path, 1, 1);
  expect((await lookAt(root)).oldest).toBeGreaterThan(began);
  const tomorrow = Math.floor(Date.now() / 1000) + 86_400;
  await utimes(file, tomorrow, tomorrow);
  expect((await lookAt(root)).newest).toBe(tomorrow * 1000);
});

it('A look keeps nothing open', async () => {
  await lookAt(root);
  expect(seen.handles.map(({ fd }) => fd)).toEqual([-1, -1]);
});

it('A look sees from outside what it may not open', async () => {
  seen.beforeOpening = async () => {
    throw Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' });
  };
  const { signature, newest } = await lookAt(root);
  expect(newest).toBeLessThan(Infinity);
  seen.names.clear();
  await appendFile(join(root, 'a.fcl'), 'b: 2\n');
  expect((await lookAt(root)).signature).not.toBe(signature);
});

it('A look takes an empty file for a sign of a copy only if the file would be archived', async () => {
  for (const name of ['b.fcl', 'boot.txt', 'notes.dat']) await writeFile(join(root, name), '');
  const { signs } = await lookAt(root);
  expect(signs.map(({ text }) => text).sort()).toEqual(['b.fcl is empty', 'boot.txt is empty']);
});

it('A look takes what vanishes meanwhile for a change of this moment', async () => {
  seen.beforeOpening = () => rm(join(root, 'a.fcl'), { force: true });
  const { newest, oldest } = await lookAt(root);
  expect(newest).toBe(Infinity);
  expect(oldest).toBeGreaterThan(0);
});
