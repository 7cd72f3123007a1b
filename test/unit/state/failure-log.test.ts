import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FailureLog } from '../../../src/state/failure-log.ts';

let directory: string;
let path: string;
let log: FailureLog;
beforeEach(() => {
  directory = fs.mkdtempSync(join(tmpdir(), 'failures-'));
  path = join(directory, 'work', 'import_failures.log');
  log = new FailureLog(path);
});
const failing = (...runs: number[]) => new Map(runs.map((run) => [run, 'broken']));

afterEach(() => {
  fs.rmSync(directory, { recursive: true });
});

describe('FailureLog', () => {
  it('reads each number once, ascending, and ignores other lines', async () => {
    fs.mkdirSync(join(directory, 'work'));
    fs.writeFileSync(path, '12\r\n 7 \n# note\n12\n\n-3\n1.5\n007\n99999999999999999999\n9');
    expect(await log.read()).toEqual([7, 9, 12]);
  });

  it('names the first ten lines that are no run numbers', async () => {
    const warnings: string[] = [];
    log = new FailureLog(path, undefined, (message) => warnings.push(message));
    fs.mkdirSync(join(directory, 'work'));
    fs.writeFileSync(path, `12\n\n# note\r\n007\n5003,5004\n99999999999999999999\n${'x'.repeat(200)}\n`);
    expect(await log.read()).toEqual([7, 12]);
    expect(warnings.map((text) => text.slice(0, text.indexOf(' is ')))).toEqual([
      `${path}:3: '# note'`,
      `${path}:5: '5003,5004'`,
      `${path}:6: '99999999999999999999'`,
      `${path}:7: '${'x'.repeat(100)}…'`,
    ]);
    fs.writeFileSync(path, `1\n${'a\n'.repeat(30)}`);
    warnings.length = 0;
    await log.read();
    expect(warnings).toHaveLength(11);
    expect(warnings.at(-1)).toBe(`${path}: 20 more lines are no run numbers and are ignored`);
  });

  it('is empty without a file, and makes none if there is nothing to write', async () => {
    expect(await log.read()).toEqual([]);
    await log.change({ remove: [3] });
    await log.change({});
    expect(fs.existsSync(path)).toBe(false);
  });

  it('writes one run per line, ascending, each once', async () => {
    await log.change({ add: failing(10, 9, 100) });
    await log.change({ add: failing(9) });
    expect(fs.readFileSync(path, 'utf8')).toBe('9\n10\n100\n');
    await log.change({ add: failing(2), remove: [10, 11] });
    expect(fs.readFileSync(path, 'utf8')).toBe('2\n9\n100\n');
    await log.replace([5, 4, 5]);
    expect(fs.readFileSync(path, 'utf8')).toBe('4\n5\n');
    await log.replace([]);
    expect(fs.readFileSync(path, 'utf8')).toBe('');
  });

  it('loses none of many changes at once', async () => {
    const other = new FailureLog(path);
    const runs = Array.from({ length: 30 }, (_, index) => index + 1);
    await Promise.all(runs.map((run) => (run % 2 ? log : other).change({ add: failing(run) })));
    await Promise.all(runs.slice(10).map((run) => (run % 2 ? log : other).change({ remove: [run] })));
    expect(await log.read()).toEqual(runs.slice(0, 10));
    expect(fs.readdirSync(join(directory, 'work'))).toEqual(['import_failures.log']);
  });
});
