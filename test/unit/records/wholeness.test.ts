import { describe, expect, it } from 'vitest';
import { ageBy, type CopySign, judge, type RecordLook } from '../../../src/records/wholeness.ts';

const MINUTE = 60_000;
const DAY = 1440 * MINUTE;
/** When all of these records were changed last. */
const THEN = Date.UTC(2026, 0, 1);

const look = (
  signature: string,
  signs: readonly CopySign[] = [],
  newest = THEN,
  oldest = newest,
): RecordLook => ({
  signature,
  newest,
  oldest,
  signs,
});
/** Our clock and another record, so long after the change. */
const later = (clock: number, others: number | undefined = clock) => ({
  clock: THEN + clock,
  others: others === undefined ? undefined : THEN + others,
});
const sign = (patience: number): CopySign => ({ text: 'boot.txt is empty', lastChange: THEN, patience });

describe('a record that was looked at once', () => {
  it('is whole if it is older than ten minutes by our clock and by another record', () => {
    expect(judge(look('a'), undefined, later(11 * MINUTE))).toEqual({ is: 'whole' });
  });

  it.each([
    ['our clock alone says that it is old', later(60 * DAY, 9 * MINUTE)],
    ['only other records say that it is old', later(MINUTE, 60 * DAY)],
    ['our clock is behind', later(-60 * DAY, DAY)],
    ['it is the newest record', later(DAY, -MINUTE)],
    ['there is no other record', { clock: THEN + DAY, others: undefined }],
  ])('needs a second look if %s', (_, witnesses) => {
    expect(judge(look('a'), undefined, witnesses)).toEqual({ is: 'open' });
  });
});

describe('a record that was looked at twice', () => {
  it.each([
    ['young', later(0)],
    ['of the future', later(-DAY)],
  ])('is whole if nothing changed, though its times are %s', (_, witnesses) => {
    expect(judge(look('a'), look('a'), witnesses)).toEqual({ is: 'whole' });
  });

  it('is still being copied if anything changed, however old its times are', () => {
    expect(judge(look('a'), look('b'), later(DAY))).toMatchObject({ is: 'copying', neverQuiet: false });
  });

  it('is said to be never quiet if its changes are more than a day apart by the clock of their file system', () => {
    const newer = look('b', [], THEN, THEN - 2 * DAY);
    expect(judge(look('a'), newer, later(0))).toMatchObject({ is: 'copying', neverQuiet: true });
    const going = look('b', [], Infinity, THEN);
    expect(judge(look('a'), going, later(0))).toMatchObject({ is: 'copying', neverQuiet: false });
  });
});

describe('a sign that a copy is not complete', () => {
  it('counts until it is old by both witnesses, also if nothing changes', () => {
    const found = look('a', [sign(10 * MINUTE)]);
    const copying = { is: 'copying', why: 'boot.txt is empty' };
    expect(judge(found, undefined, later(9 * MINUTE))).toMatchObject(copying);
    expect(judge(found, found, later(9 * MINUTE))).toMatchObject(copying);
    expect(judge(found, found, later(60 * DAY, 9 * MINUTE))).toMatchObject(copying);
    expect(judge(found, found, later(9 * MINUTE, 60 * DAY))).toMatchObject(copying);
    expect(judge(found, found, { clock: THEN + DAY, others: undefined })).toMatchObject(copying);
    expect(judge(found, undefined, later(11 * MINUTE))).toEqual({ is: 'whole' });
  });

  it('counts for as long as it says', () => {
    const found = look('a', [sign(DAY)]);
    expect(judge(found, undefined, later(DAY - MINUTE))).toMatchObject({ is: 'copying' });
    expect(judge(found, undefined, later(DAY + MINUTE))).toEqual({ is: 'whole' });
  });

  it('that came between the looks counts', () => {
    expect(judge(look('a'), look('a', [sign(DAY)]), later(0))).toMatchObject({ is: 'copying' });
  });
});

describe('the age by two witnesses', () => {
  it('is no more than either of them says', () => {
    expect(ageBy(later(5, 3), THEN)).toBe(3);
    expect(ageBy(later(3, 5), THEN)).toBe(3);
    expect(ageBy({ clock: THEN, others: undefined }, THEN)).toBe(-Infinity);
  });
});
