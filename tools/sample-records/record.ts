import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunNumber } from '../../src/runs/run-number.ts';
import { componentFcl } from './documents.ts';
import { ERA_NAMES, type EraName, type Process, type System, type SystemSize, systemOf } from './system.ts';
import {
  bootTxt,
  environmentTxt,
  knownBoardreadersTxt,
  metadataTxt,
  ranksTxt,
  settingsTxt,
  setupTxt,
} from './text-files.ts';

/** A file of a sample record; ASCII. */
export interface SampleFile {
  readonly name: string;
  readonly text: string;
}

/** A run record as DAQInterface of the era leaves it; the same arguments give the same bytes. */
export function sampleRecord(run: RunNumber, era: EraName, size: SystemSize, seed: string): SampleFile[] {
  const system = systemOf(run, era, size, seed);
  const texts = textFiles(system, seed);
  const withPayload = (payloadOf: (process: Process) => number) =>
    system.processes.map((process) => ({
      name: fileNameOf(process, system),
      text: componentFcl(process, system, payloadOf(process), seed),
    }));
  const missing = size.bytes - bytesOf([...texts, ...withPayload(() => 0)]);
  const total = system.processes.reduce((sum, process) => sum + weightOf(process), 0);
  return [...texts, ...withPayload((process) => (missing * weightOf(process)) / total)];
}

/** Board readers of a TPC have by far the most channels. */
function weightOf({ type, label }: Process): number {
  if (type !== 'BoardReader') return 0;
  return label.startsWith('tpc') ? 5 : 1;
}

/** Until April 2018 documents were named after type, host and port. */
function fileNameOf({ type, label, host, port }: Process, { era }: System): string {
  return era < '2018-04-27' ? `${type}Main_${host}_${port}.fcl` : `${label}.fcl`;
}

function textFiles(system: System, seed: string): SampleFile[] {
  const { era } = system;
  const since = (date: string, name: string, text: () => string) =>
    era >= date ? [{ name: `${name}.txt`, text: text() }] : [];
  return [
    { name: era < '2017-09-17' ? 'config.txt' : 'boot.txt', text: bootTxt(system) },
    { name: 'metadata.txt', text: metadataTxt(system, seed) },
    ...since('2017-09-17', 'setup', () => setupTxt(system)),
    ...since('2018-06-20', 'known_boardreaders_list', () => knownBoardreadersTxt(system, seed)),
    ...since('2018-09-10', 'ranks', () => ranksTxt(system)),
    ...since('2019-03-06', 'settings', settingsTxt),
    ...since('2019-10-16', 'environment', () => environmentTxt(system)),
  ];
}

function bytesOf(files: readonly SampleFile[]): number {
  return files.reduce((sum, file) => sum + file.text.length, 0);
}

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
