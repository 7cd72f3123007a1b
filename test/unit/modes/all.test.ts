import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { modeOf, modes } from '../../../src/modes/all.ts';

const source = resolve(import.meta.dirname, '../../../src');

/** The packages that a file loads with everything that it imports, but for what it imports later. */
function packagesOf(file: string, seen = new Set<string>()): readonly string[] {
  if (seen.has(file)) return [];
  seen.add(file);
  const imports = readFileSync(file, 'utf8').matchAll(/^import (?!type )[^;]*?from '([^']+)';/gm);
  return [...imports].flatMap(([, name = '']) => {
    if (name.startsWith('.')) return packagesOf(join(dirname(file), name), seen);
    return name.startsWith('node:') ? [] : [name];
  });
}

it('the list of modes loads no package before a mode runs, so --help waits for none', () => {
  expect(packagesOf(join(source, 'modes/verify-runs.ts'))).toContain('p-limit');
  expect(packagesOf(join(source, 'modes/all.ts'))).toEqual([]);
});

it('each name of a mode leads to that mode alone', () => {
  const common = { configPath: 'config.yaml', verbose: false, quiet: false, dryRun: false };
  for (const mode of modes)
    for (const name of mode.names) expect(modeOf({ ...common, mode: name })).toBe(mode);
});
