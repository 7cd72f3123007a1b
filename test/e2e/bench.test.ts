import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { useTemporaryDirectories } from '../helpers/temporary-directory.ts';

const bench = resolve(import.meta.dirname, '../../dist/tools/bench/main.js');
const temporaryDirectory = useTemporaryDirectories();

it('the benchmark measures stages, start-up and growth, and leaves nothing but its figures', async () => {
  const directory = await temporaryDirectory();
  const json = join(directory, 'figures.json');
  const parts = ['--parts', 'stages', 'growth', '--sizes', 'small', '--databases', 'filesystem'];
  const little = ['--runs', '1', '--archived', '2', '--added', '1', '--rounds', '1'];
  const args = [bench, '--directory', directory, '--json', json, ...parts, ...little];
  const table = execFileSync(process.execPath, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

  const { figures } = JSON.parse(readFileSync(json, 'utf8'));
  const names = figures.map(({ what }: { what: string }) => what.split(',')[0]);
  expect(names).toEqual(['import', 'migrate', 'pipeline', 'nothing to do', 'import', 'migrate', 'verify']);
  expect(table.split('\n').slice(2, -1)).toHaveLength(names.length);
  for (const { seconds, cpuSeconds, peakMegabytes } of figures)
    expect(Math.min(seconds, cpuSeconds, peakMegabytes)).toBeGreaterThan(0);
  expect(readdirSync(directory)).toEqual(['figures.json']);
});
