import { describe, expect, it } from 'vitest';
import { RunRecordError } from '../../../src/errors.ts';
import { abbreviate, faultOf, faultsError } from '../../../src/records/record-faults.ts';

const systemError = (code: string) => Object.assign(new Error(`${code}: failed`), { code });

describe('the error about a record', () => {
  it.each([
    ['EACCES', 'permission denied'],
    ['ENOENT', 'it does not exist'],
    ['EIO', 'EIO: failed'],
  ])('explains %s and asks for another attempt', (code, problem) => {
    expect(faultOf('a.fcl', systemError(code))).toEqual({
      path: 'a.fcl',
      problem,
      retryable: true,
      fault: 'unknown',
    });
  });

  it('lets bugs through', () => {
    const bug = new TypeError('x is not a function');
    expect(() => faultOf('a.fcl', bug)).toThrow(bug);
  });

  it('names run, directory and every file, and retries only if all faults may pass', () => {
    const passing = faultOf('a.fcl', systemError('EACCES'));
    const lasting = faultOf('b.fcl', new RunRecordError('is not a regular file'));
    const error = faultsError(7, '/records/7', [passing, lasting]);
    expect(error.message).toBe(
      "run 7 can't be archived whole from /records/7: a.fcl: permission denied; b.fcl: is not a regular file",
    );
    expect(error).toMatchObject({ run: 7, retryable: false });
    expect(faultsError(7, '/records/7', [passing])).toMatchObject({ retryable: true });
  });

  it('counts what it does not name', () => {
    expect(abbreviate(Array.from({ length: 23 }, (_, i) => `f${i}`))).toMatch(/^f0, .*, f19, and 3 more$/);
    expect(abbreviate(['a'])).toBe('a');
  });
});
