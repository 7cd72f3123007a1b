import { describe, expect, it } from 'vitest';
import {
  ArtdaqDbError,
  ArtdaqDbPresenceError,
  BlobError,
  ConfigurationError,
  FhiclError,
  PersistenceError,
  RunRecordError,
  UconDbError,
} from '../../src/errors.ts';

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: it failed`), { code });
}

it('an error of a database has the name that the log of the Python archiver shows', () => {
  expect(new ArtdaqDbError('x').name).toBe('ArtdaqDBError');
  expect(new ArtdaqDbPresenceError('x').name).toBe('ArtdaqDBError');
  expect(new UconDbError('x').name).toBe('UconDBError');
  expect(new PersistenceError('x').name).toBe('PersistenceError');
});

describe('the fault of an error', () => {
  it.each([
    [new ConfigurationError('x'), 'site'],
    [new PersistenceError('x'), 'site'],
    [new RunRecordError('x'), 'run'],
    [new BlobError('x'), 'run'],
    [new FhiclError('a.fcl', 1, 1, 'x'), 'run'],
    [new ArtdaqDbError('x'), 'unknown'],
    [new UconDbError('x'), 'unknown'],
  ])('is the usual fault of its class by default (%#)', (error, fault) => {
    expect(error.fault).toBe(fault);
  });

  it.each(['ENOSPC', 'EDQUOT', 'EROFS', 'ESTALE', 'ENOTCONN', 'ETIMEDOUT', 'EMFILE', 'ENFILE'])(
    "is the site's after %s from the system, whatever its class",
    (code) => {
      expect(new RunRecordError('x', { cause: systemError(code) }).fault).toBe('site');
      expect(new ArtdaqDbError('x', { cause: systemError(code) }).fault).toBe('site');
    },
  );

  it.each(['EACCES', 'EPERM', 'EIO', 'ENOENT'])('does not follow from %s alone', (code) => {
    expect(new ArtdaqDbError('x', { cause: systemError(code) }).fault).toBe('unknown');
  });

  it('is inherited, with the place, by an error that explains another one', () => {
    const cause = new UconDbError('x', { fault: 'site', place: 'UconDB write' });
    const error = new ArtdaqDbError('y', { cause });
    expect([error.fault, error.place]).toEqual(['site', 'UconDB write']);
  });

  it('is what the thrower says, whatever the cause and the class', () => {
    expect(new RunRecordError('x', { fault: 'unknown', cause: systemError('ENOSPC') }).fault).toBe('unknown');
  });
});
