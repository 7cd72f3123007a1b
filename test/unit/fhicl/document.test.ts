import { describe, expect, it } from 'vitest';
import { ArtdaqDbError } from '../../../src/errors.ts';
import { formatTimestamp, readStored, sameContent, toStoredJson } from '../../../src/fhicl/document.ts';
import { exportOf, identity, store } from './support.ts';

const TEXT = '# c\na: 1 # n\nb: "x\\ty"\n';

describe('readStored', () => {
  it('finds what the document was stored under', () => {
    const stored = toStoredJson(TEXT, { ...identity, entity: 'boot', run: 18101, config: 'a "b" \\c/d' });
    const assigned = formatTimestamp(identity.now);
    expect(readStored(stored)).toEqual({
      fhicl: exportOf(stored),
      id: identity.id,
      entity: 'boot',
      version: '18101/a "b" \\c/d',
      configurations: [{ name: '18101/a "b" \\c/d', assigned }],
      runs: ['18101'],
      collection: 'RunHistory',
    });
  });
});

describe('formatTimestamp', () => {
  it('gives local time, to the millisecond, with the offset', () => {
    const now = new Date(2026, 10, 4, 3, 7, 9, 45);
    expect(formatTimestamp(now)).toMatch(/^2026-11-04T03:07:09\.045[+-]\d{4}$/);
    expect(new Date(formatTimestamp(now).replace(/(\d\d)$/, ':$1'))).toEqual(now);
  });
});

describe('the export of a stored document', () => {
  const withMetadata = (data: string, children: string) =>
    `{"document":{"data":{"prolog":{},"main":${data}},"metadata":{"prolog":{"children":{}},"main":{"children":${children}}}}}`;
  const number = '{"type":"number","comment":"","annotation":""}';
  const text = '{"type":"string_doublequoted","comment":"# t","annotation":""}';

  it('pairs repeated keys by position', () => {
    const json = withMetadata('{"a":"1","b":"2","a":"3"}', `{"a":${number},"b":${number},"a":${text}}`);
    expect(exportOf(json)).toBe('\na: 1 \n\nb: 2 \n# t\na: "3" \n');
  });

  it('pairs by name where the order differs', () => {
    const json = withMetadata('{"a":"1","b":"2","a":"3"}', `{"b":${text},"a":${number},"a":${text}}`);
    expect(exportOf(json)).toBe('\na: 1 \n# t\nb: "2" \n# t\na: "3" \n');
  });

  it('takes texts and numbers in any form that JSON has for them', () => {
    const json = withMetadata('{"a":1.5,\n"b" : "\\u0041\\/\\\\n"}', `{"a":${number},"b":${text}}`);
    expect(exportOf(json)).toBe('\na: 1.5 \n# t\nb: "A/\\n" \n');
  });

  it('quotes what was cut of a complex number in a sequence, as the C++ library does', () => {
    const complex = '{"type":"complex","comment":"","annotation":""}';
    const sequence = `{"type":"sequence","comment":"","annotation":"","children":{"0":${complex},"1":${complex}}}`;
    expect(exportOf(withMetadata('{"a":["(1,2)","(1,"]}', `{"a":${sequence}}`))).toBe(
      '\na: [(1,2), "(1,"] \n',
    );
  });

  it('refuses a document that it cannot export whole', () => {
    const stored = store(TEXT);
    const damaged = [
      '',
      '[]',
      stored.slice(0, -1),
      `${stored}x`,
      stored.replace('"number"', '"decimal"'),
      stored.replace('"metadata"', '"meta"'),
      withMetadata('{"a":"1"}', '{}'),
      withMetadata('{"a":["1"]}', '{"a":{"type":"sequence","children":{}}}'),
      withMetadata('{"a":{"b":"1"}}', '{"a":{"type":"table","children":{}}}'),
      withMetadata('{"a":null}', `{"a":${number}}`),
    ];
    for (const json of damaged) expect(() => exportOf(json)).toThrow(ArtdaqDbError);
  });
});

describe('sameContent', () => {
  it('looks at data, metadata and comments, not at ids and stamps', () => {
    const other = { ...identity, id: 'f'.repeat(24), now: new Date(1e12), run: 2 };
    expect(sameContent(store(TEXT), toStoredJson(TEXT, other))).toBe(true);
    for (const [from, to] of [
      ['a: 1', 'a: 2'],
      ['a: 1', 'a: 1.'],
      ['"x', "'x"],
      ['# n', '# m'],
    ] as const) {
      const changed = TEXT.replace(from, to).replace(/'(x.*)"/, "'$1'");
      expect(sameContent(store(TEXT), store(changed))).toBe(false);
    }
    expect(sameContent(store(TEXT), store(`${TEXT}# end\n`))).toBe(false);
  });
});
