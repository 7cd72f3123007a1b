import { describe, expect, it } from 'vitest';
import { comparableError } from '../../../src/notify/stage-news.ts';

describe('the comparable form of an error', () => {
  it.each([
    ['connect ECONNREFUSED 10.0.0.1:27017', 'connect ECONNREFUSED 10.0.0.2:27018'],
    ['locked by 4711 since 2026-03-01T12:00:00.123Z', 'locked by 815 since 2026-03-01T12:10:00Z'],
    ['at 2026-03-01 12:00:00,123: no answer', 'at 2026-03-01 12:10:07,001: no answer'],
    ['no answer on Sun, 01 Mar 2026', 'no answer on Wednesday, 12 October 2026'],
    ['no answer within 10 s', 'no answer within 10.5 s'],
    ['id 65f1c0ffee65f1c0ffee0001 is odd', 'id 75a1c0ffee65f1c0ffeeabc2 is odd'],
    ['id 123e4567-e89b-12d3-a456-426614174000', 'id 923e4567-e89b-12d3-a456-42661417ffff'],
  ])('is the same for %j and %j', (one, other) => {
    expect(comparableError(one)).toBe(comparableError(other));
  });

  it.each([
    ['connect ECONNREFUSED 10.0.0.1', 'connect ETIMEDOUT 10.0.0.1'],
    ['Cannot read /a/b', 'Cannot read /a/c'],
    ['folder test01 is missing', 'object test01 is missing'],
  ])('differs for %j and %j', (one, other) => {
    expect(comparableError(one)).not.toBe(comparableError(other));
  });
});
