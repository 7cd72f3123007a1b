import { describe, expect, it } from 'vitest';
import { type Activity, activityAdvice, activityFact } from '../../../src/report/activity.ts';
import { commandOf, recommendations } from '../../../src/report/recommendations.ts';
import { statusJson } from '../../../src/report/status-json.ts';
import { summaryFacts, summaryOf } from '../../../src/report/summary.ts';
import { ago, duration, span } from '../../../src/report/times.ts';
import { noReasons } from '../../../src/state/failure-reasons.ts';
import type { LastExecution } from '../../../src/state/last-execution.ts';
import { nobodyWaits, type WaitingRun } from '../../../src/state/waiting-runs.ts';
import { statusOf } from '../../helpers/status.ts';

const now = new Date('2026-12-01T12:00:00.000Z');
const utc = (iso: string) => iso.slice(0, 16).replace('T', ' ');

/** An execution that ended two minutes ago, or as `given` says. */
function lastOf(given: Partial<LastExecution['execution']> = {}): LastExecution {
  return {
    execution: {
      version: 1,
      program: '1.0.0',
      host: 'evb',
      pid: 77,
      mode: 'pipeline',
      dry_run: false,
      started: '2026-12-01T11:56:40.000Z',
      ended: '2026-12-01T11:58:00.000Z',
      seconds: 80,
      exit_code: 0,
      end: 'success',
      error: null,
      stage: 'Migration Stage',
      stages: [],
      ...given,
    },
    previous: null,
    last_archived: { import: null, migrate: { time: '2026-11-28T12:00:00.000Z', run: 9 } },
    last_left: { import: null, migrate: null },
    last_success: { import: null, migrate: null },
  };
}

function activity(given: Partial<Activity> = {}): Activity {
  return { last: lastOf(), atWork: undefined, expectedEveryMinutes: 30, now, ...given };
}

const factOf = (given: Partial<Activity>) => {
  const { level, name, value } = activityFact(activity(given), utc);
  return `${level} ${name}: ${value}`;
};
const adviceOf = (given: Partial<Activity>) => activityAdvice(activity(given), utc).map(({ text }) => text);

describe('the last execution', () => {
  it('is told with how it ended, and how long it took', () => {
    expect(factOf({})).toBe('info Last execution: 2026-12-01 11:58 (2 min ago), ended well after 80 s');
    expect(factOf({ last: lastOf({ exit_code: 1, end: 'failure' }) })).toBe(
      'warning Last execution: 2026-12-01 11:58 (2 min ago), ended with failures (exit code 1) after 80 s',
    );
    const error = { message: 'no space', kind: 'Error', fault: null, place: null };
    expect(factOf({ last: lastOf({ exit_code: 2, end: 'crashed', error }) })).toContain(
      'ended by an unexpected error (exit code 2) after 80 s: no space',
    );
    expect(factOf({ last: undefined, expectedEveryMinutes: 0 })).toBe('info Last execution: none is noted');
    expect(adviceOf({})).toEqual([]);
  });

  it('that is under way says since when and in which stage', () => {
    const since = new Date('2026-12-01T11:50:00.000Z');
    const last = lastOf({ ended: null, exit_code: null, end: null });
    expect(factOf({ last, atWork: { pid: 77, since } })).toBe(
      'info Running: since 2026-12-01 11:56 (3 min ago): Migration Stage',
    );
    const progress = { total: 40, done: 12, failed: 1 };
    expect(factOf({ last: lastOf({ ended: null, progress }), atWork: { pid: 77, since } })).toMatch(
      /: Migration Stage, 12 of 40 runs \(1 failed\)$/,
    );
    expect(factOf({ last, atWork: { pid: 78, since } })).toBe(
      'info Running: since 2026-12-01 11:50 (10 min ago)',
    );
    expect(factOf({ last: undefined, atWork: { pid: undefined, since } })).toMatch(
      /^info Running: since .* 11:50/,
    );
    expect(adviceOf({ last, atWork: { pid: 77, since }, expectedEveryMinutes: 1 })).toEqual([]);
  });

  it('that was killed did not end', () => {
    const last = lastOf({ ended: null, exit_code: null, end: null });
    expect(factOf({ last })).toBe(
      'warning Last execution: began 2026-12-01 11:56 (3 min ago) and did not end: Migration Stage',
    );
    expect(adviceOf({ last })).toEqual([
      'The execution of 2026-12-01 11:56 did not end: it was killed, or its machine went down. The next one continues its work',
    ]);
  });

  it('is a warning once it is older than it should be, unless nobody expects any', () => {
    const last = lastOf({ ended: '2026-11-28T12:00:00.000Z' });
    expect(factOf({ last })).toMatch(/^warning Last execution: 2026-11-28 12:00 \(3 days ago\), ended well/);
    expect(adviceOf({ last })).toEqual([
      'The last execution was 3 days ago, but reporting.expected_every_minutes is 30: see whether cron or systemd still starts ' +
        'the archiver',
    ]);
    expect(adviceOf({ last: undefined })).toEqual([expect.stringContaining('No execution is noted, but')]);
    for (const quiet of [{ last, expectedEveryMinutes: 0 }, { expectedEveryMinutes: 3 }]) {
      expect(adviceOf(quiet)).toEqual([]);
    }
  });
});

describe('times', () => {
  it('are told as people tell them', () => {
    expect([0, 119, 120, 2879, 2880].map(span)).toEqual(['0 min', '119 min', '2 h', '47 h', '2 days']);
    expect([0.04, 9.96, 119.4, 125, 7500].map(duration)).toEqual([
      '0.0 s',
      '10.0 s',
      '119 s',
      '2 min 5 s',
      '2 h 5 min',
    ]);
    expect(ago('2026-12-01T11:59:30.000Z', now)).toBe('just now');
    expect(ago('2026-12-01T12:09:30.000Z', now)).toBe('in the future');
  });
});

const waitingRun: WaitingRun = {
  place: 'UconDB write',
  fault: 'site',
  cause: 'connection refused',
  since: '2026-11-30T10:02:00.000Z',
  cycles: 1,
  successes: 0,
  undecided: false,
};
const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);

/** Of runs 1 to 20, 2 failed to import and 3 is skipped; 4 to 15 are in artdaqDB, where 5 failed, and 6 and 7 wait. */
const mixed = statusOf({
  files: upTo(20),
  artdaqDb: [1, ...upTo(15).slice(3)],
  uconDb: [1, 4],
  importing: {
    state: { lastContiguousRun: 1, lastAttemptedRun: 15 },
    failed: [2],
    reasons: { ...noReasons, byRun: new Map([[2, { time: '2026-11-30T09:00:00.000Z', message: 'torn' }]]) },
  },
  migrating: {
    state: { lastContiguousRun: 4, lastAttemptedRun: 5 },
    failed: [5],
    waiting: {
      ...nobodyWaits,
      byFault: new Map([
        [6, waitingRun],
        [7, { ...waitingRun, since: '2026-11-30T11:02:00.000Z' }],
      ]),
    },
  },
});
const status = {
  ...mixed,
  activity: activity(),
  unequal: [4],
  oldestRecord: '2026-12-01T09:00:00.000Z',
  command: '/opt/bin/run-archiver /etc/config.yaml',
};

describe('the summary', () => {
  it('counts no run twice', () => {
    expect(summaryOf(status)).toMatchObject({
      waiting: { import: 5, migrate: 10 },
      oldest: { run: 6, since: waitingRun.since, place: 'UconDB write' },
      backlog: { stages: { import: { failed: 1 }, migrate: { failed: 1 } }, unequal: 1 },
    });
  });

  it('tells the facts that an operator asks for', () => {
    expect(summaryFacts(status, utc).map(({ level, name, value }) => `${level} ${name}: ${value}`)).toEqual([
      'info Last execution: 2026-12-01 11:58 (2 min ago), ended well after 80 s',
      'info Last archived: migrated run 9 at 2026-11-28 12:00 (3 days ago)',
      'warning Waiting: 5 to import, 10 to migrate; the oldest is run 6, since 2026-11-30 10:02 because of a fault at UconDB write',
      'error Failed: 1 to import, 1 to migrate; the oldest is run 2 (2026-11-30 09:00): torn',
      'error Unequal blobs: 1 (4)',
    ]);
    const { places, stages, lateTimes } = statusOf({ files: [1], artdaqDb: [], uconDb: undefined });
    const [importing] = stages;
    if (importing === undefined) return expect.unreachable();
    const torn = { places, lateTimes, stages: [importing, { stage: 'migrate' as const, error: 'torn' }] };
    expect(summaryFacts(torn, utc).map(({ name, value }) => `${name}: ${value}`)).toEqual([
      'Last archived: nothing is noted',
      'Waiting: 1 to import, not known how many to migrate; the oldest is run 1',
      'Failed: not known how many to migrate',
      'No answer: UconDB',
    ]);
    const quiet = {
      ...statusOf({ files: [1], artdaqDb: [], uconDb: [] }),
      oldestRecord: '2026-12-01T09:00:00.000Z',
    };
    expect(summaryFacts(quiet, utc)[1]?.value).toBe(
      '1 to import; the oldest is run 1 (record of 2026-12-01 09:00)',
    );
  });

  it('comes with the command for each problem', () => {
    const commands = recommendations(status).map((line) =>
      commandOf(line, status)?.replace(status.command, ''),
    );
    expect(commands).toEqual([
      ' --check-config',
      ' --incremental',
      ' --incremental',
      ' --import-only',
      ' --retry-failed-import',
      ' --retry-failed-migrate',
      ' --verify --runs 4',
    ]);
    const small = { ...status, batchSize: 5 };
    expect(recommendations(small).map((line) => commandOf(line, small)?.replace(status.command, ''))).toEqual(
      commands.with(2, ' --incremental --limit 10'),
    );
    const torn = {
      ...status,
      stages: [{ stage: 'import' as const, error: 'Rebuild it with --recover-import-state.' }],
    };
    expect(recommendations(torn).flatMap((line) => line.flags ?? [])).toContain('--recover-import-state');
  });

  it('is in the JSON, with what the last execution did', () => {
    const document = JSON.parse(statusJson(status, now));
    expect(document.summary).toMatchObject({
      execution: { state: 'ended', overdue: false },
      last_execution: { exit_code: 0 },
      last_archived: { import: null, migrate: { run: 9 } },
      waiting: { import: 5, migrate: 10 },
      oldest_waiting: { run: 6, since: waitingRun.since },
      failed: { import: 1, migrate: 1 },
      oldest_failed: { import: { run: 2, reason: { message: 'torn' } }, migrate: { run: 5 } },
      unequal: { total: 1 },
      likely_slips: [],
    });
    expect(document.recommendations[4]).toEqual({
      level: 'warning',
      text: expect.stringContaining('--retry-failed-import'),
      command: '/opt/bin/run-archiver /etc/config.yaml --retry-failed-import',
    });
  });
});
