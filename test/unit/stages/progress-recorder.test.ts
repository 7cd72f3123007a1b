import { join } from 'node:path';
import { expect, it } from 'vitest';
import { PersistenceError } from '../../../src/errors.ts';
import { RunSet } from '../../../src/runs/run-set.ts';
import type { RunEnd } from '../../../src/stages/attempts.ts';
import { ProgressRecorder } from '../../../src/stages/progress-recorder.ts';
import { WaitingBook } from '../../../src/stages/waiting-book.ts';
import { FailureLog, type FailureLogChange } from '../../../src/state/failure-log.ts';
import { StateFile } from '../../../src/state/state.ts';
import { nobodyWaits, type WaitingRun, WaitingRunsFile } from '../../../src/state/waiting-runs.ts';
import { useTemporaryDirectories } from '../../helpers/temporary-directory.ts';

const temporaryDirectory = useTemporaryDirectories();

/** A failure log whose first change meets a full disk. */
class OnceFull extends FailureLog {
  #isFull = true;

  override async change(change: FailureLogChange): Promise<void> {
    if (this.#isFull) {
      this.#isFull = false;
      throw new PersistenceError('no space left on device');
    }
    await super.change(change);
  }
}

const archived: RunEnd = { kind: 'archived', reached: new Set(['artdaqDB write']) };

function failed(fault: 'run' | 'site' | 'unknown'): RunEnd {
  return { kind: 'failed', reached: new Set(), fault, place: undefined, message: 'no', isFullCycle: true };
}

const waitingRun: WaitingRun = {
  place: 'artdaqDB write',
  fault: 'unknown',
  cause: 'no',
  since: '2026-11-30T00:00:00Z',
  cycles: 1,
  successes: 0,
  undecided: false,
};

/** @param before who waits */
async function setUp(
  logOf: (path: string) => FailureLog,
  before: ReadonlyMap<number, WaitingRun> = new Map(),
) {
  const directory = await temporaryDirectory();
  const failures = logOf(join(directory, 'failures.log'));
  const state = new StateFile(join(directory, 'state.json'));
  const listing = { source: RunSet.of([5, 6, 7]), target: RunSet.of([]) };
  const errors: unknown[] = [];
  const told: { run: number; lastContiguousRun: number }[] = [];
  const waiting = new WaitingRunsFile(join(directory, 'waiting.json'), 'import', (text) => text);
  await waiting.write({ ...nobodyWaits, byFault: before });
  const book = new WaitingBook({
    before,
    inFailureLog: new Set(),
    usualPlace: 'artdaqDB write',
    now: () => new Date('2026-12-01T00:00:00Z'),
  });
  const recorder = new ProgressRecorder({
    order: [5, 6, 7],
    files: { failures, state, waiting },
    listing,
    book,
    waiting: nobodyWaits,
    onArchived: async (runs) => {
      const { lastContiguousRun } = await state.read();
      told.push(...runs.map((run) => ({ run, lastContiguousRun })));
    },
    onError: (error) => errors.push(error),
  });
  return { recorder, failures, state, waiting, errors, told };
}

it('state and failure log are written while runs end, up to the first that is still in progress', async () => {
  const { recorder, failures, state } = await setUp((path) => new FailureLog(path));
  recorder.ended(5, archived);
  recorder.ended(7, failed('run'));
  await recorder.settle();
  expect(await failures.read()).toEqual([7]);
  expect(await state.read()).toEqual({ lastContiguousRun: 5, lastAttemptedRun: 5 });
  recorder.ended(6, archived);
  await recorder.settle();
  expect(await state.read()).toEqual({ lastContiguousRun: 6, lastAttemptedRun: 7 });
});

it('archived runs are reported once the state on disk holds them', async () => {
  const { recorder, told } = await setUp((path) => new FailureLog(path));
  recorder.ended(5, archived);
  recorder.ended(7, failed('run'));
  await recorder.settle();
  recorder.ended(6, archived);
  await recorder.settle();
  expect(told).toEqual([
    { run: 5, lastContiguousRun: 5 },
    { run: 6, lastContiguousRun: 6 },
  ]);
});

it('the position never passes a failed run that is not in the log', async () => {
  const { recorder, failures, state, errors } = await setUp((path) => new OnceFull(path));
  recorder.ended(5, failed('run'));
  await expect(recorder.settle()).rejects.toThrow('no space left');
  expect(errors).toHaveLength(1);
  expect(await state.read()).toEqual({ lastContiguousRun: 0, lastAttemptedRun: 0 });
  // A run that was in progress ends, and by now there is room.
  recorder.ended(6, archived);
  await expect(recorder.settle()).rejects.toThrow('no space left');
  expect(await failures.read()).toEqual([5]);
  expect(await state.read()).toEqual({ lastContiguousRun: 0, lastAttemptedRun: 6 });
});

it('the position never passes a run that failed while the failure log was being written', async () => {
  const full: { isFull: boolean } = { isFull: false };
  /** Its first change takes place while another run fails, and leaves no room for a second one. */
  class OvertakenLog extends FailureLog {
    override async change(change: FailureLogChange): Promise<void> {
      if (full.isFull) throw new PersistenceError('no space left on device');
      full.isFull = true;
      await super.change(change);
      recorder.ended(6, failed('run'));
    }
  }
  const { recorder, failures, state } = await setUp((path) => new OvertakenLog(path));
  recorder.ended(5, archived);
  await expect(recorder.settle()).rejects.toThrow('no space left');
  expect(await failures.read()).toEqual([]);
  expect(await state.read()).toEqual({ lastContiguousRun: 5, lastAttemptedRun: 5 });
});

it('the position never passes a run that waits because of a fault, and that run is on the list', async () => {
  const { recorder, failures, state, waiting } = await setUp((path) => new FailureLog(path));
  recorder.ended(5, archived);
  recorder.ended(6, failed('unknown'));
  recorder.ended(7, failed('run'));
  await recorder.settle();
  expect(await failures.read()).toEqual([7]);
  expect([...(await waiting.read()).byFault]).toMatchObject([
    [6, { place: 'artdaqDB write', fault: 'unknown', cause: 'no', cycles: 1 }],
  ]);
  expect(await state.read()).toEqual({ lastContiguousRun: 5, lastAttemptedRun: 5 });
});

it('a run stays on the list of waiting runs until the failure log has it', async () => {
  const before = new Map([[5, waitingRun]]);
  const { recorder, waiting } = await setUp((path) => new OnceFull(path), before);
  recorder.ended(5, failed('run'));
  await expect(recorder.settle()).rejects.toThrow('no space left');
  expect([...(await waiting.read()).byFault.keys()]).toEqual([5]);
});

it('a run stays on the list of waiting runs if it is condemned while the failure log is being written', async () => {
  let isFull = false;
  class OvertakenLog extends FailureLog {
    override async change(change: FailureLogChange): Promise<void> {
      if (isFull) throw new PersistenceError('no space left on device');
      isFull = true;
      await super.change(change);
      recorder.ended(5, failed('run'));
    }
  }
  const before = new Map([[5, waitingRun]]);
  const { recorder, failures, waiting } = await setUp((path) => new OvertakenLog(path), before);
  recorder.ended(6, archived);
  await expect(recorder.settle()).rejects.toThrow('no space left');
  expect(await failures.read()).toEqual([]);
  expect([...(await waiting.read()).byFault.keys()]).toEqual([5]);
});

it('the list of waiting runs tells of a shared write that failed, though no run ends after it', async () => {
  const undecided = new Map([[5, { ...waitingRun, undecided: true }]]);
  const { recorder, waiting } = await setUp((path) => new FailureLog(path), undecided);
  for (const run of [6, 7]) {
    recorder.returned(run, { kind: 'returned', place: 'artdaqDB write', isWhole: true });
  }
  await recorder.settle();
  expect([...(await waiting.read()).byFault]).toEqual([[5, waitingRun]]);
});
