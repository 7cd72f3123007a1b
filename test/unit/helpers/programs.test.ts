import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';

const helpers = resolve(import.meta.dirname, '../../helpers');
const programs = readdirSync(helpers, { recursive: true, encoding: 'utf8' }).filter((name) =>
  name.endsWith('.mjs'),
);

// The type check does not look into them, and a program that can't load its modules fails as if the archiver had.
it.each(programs)('%s imports only compiled modules that have a source', (name) => {
  const text = readFileSync(join(helpers, name), 'utf8');
  const missing = [...text.matchAll(/(?:from|import\() ?'(\.[^']*)'/g)]
    .map(([, path = '']) => resolve(helpers, name, '..', path))
    .map((path) => path.replace('/dist/', '/').replace(/\.js$/, '.ts'))
    .filter((path) => !existsSync(path));
  expect(missing).toEqual([]);
});
