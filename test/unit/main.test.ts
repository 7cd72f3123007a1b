import { afterEach, describe, expect, it, vi } from 'vitest';
import { ConfigurationError } from '../../src/errors.ts';
import { standardError, standardOutput } from '../../src/log/standard-stream.ts';
import { main } from '../../src/main.ts';

afterEach(() => vi.restoreAllMocks());

/** Runs the program with an environment that can't be read for this reason. */
async function runWithBrokenEnvironment(argv: readonly string[], reason: Error) {
  const stdout = vi.spyOn(standardOutput, 'write').mockReturnValue(true);
  const stderr = vi.spyOn(standardError, 'write').mockReturnValue(true);
  const code = await main(argv, () => {
    throw reason;
  });
  const textOf = (spy: typeof stdout) => spy.mock.calls.map(([text]) => text).join('');
  return { code, stdout: textOf(stdout), stderr: textOf(stderr) };
}

describe('archiver.env', () => {
  const broken = new ConfigurationError('/opt/archiver.env:1: broken');

  it('ends the program with exit code 1 and a message if it is wrong', async () => {
    const stderr = 'run-archiver: /opt/archiver.env:1: broken\n';
    expect(await runWithBrokenEnvironment([], broken)).toEqual({ code: 1, stdout: '', stderr });
  });

  it('is not read for what needs no configuration', async () => {
    expect(await runWithBrokenEnvironment(['--version'], broken)).toMatchObject({ code: 0, stderr: '' });
  });

  it('is told in the result that programs read', async () => {
    const { code, stdout } = await runWithBrokenEnvironment(['--verify', '--result-json', '-'], broken);
    expect([code, JSON.parse(stdout)]).toMatchObject([
      1,
      { mode: 'verify', exit_code: 1, end: 'failure', error: { kind: 'ConfigurationError', fault: 'site' } },
    ]);
    const lost = await runWithBrokenEnvironment(['--result-json', '/nowhere/result.json'], broken);
    expect(lost).toMatchObject({ code: 1, stderr: expect.stringContaining("can't be written") });
  });

  it('ends the program with exit code 2 and a stack if reading it meets a bug', async () => {
    const { code, stderr } = await runWithBrokenEnvironment([], new TypeError('bug'));
    expect(code).toBe(2);
    expect(stderr).toMatch(/TypeError: bug\s+at .*main\.test\.ts/);
  });
});
