import { describe, expect, it } from 'vitest';
import { convert } from './convert.ts';

const environment = (...lines: string[]) => convert('environment', lines.map((line) => `${line}\n`).join(''));

describe('environment.txt', () => {
  it.each([
    ['export A=x=y z', 'x=y z'],
    ['export  A = x ', 'x'],
    ['export A="x y"', 'x y'],
    ["export A='x y'", 'x y'],
    ['export A="x" and "y"', '"x" and "y"'],
    ['export A=it\'s "mixed', 'it\'s "mixed'],
    ['export A="x', '"x'],
    ['export A=\\u@\\h', '\\u@\\h'],
    ['export A=', ''],
    ['export A', '@nil'],
  ])('%s', (line, value) => {
    expect(environment(line)).toMatchObject({ table: { A: value }, warnings: [] });
  });

  it('keeps what follows a separator of Unicode', () => {
    expect(environment('export A=a\u2028b\fc\x85d').table).toEqual({ A: 'a.b.c.d' });
  });

  it('keeps values over several lines', () => {
    const { table } = environment('export A=a', '  b', '', '# c', 'd', '', 'export B=1');
    expect(table).toEqual({ A: 'a\n  b\n\n# c\nd', B: '1' });
  });

  it('takes assignments without export for variables before the first export', () => {
    expect(environment('A=1', 'B="2"', 'export C=3', 'D=4').table).toEqual({ A: '1', B: '2', C: '3\nD=4' });
  });

  it('keeps what belongs to no variable, and names that are none', () => {
    const { table, warned } = environment('hello', '', 'world', 'export 1BAD=x');
    expect(table).toEqual({ _1BAD: 'x', other_lines: ['hello', '', 'world'] });
    expect(warned).toEqual([1, 4]);
  });

  it('leaves out remarks, with a warning, as they may have been part of a value', () => {
    const { table, warned } = environment('export A=1', '# x', 'export B=2');
    expect(table).toEqual({ A: '1', B: '2' });
    expect(warned).toEqual([2]);
  });
});
