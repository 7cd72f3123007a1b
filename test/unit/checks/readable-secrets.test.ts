import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readableSecrets } from '../../../src/checks/readable-secrets.ts';

let directory: string;
let file: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'secrets-'));
  chmodSync(directory, 0o755);
  file = join(directory, 'config.yaml');
  writeFileSync(file, 'ucon_db: { writer_password: open-sesame }\n');
  chmodSync(file, 0o644);
});

afterEach(() => rmSync(directory, { recursive: true }));

const look = (path = file) => readableSecrets(path, ['open-sesame']);
const warning = [expect.stringMatching(/every account of this machine can read it: chmod o-r it$/)];

it('a file with a password that others can read is warned of, also by a link', async () => {
  expect(await look()).toEqual(warning);
  const link = join(directory, 'link.yaml');
  symlinkSync(file, link);
  expect(await look(link)).toEqual(warning);
});

it('a file without a password is not warned of', async () => {
  writeFileSync(file, 'ucon_db: { writer_password: "${UCONDB_PASSWORD}" }\n');
  expect(await look()).toEqual([]);
});

it.each([0o640, 0o600])('a file of mode %o is not warned of', async (mode) => {
  chmodSync(file, mode);
  expect(await look()).toEqual([]);
});

it('a file in a directory that others may not enter is not warned of, even by a link from elsewhere', async () => {
  const hidden = join(directory, 'hidden');
  mkdirSync(hidden, { mode: 0o750 });
  writeFileSync(join(hidden, 'config.yaml'), 'open-sesame', { mode: 0o644 });
  symlinkSync(join(hidden, 'config.yaml'), join(directory, 'link.yaml'));
  expect(await look(join(directory, 'link.yaml'))).toEqual([]);
});

it('what is no file, or is missing, is not looked at', async () => {
  expect(await look(directory)).toEqual([]);
  expect(await look(join(directory, 'missing.yaml'))).toEqual([]);
});
