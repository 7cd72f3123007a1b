import * as nodeFiles from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PersistenceError } from '../../../src/errors.ts';
import {
  type AtomicFileCalls,
  removeStaleTemporaries,
  writeFileAtomic,
} from '../../../src/files/atomic-file.ts';

let directory: string;
beforeEach(async () => {
  directory = await nodeFiles.mkdtemp(join(tmpdir(), 'atomic-'));
});
afterEach(async () => {
  await nodeFiles.rm(directory, { recursive: true });
});

const systemError = (code: string): Error => Object.assign(new Error(`${code}: injected`), { code });

type HandleMethod = 'writeFile' | 'sync' | 'chmod' | 'close';

/** Files whose handles fail in one method; `after` many calls of it succeed first. */
function failingHandles(method: HandleMethod, code: string, after = 0): AtomicFileCalls {
  let calls = 0;
  return {
    ...nodeFiles,
    open: async (...args: Parameters<typeof nodeFiles.open>) => {
      const handle = await nodeFiles.open(...args);
      const original = handle[method].bind(handle) as (...given: unknown[]) => Promise<void>;
      Object.defineProperty(handle, method, {
        value: async (...given: unknown[]) => {
          if (calls++ < after) return original(...given);
          if (method === 'close') await original();
          throw systemError(code);
        },
      });
      return handle;
    },
  };
}

describe('writeFileAtomic', () => {
  it('writes text, bytes and chunks, and leaves nothing else behind', async () => {
    async function* chunks(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('a');
      yield Buffer.from('é');
    }
    await writeFileAtomic(join(directory, 'text'), 'é\n');
    await writeFileAtomic(join(directory, 'bytes'), new Uint8Array([0xff, 0]));
    await writeFileAtomic(join(directory, 'chunks'), chunks());
    expect(await nodeFiles.readFile(join(directory, 'text'), 'utf8')).toBe('é\n');
    expect([...(await nodeFiles.readFile(join(directory, 'bytes')))]).toEqual([0xff, 0]);
    expect(await nodeFiles.readFile(join(directory, 'chunks'), 'utf8')).toBe('aé');
    expect((await nodeFiles.readdir(directory)).sort()).toEqual(['bytes', 'chunks', 'text']);
  });

  it('keeps the permissions of the file that it replaces', async () => {
    const path = join(directory, 'state');
    await nodeFiles.writeFile(path, 'old');
    await nodeFiles.chmod(path, 0o640);
    await writeFileAtomic(path, 'new', { mode: 0o600 });
    expect((await nodeFiles.stat(path)).mode & 0o7777).toBe(0o640);
  });

  it.each([0o600, 0o644])(
    'gives a new file the mode %o that was asked for, whatever the umask',
    async (mode) => {
      const path = join(directory, 'state');
      const mask = process.umask(0o077);
      try {
        await writeFileAtomic(path, 'new', { mode });
      } finally {
        process.umask(mask);
      }
      expect((await nodeFiles.stat(path)).mode & 0o7777).toBe(mode);
    },
  );

  it('writes through links, also to a file that does not exist yet', async () => {
    await nodeFiles.mkdir(join(directory, 'real'));
    await nodeFiles.symlink('second', join(directory, 'first'));
    await nodeFiles.symlink('real/state', join(directory, 'second'));
    for (const content of ['created', 'replaced']) {
      await writeFileAtomic(join(directory, 'first'), content);
      expect(await nodeFiles.readFile(join(directory, 'real', 'state'), 'utf8')).toBe(content);
    }
    expect((await nodeFiles.lstat(join(directory, 'first'))).isSymbolicLink()).toBe(true);
    expect((await nodeFiles.lstat(join(directory, 'second'))).isSymbolicLink()).toBe(true);
  });

  it('writes files with names up to the limit of the file system', async () => {
    const name = 'n'.repeat(255);
    await writeFileAtomic(join(directory, name), 'x');
    expect(await nodeFiles.readdir(directory)).toEqual([name]);
  });

  it.each<[HandleMethod, string]>([
    ['writeFile', 'ENOSPC'],
    ['sync', 'EIO'],
    ['chmod', 'EPERM'],
    ['close', 'EDQUOT'],
  ])('leaves the old content and no temporary when %s fails with %s', async (method, code) => {
    const path = join(directory, 'state');
    await nodeFiles.writeFile(path, 'old');
    const attempt = writeFileAtomic(path, 'new', { files: failingHandles(method, code) });
    await expect(attempt).rejects.toThrow(PersistenceError);
    await expect(attempt).rejects.toThrow(`Cannot write ${path}: ${code}`);
    expect(await nodeFiles.readFile(path, 'utf8')).toBe('old');
    expect(await nodeFiles.readdir(directory)).toEqual(['state']);
  });

  it('says that a full disk may pass and a missing directory will not', async () => {
    const full = writeFileAtomic(join(directory, 'a'), 'x', { files: failingHandles('writeFile', 'ENOSPC') });
    await expect(full).rejects.toMatchObject({ retryable: true });
    await expect(writeFileAtomic(join(directory, 'no', 'a'), 'x')).rejects.toMatchObject({
      retryable: false,
    });
  });

  it.each([
    ['EINVAL', true],
    ['ENOTSUP', true],
    ['EIO', false],
    ['ENOSPC', false],
  ])('where the directory cannot be synced (%s) succeeds: %s', async (code, succeeds) => {
    const attempt = writeFileAtomic(join(directory, 'a'), 'x', { files: failingHandles('sync', code, 1) });
    if (succeeds) await expect(attempt).resolves.toBeUndefined();
    else await expect(attempt).rejects.toThrow(code);
  });

  it.each(['/dev/null', 'a directory'])('never replaces what is no regular file: %s', async (kind) => {
    const path = join(directory, 'target');
    if (kind === '/dev/null') await nodeFiles.symlink(kind, path);
    else await nodeFiles.mkdir(path);
    await expect(writeFileAtomic(path, 'x')).rejects.toThrow(/is not a regular file|EACCES/);
    expect(await nodeFiles.readdir(directory)).toEqual(['target']);
    expect((await nodeFiles.stat(path)).isFile()).toBe(false);
  });

  it('passes on what the source of the data throws', async () => {
    const bug = new TypeError('source');
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('a');
      throw bug;
    }
    await expect(writeFileAtomic(join(directory, 'a'), failing())).rejects.toBe(bug);
    expect(await nodeFiles.readdir(directory)).toEqual([]);
  });
});

describe('removeStaleTemporaries', () => {
  it('removes only its own temporaries that are old enough', async () => {
    const leftover = '.state.123-0123456789ab.archiver-tmp';
    const names = [leftover, '.other.tmp', 'state'];
    for (const name of names) await nodeFiles.writeFile(join(directory, name), '');
    expect(await removeStaleTemporaries(directory, 60_000)).toEqual([]);
    expect(await removeStaleTemporaries(directory, 60_000, Date.now() + 120_000)).toEqual([leftover]);
    expect((await nodeFiles.readdir(directory)).sort()).toEqual(['.other.tmp', 'state']);
  });

  it('does not wait for the age if the process has ended', async () => {
    const names = ['.state.123-0123456789ab.archiver-tmp', '.state.124-0123456789ab.archiver-tmp'];
    for (const name of names) await nodeFiles.writeFile(join(directory, name), '');
    expect(await removeStaleTemporaries(directory, 60_000, Date.now(), (pid) => pid === 123)).toEqual([
      names[0],
    ]);
  });

  it('finds nothing in a directory that does not exist', async () => {
    expect(await removeStaleTemporaries(join(directory, 'no'), 0)).toEqual([]);
  });
});
