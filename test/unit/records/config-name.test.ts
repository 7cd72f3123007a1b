import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { configName } from '../../../src/records/config-name.ts';

const bytes = (...lines: readonly string[]) => Buffer.from(lines.join('\n'));

describe('the configuration name', () => {
  it.each([
    [['Config name: a/b c'], 'a_b c'],
    [['Config name:x'], 'x'],
    [['\ufeffConfig name: x'], 'x'],
    [['Config name: ', 'Config name: first', 'Config name: second'], 'first'],
    [['Config name: ...'], '...'],
    [['Config name: a*b?[x]{y}$Z~#!=,:@%^+-'], 'a*b?[x]{y}$Z~#!=,:@%^+-'],
    [['Config name:'], 'standard'],
    [['# Config name: x', 'config name: y'], 'standard'],
    [[], 'standard'],
  ])('of %j is %j', (lines, name) => {
    expect(configName(bytes(...lines))).toEqual({ name, warnings: [] });
  });

  it.each([
    ['Z\u00fcrich\t\x07 *x', 'Z.rich.. *x'],
    ['..', '__'],
    ['.012', '_012'],
    ['a**', 'a__'],
    ['"a" it\'s C:\\d', '_a_ it_s C:_d'],
    ['x;(y)|`z`&<>', 'x__y___z____'],
    ['n'.repeat(300), 'n'.repeat(255)],
  ])('that is stated as %j is %j, with a warning', (stated, name) => {
    const found = configName(bytes('', `Config name: ${stated}`));
    expect(found.name).toBe(name);
    expect(found.warnings).toMatchObject([{ line: 2, message: expect.stringContaining(name.slice(0, 100)) }]);
  });

  it('is one that artdaqDB and its programs can handle, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (stated) => {
        const { name } = configName(Buffer.concat([Buffer.from('Config name: '), stated]));
        expect(name).toMatch(/^[ -.0-~]+$/);
        expect(name).not.toMatch(/^\.{1,2}\d*$|\*$|[\\"'`;&|<>()]/);
      }),
    );
  });
});
