import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { FailureLog } from '../../../src/state/failure-log.ts';
import { FailureReasons } from '../../../src/state/failure-reasons.ts';
import { useTemporaryDirectories } from '../../helpers/temporary-directory.ts';

const temporaryDirectory = useTemporaryDirectories();
let directory: string;
let path: string;
let log: FailureLog;
let now: Date;
let warnings: string[];

beforeEach(async () => {
  directory = await temporaryDirectory();
  path = join(directory, 'reasons.json');
  now = new Date('2026-03-01T12:00:00Z');
  warnings = [];
  log = open();
});

/** The failure log as another execution opens it. */
function open(): FailureLog {
  const reasons = new FailureReasons(path, {
    redact: (text) => text.replaceAll('secret words', '***'),
    now: () => now,
    warn: (message) => warnings.push(message),
  });
  return new FailureLog(join(directory, 'failures.log'), reasons);
}

const failed = (message: string, ...runs: number[]) => new Map(runs.map((run) => [run, message]));
/** What is noted, in short. */
async function noted(): Promise<string[]> {
  const { byRun } = await open().reasons();
  return [...byRun].map(([run, { time, message }]) => `${run} ${time.slice(11, 13)}h ${message}`);
}

describe('the reason of a failure', () => {
  it('exists as long as the run is in the log, and belongs to its last failure', async () => {
    await log.change({ add: failed('torn', 12, 7, 9_007_199_254_740_991) });
    expect(await noted()).toEqual(['7 12h torn', '12 12h torn', '9007199254740991 12h torn']);
    now = new Date('2026-03-01T15:00:00Z');
    await log.change({ add: failed('gone', 12) });
    expect(await noted()).toEqual(['7 12h torn', '12 15h gone', '9007199254740991 12h torn']);
    expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({
      12: { time: '2026-03-01T15:00:00.000Z', message: 'gone' },
    });
  });

  it('disappears with the run: archived, recovered, or removed by hand', async () => {
    await log.change({ add: failed('torn', 1, 2, 3, 4, 5) });
    await log.change({ remove: [2] });
    expect(await noted()).toEqual(['1 12h torn', '3 12h torn', '4 12h torn', '5 12h torn']);
    await log.replace([3, 4, 6]);
    expect(await noted()).toEqual(['3 12h torn', '4 12h torn']);
    writeFileSync(log.path, '4\n');
    await log.change({ add: failed('broken', 8) });
    expect(await noted()).toEqual(['4 12h torn', '8 12h broken']);
    await log.replace([]);
    expect(readFileSync(path, 'utf8')).toBe('{}\n');
  });

  it('needs no file as long as nothing is noted', async () => {
    await log.change({ remove: [2] });
    await log.replace([3]);
    await log.change({ remove: [3] });
    expect(readdirSync(directory)).toEqual(['failures.log']);
    expect(await open().reasons()).toEqual({ byRun: new Map(), problem: undefined });
  });

  it('is one line without secrets, of a bounded length', async () => {
    await log.change({ add: failed('  a\r\n\tsecret words\u0000\u2028b ', 1) });
    await log.change({ add: failed(`${'x'.repeat(492)}secret words`, 2) });
    await log.change({ add: failed(`${'x'.repeat(498)}secret words`, 3) });
    const messages = (await noted()).map((line) => line.slice('1 12h '.length));
    expect(messages).toEqual(['a *** b', `${'x'.repeat(492)}***`, `${'x'.repeat(498)}*…`]);
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 2000 }), async (text) => {
        await log.change({ add: failed(text, 5) });
        const message = (await open().reasons()).byRun.get(5)?.message ?? '';
        expect([...message].length).toBeLessThanOrEqual(500);
        expect(message).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
      }),
      { numRuns: 10 },
    );
    expect(warnings).toEqual([]);
  });
});

describe('a file of reasons', () => {
  it.each(['{torn', '[]', '{"x": {}}', '{"5": {"time": "noon", "message": "m"}}', '"', '', '\xff'])(
    'that can not be understood counts as empty, with one warning, and the next failure replaces it: %s',
    async (content) => {
      writeFileSync(path, content, 'latin1');
      const { byRun, problem } = await log.reasons();
      expect([byRun.size, problem]).toEqual([
        0,
        expect.stringMatching(/reasons\.json can't be understood: ./),
      ]);
      expect(problem).not.toContain('\n');
      expect(readFileSync(path, 'latin1')).toBe(content);
      await log.change({ add: failed('broken', 3) });
      await log.change({ add: failed('broken', 4) });
      expect(await noted()).toEqual(['3 12h broken', '4 12h broken']);
      expect(warnings).toEqual([problem]);
    },
  );

  it('that can not be written keeps nothing from the failure log, and causes one warning', async () => {
    mkdirSync(path);
    await log.change({ add: failed('broken', 3) });
    await log.change({ add: failed('broken', 4), remove: [3] });
    await log.replace([6]);
    expect(await log.read()).toEqual([6]);
    expect(warnings).toEqual([expect.stringContaining('reasons.json')]);
    rmSync(path, { recursive: true });
    writeFileSync(join(directory, 'blocked'), '');
    path = join(directory, 'blocked', 'reasons.json');
    await open().change({ add: failed('broken', 7) });
    expect(await log.read()).toEqual([6, 7]);
    expect(warnings.slice(1)).toEqual([expect.stringContaining("can't be noted")]);
  });
});
