/**
 * Writes sample run records, as DAQInterface of 2017 to today would leave them: for the demo, benchmarks and
 * rehearsals.
 */
import { resolve } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { exitCodes } from '../../src/exit.ts';
import { standardOutput } from '../../src/log/standard-stream.ts';
import { parseRunNumber } from '../../src/runs/run-number.ts';
import { commandOutput, runTool } from '../run-tool.ts';
import { type SampleOptions, writeRecords } from './record.ts';
import { ERA_NAMES, parseSize } from './system.ts';

function checked<T>(parse: (text: string) => T | undefined, allowed: string): (text: string) => T {
  return (text) => {
    const value = parse(text);
    if (value === undefined) throw new InvalidArgumentError(`Allowed: ${allowed}.`);
    return value;
  };
}

const number = checked(parseRunNumber, 'a whole number');

const sampleRecords = new Command('sample-records')
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
  .action(async (directory: string, options: SampleOptions) => {
    await writeRecords(resolve(directory), options);
    standardOutput.write(`${options.count} run records written to ${directory}\n`);
  })
  .configureOutput(commandOutput);

void runTool('sample-records', async (argv) => {
  await sampleRecords.parseAsync(argv, { from: 'user' });
  return exitCodes.success;
});
