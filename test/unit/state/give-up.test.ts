import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { PersistenceError } from '../../../src/errors.ts';
import { RunSet } from '../../../src/runs/run-set.ts';
import { FailureLog } from '../../../src/state/failure-log.ts';
import { FailureReasons } from '../../../src/state/failure-reasons.ts';
import { type GivenUpRecords, giveUp, takeUp } from '../../../src/state/give-up.ts';
import { GivenUp, type GivenUpNote, GivenUpRuns } from '../../../src/state/given-up-runs.ts';
import { RunSetFile } from '../../../src/state/run-set-file.ts';
import { SeenRuns } from '../../../src/state/seen-runs.ts';
import { nobodyWaits, WaitingRunsFile } from '../../../src/state/waiting-runs.ts';
import { useTemporaryDirectories } from '../../helpers/temporary-directory.ts';

const temporaryDirectory = useTemporaryDirectories();
const nobody = RunSet.of([]);
const none = { import: nobody, migrate: nobody };
const waits = {
  place: 'UconDB write',
  fault: 'site' as const,
  cause: 'disk full',
  since: '2026-11-24T15:28:15.300Z',
  cycles: 2,
  successes: 0,
  undecided: false,
};
const reason = { time: '2026-11-24T15:28:15.300Z', message: 'a.fcl, line 1: no FHiCL' };
const given = { by: 'kim@daq', time: '2026-12-01T10:00:00.000Z', reason: 'no beam', unequal: false };
const failedOnce: GivenUpNote = {
  runs: RunSet.of([5]),
  ...given,
  import: { was: 'archived' },
  migrate: { was: 'failed', reason },
  unequal: true,
};
const waiting: GivenUpNote = {
  runs: RunSet.of([6]),
  ...given,
  import: { was: 'archived' },
  migrate: { was: 'waiting', ...waits },
};
const skipped: GivenUpNote = {
  runs: RunSet.of([1, 2]),
  ...given,
  import: { was: 'skipped' },
  migrate: { was: 'new' },
};

/** The files of a site on which run 5 failed and differs, run 6 waits, and runs 1-2 are skipped. */
async function setUp() {
  const directory = await temporaryDirectory();
  const path = (name: string) => join(directory, name);
  const givenUp = new GivenUpRuns(path('given_up_runs.json'));
  const isGivenUp = async () => (await givenUp.read()).runs;
  const reasons = (stage: string) =>
    new FailureReasons(path(`${stage}_reasons.json`), {
      redact: (text) => text,
      now: () => new Date('2026-12-01T12:00:00Z'),
      warn: (message) => {
        throw new Error(message);
      },
    });
  const stage = (name: 'import' | 'migrate') => ({
    failures: new FailureLog(path(`${name}.log`), reasons(name), undefined, isGivenUp),
    waiting: new WaitingRunsFile(path(`${name}_waiting.json`), name, (text) => text, isGivenUp),
    seen: new SeenRuns(path(`${name}_seen.json`)),
  });
  const stages = { import: stage('import'), migrate: stage('migrate') };
  const unequal = new RunSetFile(path('unequal.json'), { key: 'unequal_runs', title: 'record', advice: '' });
  await stages.import.seen.remember([1, 2, 5, 6]);
  await stages.migrate.seen.remember([1, 5, 6]);
  await stages.migrate.failures.change({ add: new Map([[5, reason]]) });
  await stages.migrate.waiting.write({ ...nobodyWaits, byFault: new Map([[6, waits]]) });
  await unequal.add([5]);
  const records: GivenUpRecords = { givenUp, unequal, files: (name) => stages[name] };
  const content = async () => ({
    failed: await stages.migrate.failures.logged(),
    reasons: (await stages.migrate.failures.reasons()).byRun,
    waiting: (await stages.migrate.waiting.listed()).byFault,
    unequal: (await unequal.read())?.toTexts(),
    isSeen: [await stages.import.seen.membership(), await stages.migrate.seen.membership()].map((isKnown) =>
      [1, 2, 5, 6].filter(isKnown),
    ),
  });
  return { path, givenUp, stages, records, content };
}

let site: Awaited<ReturnType<typeof setUp>>;

beforeEach(async () => {
  site = await setUp();
});

/** The records of a process that is killed as it begins its n-th change of a file. */
function killedAt(change: number, records: GivenUpRecords): GivenUpRecords {
  let begun = 0;
  const guarded = <File extends object>(file: File): File =>
    new Proxy(file, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== 'function') return member;
        const isChange = ['change', 'settle', 'write', 'restore', 'correct', 'add', 'drop'].includes(
          String(name),
        );
        return (...args: unknown[]) => {
          if (isChange && ++begun >= change) return Promise.reject(new Error('killed'));
          return Reflect.apply(member, target, args);
        };
      },
    });
  return {
    givenUp: guarded(records.givenUp),
    unequal: guarded(records.unequal),
    files: (stage) => {
      const { failures, waiting: waitingRuns, seen } = records.files(stage);
      return { failures: guarded(failures), waiting: guarded(waitingRuns), seen: guarded(seen) };
    },
  };
}

const kills = [1, 2, 3, 4, 5, 6, 7, 8];

describe('giving up', () => {
  it('takes runs off all lists, and taking up puts each back where it was', async () => {
    const { givenUp, records, content } = site;
    const before = await content();
    await giveUp([failedOnce, waiting, skipped], records);
    expect(await content()).toMatchObject({
      failed: [],
      reasons: new Map(),
      waiting: new Map(),
      unequal: [],
    });
    expect((await givenUp.read()).runs.toTexts()).toEqual(['1-2', '5-6']);
    await takeUp(await givenUp.read(), none, records);
    expect(await content()).toEqual({
      ...before,
      // The migrate stage had not seen them, so they are late once they arrive there.
      isSeen: [
        [1, 2, 5, 6],
        [5, 6],
      ],
    });
    expect((await givenUp.read()).notes).toEqual([]);
  });

  it.each(kills)('changes nothing or is done by the note, if it is killed at change %i', async (change) => {
    const { givenUp, records, stages, content } = site;
    const before = await content();
    await giveUp([failedOnce, waiting], killedAt(change, records)).catch(() => undefined);
    const { notes } = await givenUp.read();
    const [failed, waitingThen] = [await stages.migrate.failures.read(), await stages.migrate.waiting.read()];
    if (change === 1) {
      expect(await content()).toEqual(before);
      expect([notes, failed]).toEqual([[], [5]]);
    } else expect([notes.length, failed, waitingThen.byFault.size]).toEqual([2, [], 0]);
    await takeUp(await givenUp.read(), none, records);
    expect(await content()).toEqual(before);
  });

  it.each(kills)('holds until all is back, if taking up is killed at change %i', async (change) => {
    const { givenUp, records, stages, content } = site;
    const before = await content();
    await giveUp([failedOnce, waiting], records);
    const taken = await givenUp.read();
    await takeUp(taken, none, killedAt(change, records)).catch(() => undefined);
    if ((await givenUp.read()).notes.length > 0) {
      expect(await stages.migrate.failures.read()).toEqual([]);
      expect((await stages.migrate.waiting.read()).byFault.size).toBe(0);
      await stages.migrate.failures.settle();
      expect(await stages.migrate.failures.logged()).toEqual([]);
    }
    await takeUp(taken, none, records);
    expect(await content()).toEqual(before);
  });

  it('forgets runs that were archived meanwhile, but for a blob that differs', async () => {
    const { givenUp, records, content } = site;
    await giveUp([failedOnce, waiting], records);
    await takeUp(await givenUp.read(), { import: nobody, migrate: RunSet.of([6]) }, records);
    expect(await content()).toMatchObject({ failed: [5], unequal: ['5'], waiting: new Map() });
  });

  it('makes no record of seen runs before the first execution, as nothing would then count as seen', async () => {
    const directory = await temporaryDirectory();
    const seen = new SeenRuns(join(directory, 'seen.json'));
    await seen.correct({ seen: RunSet.of([1]), unseen: RunSet.of([2]) });
    expect(await seen.hasAny()).toBe(false);
    expect(await seen.late([1, 2, 3], 9)).toEqual([]);
  });
});

describe('the record of given-up runs', () => {
  it('joins nothing that differs, and replaces what is said of the same runs', async () => {
    const { givenUp, path } = site;
    await givenUp.change((before) => before.with([failedOnce, skipped]));
    await givenUp.change((before) =>
      before.with([{ ...skipped, runs: RunSet.of([2]), reason: 'no detector' }]),
    );
    expect(JSON.parse(await readFile(path('given_up_runs.json'), 'utf8')).given_up_runs).toEqual([
      { ...failedOnce, runs: ['5'] },
      { ...skipped, runs: ['1'] },
      { ...skipped, runs: ['2'], reason: 'no detector' },
    ]);
    const read = await givenUp.read();
    expect([read.runs.toTexts(), read.unequal.toTexts()]).toEqual([['1-2', '5'], ['5']]);
    expect(read.of(RunSet.of([2, 5, 9])).runs.toTexts()).toEqual(['2', '5']);
    expect(read.without(RunSet.of([1, 2])).notes).toEqual([failedOnce]);
    expect(new GivenUp([]).has(0)).toBe(false);
  });

  it.each([
    '',
    '{torn',
    '[]',
    '{}',
    JSON.stringify({ given_up_runs: [{ ...skipped, runs: ['2-1'] }] }),
    JSON.stringify({ given_up_runs: [{ ...skipped, runs: ['1'], import: { was: 'lost' } }] }),
    JSON.stringify({ given_up_runs: [{ ...skipped, runs: ['1'], time: 'yesterday' }] }),
  ])('is refused and left as it is if it can not be understood: %s', async (text) => {
    const { givenUp, path, stages } = site;
    await writeFile(path('given_up_runs.json'), text);
    const uses = [
      () => givenUp.read(),
      () => givenUp.change((before) => before.with([skipped])),
      () => stages.migrate.failures.read(),
      () => stages.migrate.failures.settle(),
      () => stages.migrate.waiting.read(),
    ];
    for (const use of uses) {
      await expect(use()).rejects.toThrow(PersistenceError);
      await expect(use()).rejects.toThrow(/record of given-up runs .* Restore it from a backup\./);
    }
    expect(await readFile(path('given_up_runs.json'), 'utf8')).toBe(text);
    expect(await stages.migrate.failures.logged()).toEqual([5]);
  });
});
