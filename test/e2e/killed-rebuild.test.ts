import { existsSync, rmSync } from 'node:fs';
import { expect, it } from 'vitest';
import { FilesystemDb } from '../../src/artdaqdb/filesystem/filesystem-db.ts';
import { useSite } from '../helpers/use-site.ts';

const { site, start, run } = useSite();
const REBUILD = ['--restore', '1-4', '--to-artdaqdb'];
const preload = new URL('../helpers/kill-points/preload.mjs', import.meta.url).href;
/** Kills of each rebuild, evenly apart; one at each call that changes anything on disk would take minutes. */
const KILLS = Number(process.env.REBUILD_KILLS ?? 3);

const killedAt = (call: number, half: boolean) =>
  start(REBUILD, {
    env: { NODE_OPTIONS: `--import=${preload}`, KILL_AT: String(call), KILL_HALF: half ? '1' : '0' },
  }).ended;

it('wherever a rebuild is killed, its repeat stores each run once and compares it', {
  timeout: 600_000,
}, async () => {
  site.addRuns(1, 2, 3, 4);
  expect((await run()).code).toBe(0);
  const lose = () => {
    if (existsSync(site.database)) rmSync(site.database, { recursive: true });
  };
  lose();
  const undisturbed = await start(REBUILD, { env: { NODE_OPTIONS: `--import=${preload}` } }).ended;
  const calls = Number(undisturbed.stderr.trim());
  expect(calls).toBeGreaterThan(50);
  const db = () => new FilesystemDb(site.database);
  const exports = async () => Promise.all([1, 2, 3, 4].map((number) => db().export(number)));
  const expected = await exports();
  let kills = 0;
  for (let kill = 1; kill <= KILLS; kill++) {
    lose();
    const { signal } = await killedAt(Math.round((kill * calls) / (KILLS + 1)), kill % 2 === 0);
    if (signal === 'SIGKILL') kills++;
    for (const number of existsSync(site.database) ? await db().listRuns() : []) {
      expect(await db().export(number)).toEqual(expected[number - 1]);
    }
    const repeat = await run(...REBUILD);
    expect([repeat.code, repeat.stdout]).toEqual([
      0,
      expect.stringContaining('equal to their blobs, 0 failed, 0 are left'),
    ]);
    expect(await db().listRuns()).toEqual([1, 2, 3, 4]);
    expect(await exports()).toEqual(expected);
    expect(JSON.parse(site.read('rebuild_uncompared.json'))).toEqual({ rebuild_uncompared: [] });
    for (const number of [1, 2, 3, 4]) {
      const entities = (await db().composition(number, `test${number}`)).map(({ entry }) => entry.entity);
      expect(new Set(entities).size).toBe(entities.length);
    }
  }
  expect(kills).toBeGreaterThan(KILLS / 2);
});
