import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PersistenceError } from '../../../src/errors.ts';
import { StateFile } from '../../../src/state/state.ts';

let directory: string;
let path: string;
beforeEach(() => {
  directory = fs.mkdtempSync(join(tmpdir(), 'state-'));
  path = join(directory, 'importer_state.json');
});
afterEach(() => {
  fs.rmSync(directory, { recursive: true });
});

const attempted = (lastAttemptedRun: number) => (state: { lastContiguousRun: number }) => ({
  lastContiguousRun: state.lastContiguousRun,
  lastAttemptedRun,
});

describe('StateFile', () => {
  it('counts a missing file as an empty state, and makes its directory when it writes', async () => {
    const state = new StateFile(join(directory, 'work', 'state.json'));
    expect(await state.read()).toEqual({ lastContiguousRun: 0, lastAttemptedRun: 0 });
    expect(await state.update((same) => same)).toEqual({ lastContiguousRun: 0, lastAttemptedRun: 0 });
    expect(fs.existsSync(state.path)).toBe(false);
    await state.update(attempted(5));
    expect(fs.readFileSync(state.path, 'utf8')).toBe(
      '{\n  "last_contiguous_run": 0,\n  "last_attempted_run": 5\n}',
    );
  });

  it.each([
    ['{"last_contiguous_run": 3}', 3, 0],
    ['{"last_attempted_run": 4}', 0, 4],
    ['{}', 0, 0],
    ['{"last_contiguous_run": "3", "last_attempted_run": 4.0}\n', 3, 4],
  ])('reads %s', async (text, lastContiguousRun, lastAttemptedRun) => {
    fs.writeFileSync(path, text);
    expect(await new StateFile(path).read()).toEqual({ lastContiguousRun, lastAttemptedRun });
  });

  it('keeps unknown keys, and the order of all keys', async () => {
    fs.writeFileSync(path, '{"last_attempted_run": 4, "site": {"a": [1]}, "last_contiguous_run": 3}');
    await new StateFile(path).update(attempted(9));
    expect(fs.readFileSync(path, 'utf8')).toBe(
      '{\n  "last_attempted_run": 9,\n  "site": {\n    "a": [\n      1\n    ]\n  },\n  "last_contiguous_run": 3\n}',
    );
  });

  it.each([
    '',
    '\0\0\0\0',
    '{"last_contiguous_run": 3, "last_att',
    '[3, 4]',
    'null',
    '7',
    '{"last_contiguous_run": -1}',
    '{"last_contiguous_run": 1.5}',
    '{"last_contiguous_run": null}',
    '{"last_contiguous_run": "x"}',
    '{"last_attempted_run": 9007199254740993}',
    '{"last_attempted_run": true}',
  ])('refuses %j, copies it once when it is to be changed, and changes nothing', async (text) => {
    fs.writeFileSync(path, text);
    const state = new StateFile(path, 'import');
    await expect(state.read()).rejects.toThrow(PersistenceError);
    expect(fs.readdirSync(directory)).toEqual(['importer_state.json']);
    for (const attempt of [() => state.read(), () => state.update(attempted(9)), () => state.read()]) {
      await expect(attempt()).rejects.toThrow(PersistenceError);
      await expect(attempt()).rejects.toThrow(/importer_state\.json.*backup.*--recover-import-state/s);
    }
    const copies = fs.readdirSync(directory).filter((name) => name.includes('.unreadable-'));
    expect(copies.map((name) => fs.readFileSync(join(directory, name), 'utf8'))).toEqual([text]);
    expect(fs.readFileSync(path, 'utf8')).toBe(text);
  });

  it('is copied completely where a full disk or a kill cut an earlier copy short', async () => {
    const state = new StateFile(path);
    const recover = async () => {
      fs.writeFileSync(path, '{"site": 1}');
      return (await state.replace({ lastContiguousRun: 1, lastAttemptedRun: 2 })) ?? '';
    };
    const copy = await recover();
    fs.truncateSync(copy, 4);
    expect(await recover()).toBe(copy);
    expect(fs.readFileSync(copy, 'utf8')).toBe('{"site": 1}');
    expect(fs.readdirSync(directory)).toHaveLength(2);
  });

  it('is replaced by a recovery whatever it holds, and copied before', async () => {
    const state = new StateFile(path);
    fs.writeFileSync(path, '{"site": 1}');
    const kept = await state.replace({ lastContiguousRun: 1, lastAttemptedRun: 2 });
    expect(fs.readFileSync(kept ?? '', 'utf8')).toBe('{"site": 1}');
    expect(JSON.parse(fs.readFileSync(path, 'utf8'))).toEqual({
      site: 1,
      last_contiguous_run: 1,
      last_attempted_run: 2,
    });
    expect(await state.replace({ lastContiguousRun: 1, lastAttemptedRun: 2 })).toBe(undefined);
    fs.writeFileSync(path, Buffer.from([0xff, 0x7b]));
    const unreadable = await state.replace({ lastContiguousRun: 0, lastAttemptedRun: 0 });
    expect(await state.read()).toEqual({ lastContiguousRun: 0, lastAttemptedRun: 0 });
    expect([...fs.readFileSync(unreadable ?? '')]).toEqual([0xff, 0x7b]);
    expect(fs.readdirSync(directory)).toHaveLength(3);
  });

  it('loses no change of many at once, and leaves no lock and no temporary', async () => {
    const files = [new StateFile(path), new StateFile(path), new StateFile(path)];
    const increments = Array.from({ length: 30 }, (_, index) =>
      files[index % 3]?.update((state) => ({ ...state, lastAttemptedRun: state.lastAttemptedRun + 1 })),
    );
    await Promise.all(increments);
    expect((await new StateFile(path).read()).lastAttemptedRun).toBe(30);
    expect(fs.readdirSync(directory)).toEqual(['importer_state.json']);
  });

  it('continues after a change that failed', async () => {
    const state = new StateFile(path);
    const failed = state.update(() => {
      throw new Error('bug');
    });
    const next = state.update(attempted(3));
    await expect(failed).rejects.toThrow('bug');
    expect((await next).lastAttemptedRun).toBe(3);
    expect(fs.readdirSync(directory)).toEqual(['importer_state.json']);
  });

  it('says that its directory cannot be made', async () => {
    fs.writeFileSync(join(directory, 'file'), '');
    const state = new StateFile(join(directory, 'file', 'state.json'));
    await expect(state.update(attempted(3))).rejects.toThrow(/^Cannot lock .*state\.json: /);
  });
});
