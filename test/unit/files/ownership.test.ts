import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ownershipHint } from '../../../src/files/ownership.ts';
import { useTemporaryDirectories } from '../../helpers/temporary-directory.ts';

const temporaryDirectory = useTemporaryDirectories();
const refusal = (path: string, code = 'EACCES') => Object.assign(new Error(code), { code, path });

it('the hint names the owner of the file that refused, who we are, and the chown', () => {
  expect(ownershipHint(refusal('/etc/passwd'), 65534)).toBe(
    '; it belongs to root (mode 0644), and the archiver runs as nobody: as root, chown nobody /etc/passwd',
  );
});

it('the hint names the directory in which something could not be made', async () => {
  const directory = join(await temporaryDirectory(), 'work');
  mkdirSync(directory, { mode: 0o700 });
  const { uid } = statSync(directory);
  const hint = ownershipHint(refusal(join(directory, 'new/file'), 'EPERM'), uid + 4_000_000);
  expect(hint).toMatch(
    /^; \/.*\/work belongs to .* \(mode 0700\), and the archiver runs as user 4\d{6}: give user 4/,
  );
  expect(hint).toContain('chown or chmod');
  expect(hint).not.toContain('new/file');
});

it('there is no hint for what is ours, for other errors, and for errors without a file', async () => {
  const file = join(await temporaryDirectory(), 'file');
  writeFileSync(file, '');
  expect(ownershipHint(refusal(file))).toBe('');
  expect(ownershipHint(refusal('/etc/passwd', 'ENOSPC'), 65534)).toBe('');
  expect(ownershipHint(Object.assign(new Error('EACCES'), { code: 'EACCES' }), 65534)).toBe('');
  expect(ownershipHint('EACCES', 65534)).toBe('');
});
