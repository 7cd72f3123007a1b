import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RunRecordError } from '../../../src/errors.ts';
import { ReadingThreads } from '../../../src/records/reading-threads.ts';
import { pooledCalls } from '../../../src/records/record-calls.ts';
import { recordReader } from '../../../src/records/record-reader.ts';
import { useTemporaryDirectories } from '../../helpers/temporary-directory.ts';

const STAND_IN = resolve(import.meta.dirname, '../../helpers/reading-thread.mjs');
const LIMITS = { file: 1000, record: 2000 };

const temporaryDirectory = useTemporaryDirectories();
let root: string;
let threads: ReadingThreads;

beforeEach(async () => {
  root = await temporaryDirectory();
});
afterEach(() => threads.close());

function use(program?: string): ReadingThreads {
  threads = new ReadingThreads(program);
  return threads;
}

describe('a thread of its own', () => {
  const here = recordReader(pooledCalls);

  it('sees and reads what this thread does', async () => {
    mkdirSync(join(root, 'sub'));
    writeFileSync(join(root, 'sub', 'a.fcl'), 'a: 1\n');
    writeFileSync(join(root, 'b.fcl'), '');
    writeFileSync(join(root, 'metadata.txt'), Buffer.from([0, 0xff, 0x0a]));
    writeFileSync(join(root, 'notes.log'), 'x');
    symlinkSync('sub/a.fcl', join(root, 'c.fcl'));
    execFileSync('mkfifo', [join(root, 'pipe')]);
    use();
    expect(await threads.look(root)).toEqual(await here.look(root));
    const read = await threads.read(root, LIMITS);
    expect(read).toEqual(await here.read(root, LIMITS));
    expect(read.files.map(({ path }) => path)).toEqual(['b.fcl', 'c.fcl', 'metadata.txt', 'sub/a.fcl']);
    expect(read.files.every(({ bytes }) => Buffer.isBuffer(bytes))).toBe(true);
  });

  it('names the same faults', async () => {
    writeFileSync(join(root, 'large.fcl'), 'a'.repeat(1001));
    symlinkSync('nowhere', join(root, 'lost.fcl'));
    mkdirSync(join(root, 'boot.txt'));
    const read = await use().read(root, LIMITS);
    expect(read).toEqual(await here.read(root, LIMITS));
    expect(read.faults.map(({ path }) => path)).toEqual(['boot.txt', 'large.fcl', 'lost.fcl']);
  });

  it('looks at a directory that has vanished as this thread does', async () => {
    const gone = join(root, 'gone');
    expect(await use().look(gone)).toEqual(await here.look(gone));
  });
});

describe('threads that read', () => {
  it('serve others while a file server holds one of them', async () => {
    const pipe = join(root, 'a.fifo');
    execFileSync('mkfifo', [pipe]);
    const held = use(STAND_IN).look(pipe);
    const others = ['1', '2', '3'].map((name) => threads.look(name));
    expect((await Promise.all(others)).map(({ signature }) => signature)).toEqual(['1', '2', '3']);
    closeSync(openSync(pipe, 'r+'));
    expect(await held).toMatchObject({ signature: pipe });
  });

  it('are replaced when they end, and the task at hand fails with the reason', async () => {
    use(STAND_IN);
    for (const [name, reason] of [
      ['dies', 'exit code 3'],
      ['throws', 'a bug'],
    ] as const) {
      const error = await threads.look(name).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(RunRecordError);
      expect(error).toMatchObject({
        message: `The thread that reads run records ended: ${reason}`,
        retryable: true,
        fault: 'site',
      });
      expect(await threads.look('next')).toMatchObject({ signature: 'next' });
    }
  });

  it.each([
    ['begins and ends', '/missing.cjs'],
    ['does not begin', 'missing.cjs'],
  ])('fail each task if the thread %s', async (_, program) => {
    use(program);
    const failures = await Promise.allSettled(['1', '2'].map((name) => threads.look(name)));
    for (const failure of failures) {
      expect(failure).toMatchObject({
        status: 'rejected',
        reason: { message: expect.stringMatching(/ended: .*missing\.cjs/), fault: 'site' },
      });
    }
  });
});
