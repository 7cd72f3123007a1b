import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import { describeArchiver } from '../../../../src/cli/description.ts';
import { modes } from '../../../../src/modes/all.ts';
import { manPage } from '../../../../tools/package/man-page.ts';

const archiver = describeArchiver(modes);
const page = manPage(archiver, { version: '9.8.7', date: '2026-12-01' });
const has = (program: string): boolean => existsSync(`/usr/bin/${program}`);

function run(program: string, ...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(program, args, { input: page, encoding: 'utf8' });
  return { status, stdout, stderr };
}

it('the manual page has every flag with its description', () => {
  const plain = page.replaceAll('\\-', '-').replace(/\\f[BIR]/g, '');
  for (const { flags, description } of archiver.groups.flatMap((group) => group.flags)) {
    expect(plain).toContain(`${flags.replace(/[<>]/g, '')}\n${description}\n`);
  }
});

it('the manual page can be checked', () => {
  if (process.env.ARCHIVER_TEST_REQUIRE_MANDOC === '1') expect(has('mandoc')).toBe(true);
});

it.runIf(has('mandoc'))('the manual page is what mandoc takes without a warning', () => {
  expect(run('mandoc', '-man', '-Tlint', '-Wwarning')).toEqual({ status: 0, stdout: '', stderr: '' });
  const { stdout } = run('mandoc', '-man', '-Tascii');
  const shown = stdout.split(/.[\b]/).join('');
  expect(shown).toMatch(/^EXIT STATUS\n +0 +success, also if there was nothing to do$/m);
  expect(shown).toMatch(/^run-archiver 9\.8\.7 +2026-12-01 +RUN-ARCHIVER\(1\)$/m);
});

it.runIf(has('groff'))('the manual page is what groff takes without a warning', () => {
  expect(run('groff', '-ww', '-man', '-Tascii')).toMatchObject({ status: 0, stderr: '' });
});

it('the manual page shows texts as they are, whatever roff would make of them', () => {
  const flags = [{ flags: "--odd <it's>", description: ".odd 'text' with \\backslash" }];
  const odd = manPage(
    { ...archiver, groups: [{ heading: 'Odd:', flags }], texts: ['X\n  .a  b'] },
    {
      version: '1',
      date: undefined,
    },
  );
  expect(odd).toContain("\n\\&.odd 'text' with \\ebackslash\n");
  expect(odd).toContain('.B \\&.a\nb\n');
});
