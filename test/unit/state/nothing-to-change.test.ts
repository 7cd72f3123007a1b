import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { RunSet } from '../../../src/runs/run-set.ts';
import { FailureLog } from '../../../src/state/failure-log.ts';
import { SeenRuns } from '../../../src/state/seen-runs.ts';
import { StateFile } from '../../../src/state/state.ts';
import { nobodyWaits, WaitingRunsFile } from '../../../src/state/waiting-runs.ts';
import { useTemporaryDirectories } from '../../helpers/temporary-directory.ts';

const temporaryDirectory = useTemporaryDirectories();

it('where nothing changes, files are read although somebody else holds their locks', async () => {
  const directory = await temporaryDirectory();
  const pathOf = (name: string) => join(directory, name);
  const lockedByOthers = (...paths: readonly string[]) => {
    for (const path of paths) mkdirSync(join(`${path}.lock`, 'of somebody'), { recursive: true });
  };

  const state = new StateFile(pathOf('state.json'));
  const there = await state.update(() => ({ lastContiguousRun: 5, lastAttemptedRun: 7 }));
  const seen = new SeenRuns(pathOf('seen.json'));
  await seen.look(RunSet.of([1, 2, 3]), 2);
  const failures = new FailureLog(pathOf('failures.log'));
  await failures.change({ add: new Map([[4, 'x']]) });
  const waiting = new WaitingRunsFile(pathOf('waiting.json'), 'import', (text) => text);

  lockedByOthers(state.path, seen.path, failures.path, waiting.path);
  expect(await state.updateIfNeeded((before) => ({ ...before }))).toEqual(there);
  await seen.look(RunSet.of([1, 2, 3]), 2);
  await seen.remember([3]);
  await failures.change({ remove: [1, 2, 3] });
  await waiting.write(nobodyWaits);
  expect(await failures.read()).toEqual([4]);
});
