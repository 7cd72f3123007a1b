import { describe, expect, it } from 'vitest';
import { startFailure, type ToolEnd, toolFailure } from '../../../../src/artdaqdb/tools/tool-exit.ts';

const end: ToolEnd = {
  tool: 'bulkloader',
  run: 17,
  place: '/opt/lib/bulkloader',
  home: 'work directory',
  timeoutMs: 300_000,
  code: 0,
  signal: null,
  timedOut: false,
  stdout: 'Loaded 3 files',
  stderr: '',
};

describe('toolFailure', () => {
  it('returns nothing for exit code 0', () => {
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

  it('tells a time-out from the signal that ended the program', () => {
    const failure = toolFailure({ ...end, code: null, signal: 'SIGKILL', timedOut: true });
    expect(failure?.message).toContain('ended after 300 s');
    expect(failure?.retryable).toBe(true);
  });

  it('shows standard output if standard error is empty, and only the end of a long one', () => {
    expect(toolFailure({ ...end, code: 1 })?.message).toContain('Loaded 3 files');
    const long = toolFailure({ ...end, code: 1, stderr: `${'x'.repeat(100_000)}last` })?.message ?? '';
    expect(long.length).toBeLessThan(3000);
    expect(long).toMatch(/last$/);
    expect(toolFailure({ ...end, code: 1, stdout: '' })?.message).toContain('printed nothing');
  });
});

describe('whose fault it is that a tool failed', () => {
  it.each([
    [126, 'site'],
    [127, 'site'],
    [1, 'unknown'],
    [128, 'unknown'],
    [134, 'unknown'],
    [136, 'unknown'],
    [137, 'unknown'],
    [139, 'unknown'],
    [144, 'unknown'],
    [7, 'unknown'],
  ])('tells its exit code %i: %s', (code, fault) => {
    expect(toolFailure({ ...end, code })?.fault).toBe(fault);
  });

  it.each(['SIGKILL', 'SIGSEGV', 'SIGTERM', 'SIGXCPU'] as const)('is not known after %s', (signal) => {
    expect(toolFailure({ ...end, code: null, signal })?.fault).toBe('unknown');
  });

  it('is not known if it took too long', () => {
    expect(toolFailure({ ...end, code: null, signal: 'SIGKILL', timedOut: true })?.fault).toBe('unknown');
  });

  it.each([
    ['Failed loading file:/w/a.fcl\nError message:write failed: No space left on device', true],
    ['boost::filesystem::create_directories: Disk quota exceeded: "/db/RunHistory"', true],
    ['boost::filesystem::create_directories: Read-only file system: "/db/RunHistory"', false],
    ['boost::filesystem::create_directories: Permission denied: "/db/RunHistory"', false],
    ['rename: Stale file handle', true],
    ['stat: Transport endpoint is not connected', true],
    ['open: Too many open files', true],
    [
      "No suitable servers found: `serverSelectionTimeoutMS` expired: [connection refused calling hello on 'db:1']",
      true,
    ],
    ["No suitable servers found: [Failed to resolve 'db']", true],
    ['Authentication failed.: generic server error', false],
    ['not authorized on daq to execute command { insert: "RunHistory" }', false],
    ['not primary: generic server error', true],
  ])("is the site's if it printed: %s", (stderr, retryable) => {
    for (const code of [1, 134, 144]) {
      expect(toolFailure({ ...end, code, stderr })).toMatchObject({ fault: 'site', retryable });
    }
    expect(toolFailure({ ...end, code: 1, stdout: stderr })).toMatchObject({ fault: 'site' });
  });

  it('names a full disk, and for bulkdownloader its place', () => {
    const full = { ...end, code: 1, stderr: 'write: No space left on device' };
    const failure = toolFailure({ ...full, tool: 'bulkdownloader' });
    expect(failure?.message).toMatch(/the disk that it writes to is full/);
    expect(failure?.message).not.toMatch(/find the run/);
    expect(failure?.place).toBe('work directory');
    expect(toolFailure(full)?.place).toBeUndefined();
  });

  it('is not known if bulkdownloader may not read something', () => {
    const stderr = 'open: Permission denied';
    expect(toolFailure({ ...end, tool: 'bulkdownloader', code: 1, stderr })?.fault).toBe('unknown');
  });
});

describe('startFailure', () => {
  it.each([
    ['EAGAIN', true],
    ['EACCES', false],
  ])('tells from %s whether another attempt may help', (code, retryable) => {
    const error = Object.assign(new Error(`spawn ${code}`), { code });
    const failure = startFailure(error, 'bulkloader', '/opt/lib/bulkloader', 17);
    expect(failure.message).toContain(`spawn ${code}`);
    expect(failure.retryable).toBe(retryable);
    expect(failure.fault).toBe('site');
  });
});
