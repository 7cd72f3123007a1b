import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  directCalls,
  type OpenEntry,
  pooledCalls,
  type RecordCalls,
} from '../../../src/records/record-calls.ts';
import { recordReader } from '../../../src/records/record-reader.ts';
import { useTemporaryDirectories } from '../../helpers/temporary-directory.ts';

const LIMITS = { file: 1000, record: 2000 };

const temporaryDirectory = useTemporaryDirectories();
let root: string;

beforeEach(async () => {
  root = await temporaryDirectory();
  mkdirSync(join(root, 'sub'));
  writeFileSync(join(root, 'sub', 'a.fcl'), 'a: 1\n');
  writeFileSync(join(root, 'boot.txt'), '');
  writeFileSync(join(root, 'notes.log'), 'x');
  symlinkSync('sub/a.fcl', join(root, 'b.fcl'));
});

/** Calls of which the n-th fails. */
function faulty(calls: RecordCalls, fault: number, code: string) {
  let count = 0;
  const counted =
    <Args extends unknown[], Result>(call: (...args: Args) => Promise<Result>) =>
    async (...args: Args): Promise<Result> => {
      if (++count === fault) throw Object.assign(new Error(`${code}: injected`), { code });
      return call(...args);
    };
  const entry = ({ stats, read, close }: OpenEntry): OpenEntry => ({
    stats: counted(stats),
    read: counted(read),
    close,
  });
  const spoilt: RecordCalls = {
    open: counted(async (path) => entry(await calls.open(path))),
    entriesOf: counted(calls.entriesOf),
    realpath: counted(calls.realpath),
    stat: counted(calls.stat),
    statsOf: counted(calls.statsOf),
  };
  return { reader: recordReader(spoilt), count: () => count };
}

describe.each([
  ['of the pool', pooledCalls],
  ['of this thread', directCalls],
])('calls %s', (_, calls) => {
  it('read what is there', async () => {
    const { files, aside, faults, signature } = await recordReader(calls).read(root, LIMITS);
    expect(files.map(({ path, bytes }) => [path, bytes.toString()])).toEqual([
      ['b.fcl', 'a: 1\n'],
      ['boot.txt', ''],
      ['sub/a.fcl', 'a: 1\n'],
    ]);
    expect(aside.map(([path]) => path)).toEqual(['notes.log']);
    expect(faults).toEqual([]);
    expect(signature).toBe((await recordReader(pooledCalls).look(root)).signature);
  });

  it.each(['EIO', 'ESTALE'])(
    'never let a part of a record pass for the whole if one of them gives %s',
    async (code) => {
      const whole = await recordReader(calls).read(root, LIMITS);
      const { reader, count } = faulty(calls, 0, code);
      await reader.read(root, LIMITS);
      expect(count()).toBeGreaterThan(20);
      for (let fault = 1; fault <= count(); fault++) {
        const { faults, signature, files } = await faulty(calls, fault, code).reader.read(root, LIMITS);
        if (faults.length === 0 && signature === whole.signature) expect(files).toEqual(whole.files);
      }
    },
  );
});
