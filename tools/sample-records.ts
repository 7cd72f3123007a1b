/** Writes sample run records, as DAQInterface of 2017 to today would leave them: for the demo, benchmarks and rehearsals. */
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { messageOf } from '../src/errors.ts';
import { parseRunNumber } from '../src/run-number.ts';
import { parseSize, type SampleFile, sampleRecord } from './sample-records/record.ts';
import { ERA_NAMES, type EraName, type SystemSize } from './sample-records/system.ts';

interface Options {
  readonly count: number;
  readonly firstRun: number;
  readonly size: SystemSize;
  readonly era: EraName | 'mixed';
  readonly seed: string;
  readonly writable: boolean;
}

function checked<T>(parse: (text: string) => T | undefined, allowed: string): (text: string) => T {
  return (text) => {
    const value = parse(text);
    if (value === undefined) throw new InvalidArgumentError(`Allowed: ${allowed}.`);
    return value;
  };
}

/** Makes the run directory, never touching one that exists. */
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

async function writeRecords(top: string, options: Options): Promise<void> {
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

const number = checked(parseRunNumber, 'a whole number');

await new Command('sample-records')
  .description(
    'Writes sample run records. A run directory that exists is never touched: the program stops there.',
  )
  .argument('<directory>', 'where the run directories go; made if missing')
  .option('-n, --count <n>', 'how many runs', number, 10)
  .option('--first-run <n>', 'the lowest run number', number, 5001)
  .addOption(
    new Option('--size <size>', 'small (30 kB), sbnd (1.3 MB in 74 files) or a number of bytes')
      .argParser(checked(parseSize, 'small, sbnd, or bytes up to 100000000'))
      .default(parseSize('small'), 'small'),
  )
  .addOption(
    new Option('--era <era>', 'version of DAQInterface by year')
      .choices(['mixed', ...ERA_NAMES])
      .default('mixed'),
  )
  .option('--seed <text>', 'the same seed gives the same records', '1')
  .option('--writable', 'keep files and directories writable (DAQInterface makes them read-only)', false)
  .action(async (directory: string, options: Options) => {
    await writeRecords(resolve(directory), options);
    console.log(`${options.count} run records written to ${directory}`);
  })
  .parseAsync()
  .catch((error: unknown) => {
    console.error(`sample-records: ${messageOf(error)}`);
    process.exitCode = 1;
  });
