import { applyPatch } from 'diff';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { unifiedDiff } from '../../../../tools/compare-artdaqdb-ucondb/unified-diff.ts';

const diff = (old: string, changed: string) =>
  unifiedDiff({ label: 'a/x.fcl', text: old }, { label: 'b/x.fcl', text: changed });

describe('a unified difference', () => {
  it('is empty for equal texts', () => {
    expect(diff('a: 1\n', 'a: 1\n')).toBe('');
  });

  it('shows changed lines with three lines of context', () => {
    const lines = ['1', '2', '3', '4', '5', '6', '7', '8', '9'];
    const old = lines.map((line) => `${line}\n`).join('');
    expect(diff(old, old.replace('5', 'five').replace('9\n', '9'))).toBe(
      [
        '--- a/x.fcl',
        '+++ b/x.fcl',
        '@@ -2,8 +2,8 @@',
        ...[' 2', ' 3', ' 4', '-5', '+five', ' 6', ' 7', ' 8', '-9', '+9'],
        '\\ No newline at end of file',
        '',
      ].join('\n'),
    );
  });

  const line = fc.constantFrom('a', 'b', '', '\r', '-', '+++ b', '\\ x');
  const text = fc
    .tuple(fc.array(line, { maxLength: 12 }), fc.boolean())
    .map(([lines, ends]) => lines.join('\n') + (ends && lines.length > 0 ? '\n' : ''));
  const makes = (old: string, changed: string) => {
    expect(applyPatch(old, diff(old, changed), { autoConvertLineEndings: false })).toBe(changed);
  };

  it('makes one text of the other', () => {
    fc.assert(fc.property(text, text, makes));
  });

  it('makes one text of the other even if they have little in common', () => {
    const many = (word: string) => Array.from({ length: 600 }, (_, i) => `${word}${i}\n`).join('');
    fc.assert(
      fc.property(text, text, text, (head, tail, end) => {
        makes(`${head}\n${many('x')}${tail}`, `${head}\n${many('y')}${tail}`);
        makes(`${many('x')}${end}`, `${many('y')}${tail}`);
      }),
      { numRuns: 5 },
    );
  });
});
