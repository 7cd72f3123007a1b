import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeEach, expect, it } from 'vitest';
import { z } from 'zod';
import { CacheFile } from '../../../src/state/cache-file.ts';
import { useTemporaryDirectories } from '../../helpers/temporary-directory.ts';

const temporaryDirectory = useTemporaryDirectories();
const CONTENT = { state: '1:2:3', runs: ['1-1000', '1002'] };

let path: string;
let lines: string[];
let time: number;

beforeEach(async () => {
  path = join(await temporaryDirectory(), 'cache.json');
  lines = [];
  time = Date.UTC(2026, 10, 24);
});

function open(of = path) {
  const schema = z.object({ state: z.string(), runs: z.array(z.string()) });
  const logger = { debug: (line: string) => void lines.push(line) };
  return new CacheFile(of, schema, { now: () => new Date(time), logger });
}

it('a cache gives what was written last, and nothing before that', async () => {
  expect(await open().read('a')).toBeUndefined();
  await open().write('a', CONTENT);
  expect(await open().read('a')).toEqual(CONTENT);
  expect(lines).toEqual([]);
});

it('a cache of something else or of the future is ignored with one DEBUG line', async () => {
  await open().write('a', CONTENT);
  expect(await open().read('b')).toBeUndefined();
  time--;
  expect(await open().read('a')).toBeUndefined();
  expect(lines).toEqual([
    `The cache ${path} is ignored: it is of a`,
    `The cache ${path} is ignored: it is of the future (2026-11-24T00:00:00.000Z)`,
  ]);
});

it('a cache with a damaged byte, or cut off anywhere, is ignored with one DEBUG line or unharmed', async () => {
  await open().write('a', CONTENT);
  const whole = await readFile(path);
  const damaged = fc.record({ place: fc.nat(whole.length - 1), byte: fc.nat(255), isCut: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(damaged, async ({ place, byte, isCut }) => {
      const bytes = Buffer.from(isCut ? whole.subarray(0, place) : whole);
      if (!isCut) bytes[place] = byte;
      await writeFile(path, bytes);
      lines = [];
      const found = await open().read('a');
      if (found === undefined) expect(lines).toEqual([expect.stringContaining(path)]);
      else expect(found).toEqual(CONTENT);
    }),
  );
});

it('a cache of another form is ignored, and one that cannot be read or written ends nothing', async () => {
  await new CacheFile(path, z.number(), {
    now: () => new Date(time),
    logger: { debug: () => undefined },
  }).write('a', 5);
  expect(await open().read('a')).toBeUndefined();
  await mkdir(`${path}.d`);
  await open(`${path}.d`).write('a', CONTENT);
  expect(await open(`${path}.d`).read('a')).toBeUndefined();
  expect(lines).toEqual([
    `The cache ${path} is ignored: it has another form`,
    expect.stringContaining('is left as it is'),
    expect.stringContaining('is ignored'),
  ]);
});
