import { describe, expect, it } from 'vitest';
import { PathPattern, PatternError } from '../../../../tools/run-config/path-pattern.ts';

const selects = (pattern: string, path: string) => new PathPattern(pattern).selects(path);
const means = (pattern: string, entity: string) => new PathPattern(pattern).entities.test(entity);

describe('a pattern for parameters', () => {
  it.each([
    ['boot.fcl:level', 'level', true],
    ['boot.fcl: level', 'level', true],
    ['level', 'level', true],
    ['level', 'levels', false],
    ['level', 'daq.level', false],
    ['daq', 'daq.rates[3].a', true],
    ['rates', 'rates[3]', true],
    ['rates[3]', 'rates[3]', true],
    ['rates[3]', 'rates[3].x', true],
    ['rates[3]', 'rates[33]', false],
    ['rates[*]', 'rates[33]', true],
    ['rates[3?]', 'rates[33]', true],
    ['rates[*]', 'rates', false],
    ['a[*][1]', 'a[5][1]', true],
    ['d*.r?tes', 'daq.rates', true],
    ['*', 'a.b', true],
    ['*.b', 'a.b', true],
    ['*.c', 'a.b.c', false],
    ['**.c', 'a.b.c', true],
    ['**.c', 'c', true],
    ['**.c', 'a[0].c[1]', true],
    ['a.**.c', 'a.c', true],
    ['a.**.c', 'b.a.c', false],
    ['a.**', 'a.b.c', true],
    ['a.**', 'ab.c', false],
    ['**', 'a.b', true],
    ['boot.fcl:', 'a.b', true],
    ['boot.fcl:#include[0]', '#include[0]', true],
    ['BEGIN_PROLOG.a', 'BEGIN_PROLOG.a', true],
  ])('%s: is %s selected?', (pattern, path, expected) => {
    expect(selects(pattern, path)).toBe(expected);
  });

  it.each([
    ['boot.fcl:a', 'boot', true],
    ['boot:a', 'boot', true],
    ['boot.fcl:a', 'bootx', false],
    ['comp*.fcl:a', 'component01', true],
    ['component0?:', 'component01', true],
    ['*.fcl:a', 'anything', true],
    ['a.b', 'anything', true],
    ['Main_host.example_5200.fcl:a', 'Main_host.example_5200', true],
    ['Main_host.example_5200.fcl:a', 'Main_hostXexample_5200', false],
    ['a:b.fcl:c', 'a:b', true],
    ['(x).fcl:c', '(x)', true],
  ])('%s: is the file %s meant?', (pattern, entity, expected) => {
    expect(means(pattern, entity)).toBe(expected);
  });

  it.each([
    ['', /is empty/],
    [':a', /no file stands before/],
    ['a..b', /a name is missing/],
    ['.a', /a name is missing/],
    ['a.', /a name is missing/],
    ['a-b', /'a-b' can't be a name/],
    ['a b', /'a b' can't be a name/],
    ['[0]', /a name is missing/],
    ['a[', /no name with indexes/],
    ['a[0', /no name with indexes/],
    ['a[0]b', /no name with indexes/],
    ['a[]', /\[\] is no index/],
    ['a[x]', /\[x\] is no index/],
    ['a[a-z]', /\[a-z\] is no index/],
    ['{a,b}', /can't be a name/],
    ['***', /\*\* must stand alone/],
    ['a**b', /\*\* must stand alone/],
    ['**[0]', /\*\* must stand alone/],
  ])('%j is refused', (text, message) => {
    expect(() => new PathPattern(text)).toThrow(PatternError);
    expect(() => new PathPattern(text)).toThrow(message);
  });
});
