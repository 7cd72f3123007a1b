import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { adviceOn } from '../../../src/lock/directory-lock.ts';
import {
  currentOwner,
  judgeOwner,
  type LockOwner,
  parseRecordName,
  recordName,
  SILENCE_LIMIT_MS,
} from '../../../src/lock/owner.ts';
import { findInContainers, findProcess, parseStat } from '../../../src/lock/processes.ts';
import { useTemporaryDirectories } from '../../helpers/temporary-directory.ts';

const self: LockOwner = {
  pid: 100,
  startTicks: '5000',
  bootId: 'aa',
  pidNamespace: '42',
  machine: 'ff',
  host: 'daq-1.example',
};

describe('recordName', () => {
  it.each(['daq-1.example', 'a/b c', 'späte-maschine', '..'])('keeps an owner on host %s', (host) => {
    const owner = { ...self, host };
    expect(recordName(owner)).not.toContain('/');
    expect(parseRecordName(recordName(owner))).toEqual(owner);
  });

  it('keeps the process that runs the test', () => {
    const owner = currentOwner();
    expect(owner.pid).toBe(process.pid);
    expect(parseRecordName(recordName(owner))).toEqual(owner);
  });

  it('does not take other names for records', () => {
    for (const name of ['', 'owner-1', 'owner-x-1-a-1-a-host', 'file.txt']) {
      expect(parseRecordName(name)).toBeUndefined();
    }
  });
});

describe('judgeOwner', () => {
  const running = (startTicks: string | undefined) => () => ({ startTicks });
  const gone = () => undefined;

  it.each([
    ['the process runs', {}, 0, running('5000'), 'alive'],
    ['the process is gone', {}, 0, gone, 'dead'],
    ['its PID belongs to another process now', {}, 0, running('5001'), 'dead'],
    ['the start time is hidden', {}, 0, running(undefined), 'alive'],
    ['the machine was booted since', { bootId: 'bb' }, 0, running('5000'), 'dead'],
    ['it ran on another host', { host: 'daq-2', bootId: 'bb' }, 0, gone, 'unknown'],
    ['it ran on this machine under another name', { host: 'old' }, 0, running('5000'), 'alive'],
    ['another machine has the same name', { machine: 'ee', bootId: 'bb' }, 0, gone, 'unknown'],
    ['it ran in another container', { pidNamespace: '43' }, 0, gone, 'unknown'],
    [
      'another host is silent',
      { host: 'daq-2', bootId: 'bb' },
      SILENCE_LIMIT_MS.otherHost + 1,
      running('5000'),
      'dead',
    ],
    ['another host is late', { host: 'daq-2', bootId: 'bb' }, SILENCE_LIMIT_MS.otherHost, gone, 'unknown'],
    [
      'another container is silent',
      { pidNamespace: '43' },
      SILENCE_LIMIT_MS.otherContainer + 1,
      gone,
      'dead',
    ],
    ['the process here is silent', {}, SILENCE_LIMIT_MS.otherHost * 10, running('5000'), 'alive'],
    ['nothing but the PID is known', { startTicks: '0', bootId: '0', pidNamespace: '0' }, 0, gone, 'dead'],
  ])('when %s', (_, difference, silentForMs, find, verdict) => {
    const processes = { find, findInContainers: () => undefined };
    expect(judgeOwner({ ...self, ...difference }, self, silentForMs, processes)).toBe(verdict);
  });

  it.each([
    ['no process has its PID there', [], 0, 'dead'],
    [
      'the process runs there',
      [{ startTicks: '1' }, { startTicks: '5000' }],
      SILENCE_LIMIT_MS.otherContainer + 1,
      'alive',
    ],
    ['its PID belongs to a process of some other container', [{ startTicks: '5001' }], 0, 'unknown'],
    ['only silence tells', [{ startTicks: undefined }], SILENCE_LIMIT_MS.otherContainer + 1, 'dead'],
  ])('when it ran in a container that can be seen from here and %s', (_, found, silentForMs, verdict) => {
    const owner = { ...self, pidNamespace: '43', host: 'container' };
    const processes = { find: gone, findInContainers: () => found };
    expect(judgeOwner(owner, self, silentForMs, processes)).toBe(verdict);
  });
});

describe('adviceOn', () => {
  const lastSeen = new Date('2026-11-24T10:00:00Z');
  const soon = lastSeen.getTime() + 60_000;
  const holder = (difference: Partial<LockOwner> | undefined) => ({
    directory: '/shared/lock.lock',
    record: 'record',
    since: lastSeen,
    lastSeen,
    owner: difference && { ...self, ...difference },
  });

  it.each([
    [{ pidNamespace: '43' }, /in another container.*After 10 minutes.*, at 2026-11-24T10:10:00.000Z/],
    [{ host: 'daq-2', bootId: 'bb' }, /on another host.*After 6 hours.*, at 2026-11-24T16:00:00.000Z/],
  ])(
    'says when the lock of an owner that differs by %j is taken over, and how to end it',
    (difference, when) => {
      const advice = adviceOn(holder(difference), self, soon);
      expect(advice).toMatch(when);
      expect(advice).toContain('last sign of life at 2026-11-24T10:00:00.000Z');
      expect(advice).toContain('remove the directory /shared/lock.lock');
    },
  );

  it('says how to remove the lock of something unknown', () => {
    expect(adviceOn(holder(undefined), self, soon)).toBe(
      'If you are sure that it is not running, remove the directory /shared/lock.lock.',
    );
  });
});

describe('findProcess', () => {
  it('knows the process that runs the test', () => {
    expect(findProcess(process.pid)?.startTicks).toMatch(/^[0-9]+$/);
  });

  it('knows that a process has ended', async () => {
    const child = spawn(process.execPath, ['-e', '']);
    await once(child, 'exit');
    expect(findProcess(child.pid ?? 0)).toBeUndefined();
  });
});

describe('findInContainers', () => {
  const directory = useTemporaryDirectories();
  const machine = '4026531836';

  /** A table of processes: PID -> the PIDs by which it is known, outermost first, its state and start time. */
  async function tableOf(
    processes: Readonly<Record<number, readonly [pids: string, state: string, start: string]>>,
  ) {
    const table = await directory();
    await mkdir(join(table, 'sys'));
    for (const [pid, [pids, state, start]] of Object.entries(processes)) {
      await mkdir(join(table, pid));
      await writeFile(join(table, pid, 'status'), `Name:\tnode\nNSpid:\t${pids}\nNSpgid:\t7\n`);
      const numbers = Array.from({ length: 18 }, () => '0').join(' ');
      await writeFile(join(table, pid, 'stat'), `${pid} (node) ${state} ${numbers} ${start} 0`);
    }
    return table;
  }

  it('finds processes by the PID that they have in their container, and none on the machine itself', async () => {
    const table = await tableOf({
      1: ['1', 'S', '10'],
      7: ['7', 'S', '11'],
      100: ['100\t7', 'S', '12'],
      200: ['200\t30\t7', 'R', '13'],
      300: ['300\t7', 'Z', '14'],
      400: ['400\t7\t1', 'S', '15'],
    });
    expect(findInContainers(7, machine, table)).toEqual([{ startTicks: '12' }, { startTicks: '13' }]);
    expect(findInContainers(8, machine, table)).toEqual([]);
  });

  it('knows when it can not see all processes', async () => {
    const table = await tableOf({ 100: ['100\t7', 'S', '12'] });
    expect(findInContainers(7, machine, table)).toBeUndefined();
    expect(findInContainers(7, '4026532000', await tableOf({ 1: ['1', 'S', '1'] }))).toBeUndefined();
    expect(findInContainers(7, machine, join(table, 'none'))).toBeUndefined();
  });
});

describe('parseStat', () => {
  const rest = 'S 1 100 100 0 -1 4194560 100 0 0 0 1 2 0 0 20 0 11 0 87654 1000 200';

  it.each(['node', 'a b', 'x) R 1 2 (', '((', ')'])(
    'finds state and start time behind the name %s',
    (name) => {
      expect(parseStat(`100 (${name}) ${rest}\n`)).toEqual({ state: 'S', startTicks: '87654' });
    },
  );

  it('reads nothing from another text', () => {
    expect(parseStat('')).toBeUndefined();
    expect(parseStat('100 (node) S 1')).toBeUndefined();
  });
});
