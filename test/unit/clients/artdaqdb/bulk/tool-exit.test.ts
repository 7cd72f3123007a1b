import { describe, expect, it } from 'vitest';
import {
  startFailure,
  type ToolEnd,
  toolFailure,
} from '../../../../../src/clients/artdaqdb/bulk/tool-exit.ts';

const end: ToolEnd = {
  tool: 'bulkloader',
  run: 17,
  place: '/opt/lib/bulkloader',
  timeoutMs: 300_000,
  code: 0,
  signal: null,
  timedOut: false,
  stdout: 'Loaded 3 files',
  stderr: '',
};

describe('toolFailure', () => {
  it('is none for exit code 0', () => {
    expect(toolFailure(end)).toBeUndefined();
  });

  it.each([
    [1, 'some of the files', true],
    [126, 'permissions', false],
    [127, 'LD_LIBRARY_PATH', false],
    [128, 'refused its arguments', false],
    [129, 'no path', false],
    [130, 'no configuration name', false],
    [131, 'no run number', false],
    [134, 'aborted', true],
    [135, 'crashed', true],
    [136, 'divided by zero', false],
    [137, 'out of memory', true],
    [139, 'crashed', true],
    [141, 'a signal ended it', true],
    [144, 'exception', true],
    [7, 'none of its own exit codes', false],
  ])('says what exit code %i means', (code, text, retryable) => {
    const failure = toolFailure({ ...end, code, stderr: 'what it said' });
    expect(failure?.message).toMatch(
      `bulkloader (/opt/lib/bulkloader) failed while storing run 17, with exit code ${code}`,
    );
    expect(failure?.message).toContain(text);
    expect(failure?.message).toMatch(/It printed:\nwhat it said$/);
    expect([failure?.run, failure?.retryable]).toEqual([17, retryable]);
  });

  it('says for bulkdownloader what exit code 1 means', () => {
    expect(toolFailure({ ...end, tool: 'bulkdownloader', code: 1 })?.message).toMatch(
      /exporting run 17.*find the run/,
    );
  });

  it.each(['SIGABRT', 'SIGFPE', 'SIGSEGV', 'SIGKILL', 'SIGTERM', 'SIGBUS'] as const)('names %s', (signal) => {
    expect(toolFailure({ ...end, code: null, signal })?.message).toContain(`with ${signal}: `);
  });

  it.each(['SIGHUP', 'SIGBUS', 'SIGXCPU', 'SIGUSR1'] as const)(
    'lets it be tried again after %s',
    (signal) => {
      expect(toolFailure({ ...end, code: null, signal })?.retryable).toBe(true);
    },
  );

  it('tells a time-out from what ended the program then', () => {
    const failure = toolFailure({ ...end, code: null, signal: 'SIGKILL', timedOut: true });
    expect(failure?.message).toContain('ended after 300 s');
    expect(failure?.retryable).toBe(true);
  });

  it('shows standard output if there is no other, and of much the end', () => {
    expect(toolFailure({ ...end, code: 1 })?.message).toContain('Loaded 3 files');
    const long = toolFailure({ ...end, code: 1, stderr: `${'x'.repeat(100_000)}last` })?.message ?? '';
    expect(long.length).toBeLessThan(3000);
    expect(long).toMatch(/last$/);
    expect(toolFailure({ ...end, code: 1, stdout: '' })?.message).toContain('printed nothing');
  });
});

describe('startFailure', () => {
  it.each([
    ['EAGAIN', true],
    ['EACCES', false],
  ])('tells by %s whether a repeat may help', (code, retryable) => {
    const error = Object.assign(new Error(`spawn ${code}`), { code });
    const failure = startFailure(error, 'bulkloader', '/opt/lib/bulkloader', 17);
    expect(failure.message).toContain(`spawn ${code}`);
    expect(failure.retryable).toBe(retryable);
  });
});
