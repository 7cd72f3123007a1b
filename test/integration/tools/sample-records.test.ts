import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RunRecordDirectory } from '../../../src/records/run-record-directory.ts';
import { lookAt } from '../../../src/records/wholeness.ts';
import { type SampleOptions, writeRecords } from '../../../tools/sample-records/record.ts';

const size = { readers: 2, builders: 1, dispatchers: 1, bytes: 28_000 };
const options: SampleOptions = { count: 3, firstRun: 41, size, era: 'mixed', seed: '1', writable: false };

let top: string;

beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'samples-'));
});

afterEach(() => {
  for (const run of readdirSync(top)) chmodSync(join(top, run), 0o755);
  rmSync(top, { recursive: true });
});

describe('writing sample records', () => {
  it('leaves run directories that the archiver reads whole, with the modes of DAQInterface', async () => {
    await writeRecords(top, options);
    const records = new RunRecordDirectory(top);
    expect(await records.listRuns()).toEqual([41, 42, 43]);
    const { files, warnings } = await records.read(43, (await lookAt(join(top, '43'))).signature);
    expect(files).toHaveLength(11);
    expect(warnings).toEqual([]);
    expect(statSync(join(top, '43')).mode & 0o777).toBe(0o555);
    expect(statSync(join(top, '43', 'boot.txt')).mode & 0o777).toBe(0o444);
  });

  it('stops at a run directory that exists', async () => {
    mkdirSync(join(top, '42'));
    await expect(writeRecords(top, { ...options, writable: true })).rejects.toThrow('42');
    expect(readdirSync(join(top, '42'))).toEqual([]);
    expect(readdirSync(top)).toEqual(['41', '42']);
  });
});
