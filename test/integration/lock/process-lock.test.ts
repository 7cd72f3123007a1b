import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LockExistsError, PersistenceError } from '../../../src/errors.ts';
import { currentOwner, recordName, UNKNOWN } from '../../../src/lock/owner.ts';
import { acquireProcessLock, type ProcessLock } from '../../../src/lock/process-lock.ts';
import { startTicksOf } from '../../../src/lock/processes.ts';
import { kernelDeviceOf } from '../../helpers/kernel-device.ts';
import { type LineProcess, startLineProcess } from '../../helpers/line-process.ts';

const holderScript = fileURLToPath(new URL('../../helpers/lock-holder.mjs', import.meta.url));

let directory: string;
let lockFile: string;
let children: LineProcess[];
let locks: ProcessLock[];
beforeEach(() => {
  directory = fs.mkdtempSync(join(tmpdir(), 'lock-'));
  lockFile = join(directory, '.archiver.lock');
  children = [];
  locks = [];
});
afterEach(async () => {
  await Promise.all(children.map((child) => child.kill()));
  for (const lock of locks) await lock.release();
  fs.rmSync(directory, { recursive: true });
});

function startHolder(...behaviour: 'abandon'[]): LineProcess {
  const child = startLineProcess(process.execPath, [holderScript, lockFile, ...behaviour]);
  children.push(child);
  return child;
}

async function acquire(
  options: Partial<Parameters<typeof acquireProcessLock>[1]> = {},
): Promise<ProcessLock> {
  const lock = await acquireProcessLock(lockFile, { onLost: () => undefined, ...options });
  locks.push(lock);
  return lock;
}

const pidInFile = (): string => fs.readFileSync(lockFile, 'utf8');

/** What a dead or foreign owner leaves behind. */
function leaveLock(difference: Partial<ReturnType<typeof currentOwner>>): string {
  const record = join(`${lockFile}.lock`, recordName({ ...currentOwner(), ...difference }));
  fs.mkdirSync(`${lockFile}.lock`);
  fs.writeFileSync(record, '');
  return record;
}

describe('acquireProcessLock', () => {
  it('makes a lock file with the PID, leaves nothing after the release, and can lock again', async () => {
    lockFile = join(directory, 'new', 'work', '.archiver.lock');
    for (let round = 0; round < 2; round++) {
      const lock = await acquire();
      expect(pidInFile()).toBe(`${process.pid}\n`);
      await lock.release();
      await lock.release();
      expect(fs.readdirSync(join(directory, 'new', 'work'))).toEqual([]);
    }
  });

  it('refuses a second process, says who holds the lock, and touches nothing', async () => {
    const first = startHolder();
    expect(await first.line()).toBe('held');
    const before = fs.statSync(lockFile, { bigint: true });
    const second = startHolder();
    expect(await second.line()).toMatch(new RegExp(`^refused .*process ${first.pid} on .*since 20`));
    await expect(acquire()).rejects.toThrow(LockExistsError);
    const after = fs.statSync(lockFile, { bigint: true });
    expect([after.ino, after.mtimeNs, after.ctimeNs]).toEqual([before.ino, before.mtimeNs, before.ctimeNs]);
    expect(pidInFile()).toBe(`${first.pid}\n`);
    await first.finish();
    expect(fs.readdirSync(directory)).toEqual([]);
  });

  it('leaves nothing when the process exits without releasing', async () => {
    const child = startHolder('abandon');
    expect(await child.line()).toBe('held');
    await child.finish();
    expect(fs.readdirSync(directory)).toEqual([]);
  });

  it('recovers from kill -9, and says so', async () => {
    const first = startHolder();
    expect(await first.line()).toBe('held');
    await first.kill();
    expect(pidInFile()).toBe(`${first.pid}\n`);
    const second = startHolder();
    expect(await second.line()).toBe('held');
    expect(pidInFile()).toBe(`${second.pid}\n`);
    await second.finish();
    expect(fs.readdirSync(directory)).toEqual([]);
  });

  it('removes what a killed owner left beside the files that it protects, but no lock that somebody holds', async () => {
    const another = { pid: process.ppid, startTicks: startTicksOf(process.ppid) ?? UNKNOWN };
    const locks = { 'state.json.lock': { startTicks: '1' }, 'failures.log.lock': another };
    for (const [name, difference] of Object.entries(locks)) {
      fs.mkdirSync(join(directory, name));
      fs.writeFileSync(join(directory, name, recordName({ ...currentOwner(), ...difference })), '');
    }
    fs.mkdirSync(join(directory, 'seen.json.lock'));
    const files = ['state.json', 'failures.log', 'seen.json', 'other'];
    const lock = await acquire({ protectedFiles: files.map((name) => join(directory, name)) });
    await lock.release();
    expect(fs.readdirSync(directory)).toEqual(['failures.log.lock']);
  });

  it('gives a stale lock to exactly one of several processes', async () => {
    const trials = 5;
    for (let trial = 0; trial < trials; trial++) {
      fs.rmSync(`${lockFile}.lock`, { recursive: true, force: true });
      leaveLock({ pid: 2 ** 22 + 1 });
      const contenders = Array.from({ length: 6 }, () => startHolder());
      const answers = await Promise.all(contenders.map((child) => child.line()));
      expect(answers.filter((answer) => answer === 'held')).toHaveLength(1);
      expect(answers.filter((answer) => answer.startsWith('refused'))).toHaveLength(5);
      await Promise.all(contenders.map((child) => child.finish()));
      expect(fs.readdirSync(directory)).toEqual([]);
    }
  });

  it('recovers a lock whose PID belongs to another process now, or from before a reboot', async () => {
    for (const difference of [{ startTicks: '1' }, { bootId: 'abc', pid: 1 }]) {
      leaveLock(difference);
      await (await acquire()).release();
      expect(fs.readdirSync(directory)).toEqual([]);
    }
  });

  it('recovers an empty lock directory, and a lock file alone, as a crash leaves them', async () => {
    fs.mkdirSync(`${lockFile}.lock`);
    fs.writeFileSync(lockFile, '12345\n');
    await acquire();
    expect(pidInFile()).toBe(`${process.pid}\n`);
  });

  it('never takes a lock that another host holds, or that it does not understand', async () => {
    leaveLock({ host: 'elsewhere', bootId: 'abc', pid: 2 ** 22 + 1 });
    const lastSeen = new Date(1000 * Math.floor(Date.now() / 1000 - 600));
    fs.utimesSync(`${lockFile}.lock`, lastSeen, lastSeen);
    const end = new Date(lastSeen.getTime() + 6 * 60 * 60 * 1000);
    await expect(acquire()).rejects.toThrow(/process 4194305 on elsewhere.*remove the directory/);
    await expect(acquire()).rejects.toThrow(
      `on another host, so nobody can tell from here whether it still runs; it gave its last sign of life at ` +
        `${lastSeen.toISOString()}. After 6 hours without one, at ${end.toISOString()}, the lock is taken over.`,
    );
    fs.rmSync(`${lockFile}.lock`, { recursive: true });
    fs.mkdirSync(`${lockFile}.lock`);
    fs.writeFileSync(join(`${lockFile}.lock`, 'note'), '');
    await expect(acquire()).rejects.toThrow(/something unknown \(note\)/);
    expect(fs.existsSync(lockFile)).toBe(false);
  });

  it('gives up a lock of another host after hours without a sign of life', async () => {
    leaveLock({ host: 'elsewhere', bootId: 'abc' });
    const longAgo = new Date(Date.now() - 7 * 60 * 60 * 1000);
    fs.utimesSync(`${lockFile}.lock`, longAgo, longAgo);
    await acquire();
    expect(pidInFile()).toBe(`${process.pid}\n`);
  });

  it('takes no lock from a living owner on another host, however old its last sign of life seems by our clock', async () => {
    leaveLock({ host: 'elsewhere', bootId: 'abc' });
    let sign = Math.floor(Date.now() / 1000) - 60 * 86_400;
    const heart = setInterval(() => fs.utimesSync(`${lockFile}.lock`, sign, sign++), 200);
    try {
      fs.utimesSync(`${lockFile}.lock`, sign, sign);
      await expect(acquire()).rejects.toThrow(LockExistsError);
      expect(fs.existsSync(lockFile)).toBe(false);
    } finally {
      clearInterval(heart);
    }
  });

  it('respects a flock of another program and leaves its file alone', async () => {
    fs.writeFileSync(lockFile, '');
    const table = join(directory, 'locks');
    const { ino } = fs.statSync(lockFile);
    fs.writeFileSync(table, `1: FLOCK  ADVISORY  WRITE 77 ${kernelDeviceOf(lockFile)}:${ino} 0 EOF\n`);
    await expect(acquire({ kernelLocks: table })).rejects.toThrow(/process 77 holds a file lock/);
    expect(pidInFile()).toBe('');
    expect(fs.existsSync(`${lockFile}.lock`)).toBe(false);
  });

  it.runIf(fs.existsSync('/usr/bin/flock') && fs.existsSync('/proc/locks'))(
    'sees a real flock in the table of the kernel',
    async () => {
      const work = 'echo $PPID > "$0"; echo held; cat';
      const holder = startLineProcess('/usr/bin/flock', ['-n', lockFile, 'sh', '-c', work, lockFile]);
      children.push(holder);
      expect(await holder.line()).toBe('held');
      await expect(acquire()).rejects.toThrow(LockExistsError);
      expect(pidInFile()).toBe(`${holder.pid}\n`);
      await holder.finish();
      await acquire();
    },
  );

  it.each([
    ['is removed', () => fs.rmSync(lockFile), /^lost the lock file .* was removed$/],
    [
      'names another process',
      () => fs.writeFileSync(lockFile, '1\n'),
      /^lost the lock file .* names another process \(1\)$/,
    ],
    [
      'is emptied',
      () => fs.truncateSync(lockFile),
      /^lost the lock file .* names another process \(empty\)$/,
    ],
    [
      'loses its directory',
      () => fs.rmSync(`${lockFile}.lock`, { recursive: true }),
      /^lost the lock .*\.lock\.lock was removed/,
    ],
  ])('stops when the lock file %s, and removes only its own', async (_, interfere, expected) => {
    const child = startHolder();
    expect(await child.line()).toBe('held');
    interfere();
    expect(await child.line()).toMatch(expected);
    await child.finish();
    const left = fs.readdirSync(directory);
    expect(left.filter((name) => name !== '.archiver.lock')).toEqual([]);
    if (left.length > 0) expect(pidInFile()).not.toBe(`${child.pid}\n`);
  });

  it('leaves the lock of a process that took over a lost lock', async () => {
    const reasons: string[] = [];
    const lost = await new Promise<ProcessLock>((resolve, reject) => {
      const taken = acquire({
        watchIntervalMs: 10,
        onLost: (reason) => resolve(taken.finally(() => reasons.push(reason))),
      });
      taken.then(() => fs.rmSync(lockFile), reject);
    });
    fs.rmSync(`${lockFile}.lock`, { recursive: true });
    const next = startHolder();
    expect(await next.line()).toBe('held');
    await lost.release();
    expect(pidInFile()).toBe(`${next.pid}\n`);
    await expect(acquire()).rejects.toThrow(`process ${next.pid}`);
    expect(reasons).toHaveLength(1);
  });

  it('says which directory is in the way', async () => {
    fs.writeFileSync(join(directory, 'file'), '');
    lockFile = join(directory, 'file', '.archiver.lock');
    await expect(acquire()).rejects.toThrow(PersistenceError);
    await expect(acquire()).rejects.toThrow(
      /Cannot take the lock .*file\/\.archiver\.lock: E.*app\.lock_file/,
    );
    lockFile = join(directory, 'blocked');
    fs.writeFileSync(`${lockFile}.lock`, '');
    await expect(acquire()).rejects.toThrow(PersistenceError);
  });
});
