import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunNumber } from '../../src/runs/run-number.ts';
import { type SampleFile, sampleRecord } from './record.ts';
import { ERA_NAMES, type EraName, type SystemSize } from './system.ts';

/** Which records are written, and how. */
export interface SampleOptions {
  readonly count: number;
  readonly firstRun: RunNumber;
  readonly size: SystemSize;
  readonly era: EraName | 'mixed';
  readonly seed: string;
  /** False: files 0444 and directories 0555, as DAQInterface leaves them. */
  readonly writable: boolean;
}

/**
 * Writes sample records below `top`, which is made if missing.
 * @throws if a run directory exists already; it and what it holds stay untouched
 */
export async function writeRecords(top: string, options: SampleOptions): Promise<void> {
  await mkdir(top, { recursive: true });
  for (let i = 0; i < options.count; i++) {
    const run = options.firstRun + i;
    // Old runs first, as at an experiment whose software was updated from time to time.
    const mixed = ERA_NAMES[Math.floor((i * ERA_NAMES.length) / options.count)] ?? '2024';
    const era = options.era === 'mixed' ? mixed : options.era;
    await writeRecord(
      join(top, String(run)),
      sampleRecord(run, era, options.size, options.seed),
      options.writable,
    );
  }
}

async function writeRecord(
  directory: string,
  files: readonly SampleFile[],
  writable: boolean,
): Promise<void> {
  await mkdir(directory);
  for (const { name, text } of files) {
    await writeFile(join(directory, name), text, { flag: 'wx', mode: writable ? 0o644 : 0o444 });
  }
  if (!writable) await chmod(directory, 0o555);
}
