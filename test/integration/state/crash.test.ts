import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { removeStaleTemporaries } from '../../../src/files/atomic-file.ts';
import { FailureLog } from '../../../src/state/failure-log.ts';
import { FailureReasons } from '../../../src/state/failure-reasons.ts';
import { StateFile } from '../../../src/state/state.ts';
import { startLineProcess } from '../../helpers/line-process.ts';

const writerScript = fileURLToPath(new URL('../../helpers/state-writer.mjs', import.meta.url));

it('kill -9 tears no file, loses nothing that was reported, and needs no operator', async () => {
  const directory = fs.mkdtempSync(join(tmpdir(), 'crash-'));
  try {
    const state = new StateFile(join(directory, 'state.json'));
    const reasons = new FailureReasons(join(directory, 'reasons.json'), {
      redact: (text) => text,
      now: () => new Date(),
      warn: expect.unreachable,
    });
    const failures = new FailureLog(join(directory, 'failures.log'), reasons);
    let reported = 0;
    for (let trial = 0; trial < 12; trial++) {
      const writer = startLineProcess(process.execPath, [writerScript, directory]);
      for (let lines = 0; lines <= trial % 4; lines++) reported = Number(await writer.line());
      // Somewhere in the middle of the next changes.
      for (let turns = 0; turns < trial * 3; turns++) await new Promise(setImmediate);
      await writer.kill();
      const { lastAttemptedRun } = await state.read();
      expect(lastAttemptedRun).toBeGreaterThanOrEqual(reported);
      const failed = await failures.read();
      expect(failed.length).toBeGreaterThanOrEqual(reported);
      expect(failed.length).toBeLessThanOrEqual(lastAttemptedRun);
      await failures.change({ add: new Map([[lastAttemptedRun, 'broken']]) });
    }
    const { lastAttemptedRun } = await state.update((same) => same);
    expect(await failures.read()).toEqual(Array.from({ length: lastAttemptedRun }, (_, index) => index + 1));
    expect([...(await failures.reasons()).byRun.keys()]).toEqual(await failures.read());
    await removeStaleTemporaries(directory, 0, Date.now() + 1000);
    expect(fs.readdirSync(directory).sort()).toEqual(['failures.log', 'reasons.json', 'state.json']);
  } finally {
    fs.rmSync(directory, { recursive: true });
  }
});
