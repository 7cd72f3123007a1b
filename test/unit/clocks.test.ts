import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';

const source = resolve(import.meta.dirname, '../../src');

/** Who may ask what time it is, without being told by whoever calls: each to tell how old something on a disk or a page is. */
const READERS = [
  'artdaqdb/tools/private-directories.ts',
  'checks/work-files.ts',
  'files/atomic-file.ts',
  'lock/directory-lock.ts',
  'lock/process-lock.ts',
  'records/run-record-directory.ts',
  'report/html/page.ts',
];

it('only files that judge ages read the wall clock, so every duration is one of the monotonic clock', () => {
  const readers = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter(
    (name) => name.endsWith('.ts') && /\bDate\.now\b/.test(readFileSync(join(source, name), 'utf8')),
  );
  expect(readers.sort()).toEqual(READERS);
});
