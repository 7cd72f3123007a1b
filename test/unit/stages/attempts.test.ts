import { describe, expect, it } from 'vitest';
import { ArtdaqDbError } from '../../../src/errors.ts';
import type { Logger } from '../../../src/services/logger.ts';
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

function setUp(failures: readonly Error[], shutdown = new AbortController()) {
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
    shutdown: shutdown.signal,
    sleep: async (milliseconds: number) => void slept.push(milliseconds),
  };
  const result = attemptRun(7, work, options, recordingLogger(lines));
  return { result, lines, slept, calls: () => calls };
}

const passing = new ArtdaqDbError('busy', { retryable: true });

describe('attemptRun', () => {
  it('repeats what may succeed, with the configured delay', async () => {
    const { result, lines, slept, calls } = setUp([passing, passing]);
    expect(await result).toBeUndefined();
    expect(calls()).toBe(3);
    expect(slept).toEqual([3000, 3000]);
    expect(lines).toContain('ERROR ✗ Run 7 failed (attempt 2/3): busy');
    expect(lines).toContain('INFO Retrying run 7 in 3 seconds...');
  });

  it('gives up after the last attempt', async () => {
    const { result, calls } = setUp([passing, passing, passing, passing]);
    expect(await result).toBe(passing);
    expect(calls()).toBe(3);
  });

  it('does not repeat what stays wrong', async () => {
    const permanent = new ArtdaqDbError('no FHiCL');
    const { result, calls } = setUp([permanent]);
    expect(await result).toBe(permanent);
    expect(calls()).toBe(1);
  });

  it('fails the run on an unexpected error, with its stack in the log', async () => {
    const bug = new TypeError('oops');
    const { result, lines } = setUp([bug]);
    expect(await result).toBe(bug);
    expect(lines.at(-1)).toMatch(/✗ Run 7 failed with an unexpected error: TypeError: oops\n +at /);
  });

  it('makes no further attempt once a shutdown is requested', async () => {
    const shutdown = new AbortController();
    shutdown.abort();
    const { result, calls } = setUp([passing], shutdown);
    expect(await result).toBe(passing);
    expect(calls()).toBe(1);
  });
});
