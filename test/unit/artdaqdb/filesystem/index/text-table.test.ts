import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IndexBytes } from '../../../../../src/artdaqdb/filesystem/index/index-bytes.ts';
import { listAt, UnreadableIndexError } from '../../../../../src/artdaqdb/filesystem/index/index-scan.ts';
import { TextTable } from '../../../../../src/artdaqdb/filesystem/index/text-table.ts';

const text = fc.stringMatching(/^[a-c]{0,3}$/);

describe('TextTable', () => {
  it('the table has the texts of the list and no others, however often they stand in it', () => {
    fc.assert(
      fc.property(
        fc.array(text),
        fc.array(text),
        fc.integer({ min: 1, max: 9 }),
        (listed, others, window) => {
          const bytes = IndexBytes.of(Buffer.from(`{"ouid" : ${JSON.stringify(listed)}}`), window);
          const table = new TextTable(bytes, listAt(bytes, 10));
          for (const each of [...listed, ...others]) {
            expect(table.has(Buffer.from(each))).toBe(listed.includes(each));
          }
        },
      ),
    );
    expect(new TextTable(IndexBytes.of(Buffer.alloc(0)), undefined).has(Buffer.alloc(0))).toBe(false);
  });

  it('a list that gets longer while it is read is an error', () => {
    const content = Buffer.from('["a"]            ');
    const bytes = IndexBytes.of(content, 4);
    const list = listAt(bytes, 0);
    content.write('["a","b","c","d"]');
    expect(() => new TextTable(bytes, list)).toThrow(UnreadableIndexError);
  });
});
