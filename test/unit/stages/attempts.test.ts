import { describe, expect, it } from 'vitest';
import {
  type ArchiverError,
  ArtdaqDbError,
  NotYetError,
  RunRecordError,
  SharedWriteError,
} from '../../../src/errors.ts';
import type { Logger } from '../../../src/log/logger.ts';
import { attemptRun } from '../../../src/stages/attempts.ts';

function recordingLogger(lines: string[]): Logger {
  const keep = (level: string) => (message: string) => void lines.push(`${level} ${message}`);
  const logger: Logger = {
    debug: keep('DEBUG'),
    info: keep('INFO'),
    warning: keep('WARNING'),
    error: keep('ERROR'),
    critical: keep('CRITICAL'),
    child: () => logger,
  };
  return logger;
}

function setUp(
  failures: readonly Error[],
  { shutdown = new AbortController(), ending = new AbortController(), once = false } = {},
) {
  const lines: string[] = [];
  const slept: number[] = [];
  let calls = 0;
  const work = async () => {
    const error = failures[calls++];
    if (error !== undefined) throw error;
  };
  const options = {
    retries: 2,
    retryDelaySeconds: 3,
    once,
    shutdown: shutdown.signal,
    ending: ending.signal,
    sleep: async (milliseconds: number) => void slept.push(milliseconds),
  };
  const result = attemptRun(7, work, options, recordingLogger(lines));
  return { result, lines, slept, calls: () => calls };
}

const passing = new ArtdaqDbError('busy', { retryable: true });

function failedBy(error: Error) {
  return { kind: 'failed', message: error.message };
}

describe('attempts of a run', () => {
  it('a retryable error is followed by another attempt after the configured delay', async () => {
    const { result, lines, slept, calls } = setUp([passing, passing]);
    expect(await result).toMatchObject({ kind: 'archived' });
    expect(calls()).toBe(3);
    expect(slept).toEqual([3000, 3000]);
    expect(lines).toContain('ERROR ✗ Run 7 failed (attempt 2/3): busy');
    expect(lines).toContain('INFO Retrying run 7 in 3 seconds...');
  });

  it.each(['shutdown', 'ending'] as const)('work and waits under way learn of %s', async (which) => {
    const controllers = { shutdown: new AbortController(), ending: new AbortController() };
    const stops: (AbortSignal | undefined)[] = [];
    await attemptRun(
      7,
      (_run, visit) =>
        visit.at('UconDB write', async (stop) => {
          stops.push(stop);
          if (stops.length === 1) throw passing;
        }),
      {
        retries: 1,
        retryDelaySeconds: 0,
        once: false,
        shutdown: controllers.shutdown.signal,
        ending: controllers.ending.signal,
        sleep: async (_milliseconds, stop) => void stops.push(stop),
      },
      recordingLogger([]),
    );
    controllers[which].abort();
    expect(stops.map((stop) => stop?.aborted)).toEqual([true, true, true]);
  });

  it.each(['shutdown', 'ending'] as const)('no wait for another attempt begins after %s', async (which) => {
    const controller = new AbortController();
    controller.abort();
    const { result, slept, lines } = setUp([passing], { [which]: controller });
    await result;
    expect(slept).toEqual([]);
    expect(lines.join()).not.toContain('Retrying');
  });

  it.each<[string, string, ArchiverError]>([
    ['left', 'by an unknown fault at its last attempt', new ArtdaqDbError('no')],
    ['left', 'by its own fault, before its last attempt', new RunRecordError('no', { retryable: true })],
    ['failed', 'by its own fault at its last attempt', new RunRecordError('no')],
  ])('gives %s for a run that failed %s, once it is to stop', async (kind, _how, error) => {
    const shutdown = new AbortController();
    shutdown.abort();
    expect(await setUp([error], { shutdown }).result).toMatchObject({ kind });
  });

  it('a run that is not ready yet is left for later and does not fail', async () => {
    const { result, lines } = setUp([new NotYetError('it has changed')]);
    expect(await result).toEqual({ kind: 'left' });
    expect(lines.join()).not.toContain('ERROR');
  });

  it('the run fails after the last attempt', async () => {
    const { result, calls } = setUp([passing, passing, passing, passing]);
    expect(await result).toMatchObject({ ...failedBy(passing), fault: 'unknown', isFullCycle: true });
    expect(calls()).toBe(3);
  });

  it('an error that is not retryable ends the attempts', async () => {
    const permanent = new ArtdaqDbError('no FHiCL');
    const { result, calls } = setUp([permanent]);
    expect(await result).toMatchObject({ ...failedBy(permanent), isFullCycle: true });
    expect(calls()).toBe(1);
  });

  it('an unexpected error fails the run, and its stack is in the log', async () => {
    const bug = new TypeError('oops');
    const { result, lines } = setUp([bug]);
    expect(await result).toMatchObject({ ...failedBy(bug), fault: 'run' });
    expect(lines.at(-1)).toMatch(/✗ Run 7 failed with an unexpected error: TypeError: oops\n +at /);
  });

  it('a request to stop during an attempt or the pause after it leaves the run to the next execution', async () => {
    const shutdown = new AbortController();
    shutdown.abort();
    const { result, calls } = setUp([passing], { shutdown });
    expect(await result).toEqual({ kind: 'left' });
    expect(calls()).toBe(1);
    const later = new AbortController();
    const stopped = attemptRun(
      7,
      async () => {
        throw passing;
      },
      {
        retries: 2,
        retryDelaySeconds: 3,
        once: false,
        shutdown: later.signal,
        ending: new AbortController().signal,
        sleep: async () => later.abort(),
      },
      recordingLogger([]),
    );
    expect(await stopped).toEqual({ kind: 'left' });
  });

  it('a run that fails by its own fault is reported as failed even after a request to stop', async () => {
    const shutdown = new AbortController();
    shutdown.abort();
    const { result } = setUp([new RunRecordError('two files of one name')], { shutdown });
    expect(await result).toMatchObject({ kind: 'failed', fault: 'run' });
  });

  it('an unforeseen system error is of unknown fault and condemns no run', async () => {
    const odd = Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO' });
    expect(await setUp([odd]).result).toMatchObject({ kind: 'failed', fault: 'unknown' });
    const own = Object.assign(new TypeError('a bug'), { code: 'ERR_INVALID_ARG_TYPE' });
    expect(await setUp([own]).result).toMatchObject({ kind: 'failed', fault: 'run' });
  });

  it('once the stage is ending there is no further attempt, and the cycle does not count as full', async () => {
    const ending = new AbortController();
    ending.abort();
    const { result, calls } = setUp([passing, passing], { ending });
    expect(await result).toMatchObject({ ...failedBy(passing), isFullCycle: false });
    expect(calls()).toBe(1);
  });

  it('after failures of others the run gets a single attempt, and the cycle does not count as full', async () => {
    const { result, calls } = setUp([passing, passing], { once: true });
    expect(await result).toMatchObject({ ...failedBy(passing), isFullCycle: false });
    expect(calls()).toBe(1);
  });

  it("the code of a system error tells that it is the site's fault, wherever it comes from", async () => {
    const full = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
    const end = await attemptRun(
      7,
      (_run, visit) =>
        visit.at('artdaqDB write', async () => {
          throw full;
        }),
      {
        retries: 0,
        retryDelaySeconds: 0,
        once: false,
        shutdown: new AbortController().signal,
        ending: new AbortController().signal,
      },
      recordingLogger([]),
    );
    expect(end).toMatchObject({ kind: 'failed', fault: 'site', place: 'artdaqDB write' });
  });

  it('a run comes again, alone, if a write that it shared failed', async () => {
    const { result, lines, calls } = setUp([new SharedWriteError('full', true, { place: 'artdaqDB write' })]);
    expect(await result).toEqual({ kind: 'returned', place: 'artdaqDB write', isWhole: true });
    expect(calls()).toBe(1);
    expect(lines.at(-1)).toBe('INFO Run 7 comes again, alone: a write that it shared with others failed');
  });

  it('a run that failed while others of its write were stored comes again, alone, and the log says why', async () => {
    const { result, lines } = setUp([new SharedWriteError('EIO: i/o error', false, {})]);
    expect(await result).toMatchObject({ kind: 'returned', isWhole: false });
    expect(lines.at(-1)).toBe('INFO Run 7 comes again, alone: EIO: i/o error');
  });

  it('a run whose shared write failed is left to the next execution after a request to stop', async () => {
    const shutdown = new AbortController();
    shutdown.abort();
    const { result } = setUp([new SharedWriteError('full', true, {})], { shutdown });
    expect(await result).toEqual({ kind: 'left' });
  });
});
