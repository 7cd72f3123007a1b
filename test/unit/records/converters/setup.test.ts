import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { convert } from './convert.ts';

describe('setup.txt', () => {
  it('is one text, whatever script it is', () => {
    const script = '#!/bin/bash\n\techo "it\'s" \\\n  | sed \'s/\\(a\\)\\n/"/\' # x\n#include <stdio.h>\n';
    const { text, table, warnings } = convert('setup', script);
    expect(table).toEqual({ setup_script: script });
    expect(text.endsWith('"')).toBe(true);
    expect(warnings).toEqual([]);
  });

  it('that ends in a backslash ends in a line end, with a warning', () => {
    expect(convert('setup', 'a\nb \\')).toMatchObject({ table: { setup_script: 'a\nb \\\n' }, warned: [2] });
    expect(convert('setup', 'b \\')).toMatchObject({ table: { setup_script: 'b \\' }, warned: [] });
  });

  it('has a warning where carriage returns ended lines, and dots for control characters', () => {
    expect(convert('setup', 'a\nb\r\nc\x07\n')).toMatchObject({
      table: { setup_script: 'a\nb\nc.\n' },
      warned: [2, 3],
    });
  });

  it('keeps any text of ASCII', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[\n\t -~]*$/), (script) => {
        const { table } = convert('setup', script);
        expect([script, `${script}\n`]).toContain(table.setup_script);
      }),
    );
  });
});
