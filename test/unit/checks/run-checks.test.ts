import { describe, expect, it } from 'vitest';
import { type Check, type CheckResult, runChecks } from '../../../src/checks/run-checks.ts';
import { ConfigurationError } from '../../../src/errors.ts';
import type { Usability } from '../../../src/files/directory-access.ts';

const check = (name: string, look: (signal: AbortSignal) => Promise<Usability>): Check => ({
  name,
  subject: `subject of ${name}`,
  look,
});

async function results(
  checks: readonly Check[],
  stop = new AbortController().signal,
  limitMs = 60_000,
): Promise<CheckResult[]> {
  const reported: CheckResult[] = [];
  await runChecks(checks, { limitMs, stop, report: (result) => reported.push(result) });
  return reported;
}

/** Ends with the signal only. */
const endless = (signal: AbortSignal) =>
  new Promise<Usability>((_, fail) =>
    signal.addEventListener('abort', () => fail(new ConfigurationError('late'))),
  );

describe('checks', () => {
  it('are made side by side and reported in their order', async () => {
    let open: () => void = () => undefined;
    const gate = new Promise<void>((done) => {
      open = done;
    });
    const waiting = check('first', async () => {
      await gate;
      return { text: 'one' };
    });
    const opening = check('second', async () => {
      open();
      return { text: 'two', warnings: ['doubt', 'more'] };
    });
    const failing = check('third', async () => {
      throw new ConfigurationError('wrong; mend it');
    });
    expect(await results([waiting, opening, failing])).toMatchObject([
      { name: 'first', subject: 'subject of first', state: 'ok', text: 'one' },
      { name: 'second', state: 'warning', text: 'two; doubt; more' },
      { name: 'third', state: 'failed', text: 'wrong; mend it' },
    ]);
  });

  it('fail when they take too long', async () => {
    const [result] = await results([check('slow', endless)], undefined, 20);
    expect(result).toMatchObject({
      state: 'failed',
      text: expect.stringContaining('no result within 0.02 s'),
    });
  });

  it('are stopped by request', async () => {
    const stop = new AbortController();
    const stopping = check('stopping', async () => {
      stop.abort();
      return { text: 'done' };
    });
    const [, result] = await results([stopping, check('slow', endless)], stop.signal);
    expect(result).toMatchObject({ state: 'failed', text: expect.stringContaining('stopped') });
  });

  it('let errors of the program itself end it', async () => {
    const faulty = check('faulty', async () => {
      throw new TypeError('a bug');
    });
    await expect(results([faulty])).rejects.toThrow('a bug');
  });
});
