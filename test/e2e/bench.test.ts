import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it, vi } from 'vitest';
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

it('a benchmark that is asked to end ends its servers', async () => {
  const directory = await temporaryDirectory();
  const args = [bench, '--directory', directory, '--parts', 'start-up', '--databases', 'filesystem'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  for await (const said of child.stderr.iterator({ destroyOnReturn: false })) if (/round 1/.test(said)) break;
  const [pidFile = ''] = readdirSync(directory).map((name) => join(directory, name, 'ucondb/server.pid'));
  const pid = Number(/\d+/.exec(readFileSync(pidFile, 'utf8'))?.[0]);
  expect(process.kill(pid, 0)).toBe(true);
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([130, null]);
  await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow('ESRCH'), { timeout: 20_000 });
});
