import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bootstrapCommand, linesFor, quoted } from '../../../../../src/artdaqdb/tools/remote/script.ts';
import { loginShells } from '../../../../helpers/shells.ts';

/** What a login shell makes of a command. */
function run(shell: string, command: string, input = ''): string {
  const { stdout, stderr, status } = spawnSync(shell, ['-c', command], { input, encoding: 'utf8' });
  expect(stderr).toBe('');
  expect(status).toBe(0);
  return stdout;
}

const oneLine = fc.string({ unit: fc.constantFrom(...'\'"`$!\\*?#~&;|<>(){}[]^%@= \tabc-é'), maxLength: 60 });

describe.each(loginShells)('as login shell, %s', (shell) => {
  it('takes a quoted text as one word, whatever is in it', () => {
    fc.assert(
      fc.property(fc.array(oneLine, { minLength: 1, maxLength: 20 }), (texts) => {
        const show = `exec /bin/sh -c ${quoted('for word; do printf "%s\\n" "$word"; done')} sh`;
        expect(run(shell, `${show} ${texts.map(quoted).join(' ')}`)).toBe(linesFor(texts));
      }),
      { numRuns: 15, examples: [[["it's", "\\'", '\\\\', "\\\\'", '!!', '\\!', 'ends in \\', '$HOME', '']]] },
    );
  });

  it('runs a script that comes on standard input, and leaves it the rest', () => {
    const script = '\n# It\'s "one"!\nIFS= read -r first\nprintf "%s|" "$first"\ncat\n';
    fc.assert(
      fc.property(oneLine, fc.string(), (first, rest) => {
        const input = script + linesFor([first]) + rest;
        expect(run(shell, bootstrapCommand(script), input)).toBe(`${first}|${rest}`);
      }),
      { numRuns: 15 },
    );
  });
});

describe('values for the host', () => {
  it.each(['a\nb', 'a\0b'])('are refused if they are no line: %j', (value) => {
    expect(() => linesFor(['a', value])).toThrow('line');
    expect(() => quoted(value)).toThrow(RangeError);
  });
});
