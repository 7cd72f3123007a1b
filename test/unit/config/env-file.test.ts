import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadEnvFile, parseEnvFile } from '../../../src/config/env-file.ts';
import { ConfigurationError } from '../../../src/errors.ts';

const env = { HOME: '/home/u', EMPTY: '' };

/** The value of X after a line that assigns it, as bash has it. */
const values: readonly (readonly [string, string])[] = [
  ['X=', ''],
  ['X=plain', 'plain'],
  ['  X=indented  ', 'indented'],
  ['export X=e', 'e'],
  ['export   X=e # comment', 'e'],
  ['X=a=b', 'a=b'],
  ["X='a b $HOME \\ \"'", 'a b $HOME \\ "'],
  ['X="a b $HOME \'"', "a b /home/u '"],
  ['X="\\$HOME \\" \\\\ \\` \\n"', '$HOME " \\ ` \\n'],
  ['X=a"b"\'c\'d', 'abcd'],
  ['X=$HOME/x', '/home/u/x'],
  ['X=${HOME}x', '/home/ux'],
  ['X=$HOMEx', ''],
  ['X=${EMPTY}-$NONE-', '--'],
  ['X=$A$A', 'earlierearlier'],
  ['X="${A}"', 'earlier'],
  ['X=a#b', 'a#b'],
  ['X=#b', '#b'],
  ['X=a #b', 'a'],
  ['X="a #b"', 'a #b'],
  ['X=a\\ b\\$HOME', 'a b$HOME'],
  ['X=$ ', '$'],
  ['X=$/x%', '$/x%'],
  ['X="$"', '$'],
  ['X=*?[a]{b,c}!^,@+', '*?[a]{b,c}!^,@+'],
  ['X=a~b', 'a~b'],
  ["X='~/x'", '~/x'],
  ['X=http://h:1/p?q=1%20', 'http://h:1/p?q=1%20'],
  ['X=ü', 'ü'],
];

describe('archiver.env', () => {
  it.each(values)('reads %s as a shell does', (line, value) => {
    expect(parseEnvFile(`A=earlier\n${line}\n`, 'f', env).X).toBe(value);
  });

  it('holds empty lines, comments and assignments, of which the last one counts', () => {
    const text = '\uFEFF# comment\r\n\r\n  # X=0\r\nX=1\r\nY="$X"\r\nX=2\r\n \t\r\nconstructor=$toString\r\n';
    expect(parseEnvFile(text, 'f', {})).toEqual({ X: '2', Y: '1', constructor: '' });
  });

  it.each([
    'X',
    'export X',
    'X = 1',
    'X =1',
    'X= 1',
    'X=1 2',
    'X=1 Y=2',
    '1X=1',
    'X-Y=1',
    'source other.env',
    'if true; then',
    'unset X',
    'X=$(date)',
    'X="$(date)"',
    'X=`date`',
    'X=${Y:-1}',
    'X="${Y:-1}"',
    'X=$1',
    'X=$?',
    "X=$'a'",
    "X='a",
    'X="a',
    'X="a\\"',
    'X=a\\',
    'X=a;b',
    'X=a&',
    'X=a|b',
    'X=<a',
    'X=(a b)',
    'X=~/x',
    'X=a:~/x',
    "X='a'hunter2 hunter2",
    'X=hunter2$(hunter2)',
  ])('refuses %s by file and line, without showing the value', (line) => {
    let message = '';
    try {
      parseEnvFile(`# one\nA=1\n${line}\nB=2\n`, '/etc/archiver.env', env);
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigurationError);
      message = String(error);
    }
    expect(message).toContain('/etc/archiver.env:3: ');
    expect(message).not.toContain('hunter2');
  });

  it('takes any value in single quotes as it is', () => {
    const value = fc.string({ unit: 'binary' }).filter((text) => !/['\n\r]/.test(text));
    fc.assert(fc.property(value, (text) => parseEnvFile(`X='${text}'`, 'f', env).X === text));
  });

  it('need not exist, but must be readable if it does', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'env-file-'));
    expect(loadEnvFile(join(directory, 'archiver.env'), env)).toEqual({});
    expect(() => loadEnvFile(directory, env)).toThrow(ConfigurationError);
    await rm(directory, { recursive: true });
  });
});
