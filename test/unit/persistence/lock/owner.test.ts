import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { judgeOwner, SILENCE_LIMIT_MS } from '../../../../src/persistence/lock/liveness.ts';
import {
  currentOwner,
  type LockOwner,
  parseRecordName,
  recordName,
} from '../../../../src/persistence/lock/owner.ts';
import { findProcess, parseStat } from '../../../../src/persistence/lock/process-table.ts';

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

  it('keeps this process', () => {
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
    expect(judgeOwner({ ...self, ...difference }, self, silentForMs, find)).toBe(verdict);
  });
});

describe('findProcess', () => {
  it('knows this process', () => {
    expect(findProcess(process.pid)?.startTicks).toMatch(/^[0-9]+$/);
  });

  it('knows that a process has ended', async () => {
    const child = spawn(process.execPath, ['-e', '']);
    await once(child, 'exit');
    expect(findProcess(child.pid ?? 0)).toBeUndefined();
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

  it('makes nothing of something else', () => {
    expect(parseStat('')).toBeUndefined();
    expect(parseStat('100 (node) S 1')).toBeUndefined();
  });
});
