import { appendFile, mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { DiskStore } from '../../../tools/ucondb-server/disk-store.ts';

let directory: string;
let journal: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ucondb-store-'));
  journal = join(directory, 'ucondb.journal');
});

afterEach(() => rm(directory, { recursive: true }));

async function within<T>(use: (store: DiskStore) => Promise<T>): Promise<T> {
  const store = await DiskStore.open(directory);
  try {
    await store.createFolder('f', false);
    return await use(store);
  } finally {
    await store.close();
  }
}

const put = (store: DiskStore, key: string | null, text: string, override = false) =>
  store.put('f', { object: 'o', key, tv: 0, tags: ['b', 'a'], body: Buffer.from(text), override });

const held = (store: DiskStore): Promise<string[]> =>
  Promise.all(
    [...(store.versions('f') ?? [])].map(async ({ id, key, dataKey, tags }) => {
      const body = (await store.blob('f', dataKey))?.toString();
      return `${id} ${key} ${dataKey} ${body} ${tags.join()}`;
    }),
  );

it('the store keeps versions, keys, tags and blobs over a restart', async () => {
  await within(async (store) => {
    await put(store, '1', 'one');
    await put(store, null, 'one');
    await put(store, '1', 'two\n{"is":"folder"}\n', true);
    await store.tag('f', 2, 'c');
  });
  const expected = ['1 null 1 one a,b', '2 null 1 one a,b,c', '3 1 2 two\n{"is":"folder"}\n a,b'];
  expect(await within(held)).toEqual(expected);
  expect(await within(held)).toEqual(expected);
});

it('the store loses nothing but the unfinished last put, wherever a crash cut the journal', async () => {
  await within((store) => put(store, '1', 'one'));
  const { size: before } = await stat(journal);
  await within((store) => put(store, '2', 'x'.repeat(50)));
  const whole = await readFile(journal);
  for (let size = before; size < whole.length; size += 7) {
    await writeFile(journal, whole);
    await truncate(journal, size);
    expect(await within(held)).toEqual(['1 1 1 one a,b']);
    await within((store) => put(store, '2', 'again'));
    expect((await within(held))[1]).toBe('2 2 2 again a,b');
  }
});

it('the store does not accept a blob of which only a part reached the disk', async () => {
  await within((store) => put(store, '1', 'one'));
  const { size: before } = await stat(journal);
  await within((store) => put(store, '2', 'two'));
  const whole = await readFile(journal);
  const afterBlob = whole.indexOf('two\n', before) + 'two\n'.length;
  await writeFile(journal, Buffer.concat([whole.subarray(0, afterBlob - 4), Buffer.alloc(4)]));
  await within((store) => put(store, '2', 'two'));
  expect(await within(held)).toEqual(['1 1 1 one a,b', '2 2 2 two a,b']);
});

it('the store cuts off what is no entry', async () => {
  await within((store) => put(store, '1', 'one'));
  await appendFile(journal, '{"is":"version","folder":"f"}\n');
  expect(await within(held)).toEqual(['1 1 1 one a,b']);
});

it('a journal that is damaged before its end is not opened, and loses nothing', async () => {
  for (const key of ['1', '2', '3']) await within((store) => put(store, key, `blob ${key}`));
  const whole = await readFile(journal);
  for (let at = whole.indexOf('"is":"blob"'); at >= 0; at = whole.indexOf('"is":"blob"', at + 1)) {
    const damaged = Buffer.from(whole);
    damaged.write('X', at + 1);
    await writeFile(journal, damaged);
    await expect(DiskStore.open(directory)).rejects.toThrow('ucondb.journal is damaged at byte');
    expect(await readFile(journal)).toEqual(damaged);
  }
  await writeFile(journal, whole);
  expect(await within(held)).toHaveLength(3);
});

it('the store takes over the lock of a killed server, but not that of a running one', async () => {
  const lock = join(directory, 'server.pid');
  await writeFile(lock, '999999999\n');
  await within((store) => put(store, '1', 'one'));
  await writeFile(lock, `${process.ppid}\n`);
  await expect(DiskStore.open(directory)).rejects.toThrow(`in use by process ${process.ppid}`);
});
