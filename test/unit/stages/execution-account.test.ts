import { beforeEach, describe, expect, it } from 'vitest';
import { ConfigurationError, LockExistsError, UconDbError } from '../../../src/errors.ts';
import { RunSet } from '../../../src/runs/run-set.ts';
import { ExecutionAccount } from '../../../src/stages/execution-account.ts';
import type { StageOutcome } from '../../../src/stages/stage-observer.ts';
import { executionResult } from '../../../src/state/execution-result.ts';

const nothing: StageOutcome = {
  stage: 'import',
  successful: [],
  failed: [],
  waiting: [],
  allWaiting: [],
  error: undefined,
  brokenPlace: undefined,
};
const none = { total: 0, ranges: [] };
let now: Date;
let account: ExecutionAccount;

beforeEach(() => {
  now = new Date('2026-03-01T12:00:00Z');
  account = new ExecutionAccount({
    mode: 'pipeline',
    dryRun: false,
    now: () => now,
    redact: (text) => text.replaceAll('geheim', '***'),
  });
});

describe('the account of an execution', () => {
  it('says what is under way until the end is known', () => {
    account.enter('Import');
    expect(account.result).toMatchObject({
      version: 1,
      pid: process.pid,
      mode: 'pipeline',
      dry_run: false,
      started: '2026-03-01T12:00:00.000Z',
      ended: null,
      seconds: null,
      exit_code: null,
      end: null,
      error: null,
      stage: 'Import',
      stages: [],
    });
    account.progressed({ label: 'Import', total: 40, done: 12, failed: 1, milliseconds: 5 });
    expect(executionResult.parse(account.result).progress).toEqual({ total: 40, done: 12, failed: 1 });
    now = new Date('2026-03-01T12:10:00Z');
    account.end(0);
    expect(account.result).not.toHaveProperty('progress');
    now = new Date('2026-03-01T12:11:00Z');
    account.end(130);
    const { ended, exit_code: code, end } = account.result;
    expect([ended, code, end]).toEqual(['2026-03-01T12:10:00.000Z', 130, 'stopped']);
    expect(executionResult.parse(account.result)).toEqual(account.result);
  });

  it('holds what each stage found, archived, failed to archive and left', () => {
    const waiting = [
      { place: 'UconDB write', runs: [8], cause: 'no\n route, geheim', since: '2026-03-01T11:00:00.000Z' },
    ];
    account.stageEnded(
      {
        ...nothing,
        stage: 'migrate',
        successful: [3, 1, 2],
        failed: [{ run: 7, error: 'geheim differs' }],
        waiting,
        allWaiting: waiting,
      },
      {
        found: [1, 2, 3, 7, 8, 9, 10, 11],
        toDo: [1, 2, 3, 7, 8, 9, 10],
        postponed: new Map([['copying', RunSet.of([11])]]),
        skipped: [5],
        isAll: true,
      },
      1.23456,
    );
    expect(account.result.stages).toEqual([
      {
        stage: 'migrate',
        ended: '2026-03-01T12:00:00.000Z',
        seconds: 1.235,
        all_runs: true,
        found: {
          total: 8,
          ranges: [
            { first: 1, last: 3 },
            { first: 7, last: 11 },
          ],
        },
        archived: { total: 3, ranges: [{ first: 1, last: 3 }] },
        failed: [{ run: 7, reason: '*** differs' }],
        waiting: {
          fault: [
            {
              place: 'UconDB write',
              cause: 'no route, ***',
              since: '2026-03-01T11:00:00.000Z',
              runs: { total: 1, ranges: [{ first: 8, last: 8 }] },
            },
          ],
          stop_time: none,
          copying: { total: 1, ranges: [{ first: 11, last: 11 }] },
          most_recent: none,
        },
        left: { total: 2, ranges: [{ first: 9, last: 10 }] },
        skipped: { total: 1, ranges: [{ first: 5, last: 5 }] },
        error: null,
        place: null,
      },
    ]);
  });

  it('is empty for a stage that could not find out its runs', () => {
    account.stageEnded({ ...nothing, error: 'no answer', brokenPlace: 'UconDB read' }, undefined, 1);
    expect(account.result.stages).toMatchObject([
      { all_runs: false, found: none, archived: none, left: none, error: 'no answer', place: 'UconDB read' },
    ]);
  });

  it.each([
    [0, undefined, 'success'],
    [1, undefined, 'failure'],
    [1, new ConfigurationError('wrong'), 'failure'],
    [1, new LockExistsError('held'), 'refused'],
    [130, undefined, 'stopped'],
    [2, new TypeError('a bug'), 'crashed'],
  ])('with exit code %i and %s is called %3$s', (code, error, end) => {
    account.end(code, error);
    expect(account.result.end).toBe(end);
  });

  it('names the kind of an error, whose fault it is, and where', () => {
    account.end(1, new UconDbError('geheim was refused', { fault: 'site', place: 'UconDB write' }));
    expect(account.result.error).toEqual({
      message: '*** was refused',
      kind: 'UconDBError',
      fault: 'site',
      place: 'UconDB write',
    });
    account.end(2, new TypeError('a bug'));
    expect(account.result.error).toEqual({ message: 'a bug', kind: 'TypeError', fault: null, place: null });
  });
});
