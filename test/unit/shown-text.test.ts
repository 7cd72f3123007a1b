import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatJson, shortened, visible, visibleLines } from '../../src/shown-text.ts';

const unseen = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;
const anyText = fc.string({
  unit: fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)),
});

describe('visible', () => {
  it.each([
    ['a\tb', 'a\tb'],
    ['a\nb\r\u001b[31m\u007f', 'a\\nb\\r\\x1b[31m\\x7f'],
    ['lcf.\u202etxet\u2066\u061c', 'lcf.\\u{202e}txet\\u{2066}\\u{61c}'],
    ['\ufeffa\u200b\u2029\u{e0041}', '\\u{feff}a\\u{200b}\\u{2029}\\u{e0041}'],
    ['\ud83d \u{1f600} Zürich 日本', '\\u{d83d} \u{1f600} Zürich 日本'],
  ])('shows %j as %j', (text, expected) => {
    expect(visible(text)).toBe(expected);
  });

  it('leaves no character of any text invisible, and keeps lines apart on request', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(visible(text).replaceAll('\t', '')).not.toMatch(unseen);
        expect(visibleLines(text).split('\n')).toEqual(text.split('\n').map(visible));
      }),
    );
  });
});

describe('shortened', () => {
  it('never cuts a surrogate pair in two', () => {
    expect(shortened('ab\u{1f600}', 3)).toBe('ab…');
    expect(shortened('ab\u{1f600}', 4)).toBe('ab\u{1f600}');
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.nat(20), (text, length) => {
        expect(shortened(text, length)).not.toMatch(/\p{Cs}/u);
      }),
    );
  });
});

describe('formatJson', () => {
  it('shows a terminal no invisible character, and keeps the meaning', () => {
    fc.assert(
      fc.property(fc.dictionary(anyText, anyText), (document) => {
        const text = formatJson(document);
        expect(text.replaceAll('\n', '')).not.toMatch(unseen);
        expect(JSON.parse(text)).toEqual(document);
      }),
    );
  });
});
