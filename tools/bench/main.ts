/** Measures the archiver as built, each process whole, and prints a table (documentation/PERFORMANCE.md). */
import { mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { exitCodes } from '../../src/exit.ts';
import { standardError, standardOutput } from '../../src/log/standard-stream.ts';
import { commandOutput, runTool } from '../run-tool.ts';
import { endChildren } from './children.ts';
import { type DatabaseKind, filesystemDbs, mongoDbs, startMongoDb } from './databases.ts';
import { measureGrowth } from './growth.ts';
import { makeRecords, SIZE_NAMES, type SizeName } from './records.ts';
import { ReferenceArchive } from './reference.ts';
import { type LocalServer, startFarAway, startUconDb } from './servers.ts';
import { measureFar, measureStages } from './stages.ts';
import { measureStartUp } from './start-up.ts';
import { figuresOf, type Row, tableOf } from './table.ts';

const PARTS = ['stages', 'far', 'start-up', 'growth'] as const;
const DATABASES = ['filesystem', 'mongodb'] as const;
const ARCHIVED = [1000, 10_000, 100_000];
/** There and back. */
const FAR_MS = 80;
/** `statfs` calls it so. */
const TMPFS = 0x01021994;

interface BenchFlags {
  readonly parts: readonly (typeof PARTS)[number][];
  readonly databases: readonly (typeof DATABASES)[number][];
  readonly sizes: readonly SizeName[];
  readonly runs?: number;
  readonly archived?: readonly number[];
  readonly added: number;
  readonly rounds: number;
  readonly directory: string;
  readonly json?: string;
  readonly ucondb?: string;
}

function count(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError('Allowed: a whole number from 1 on.');
  return Number(text);
}

const commandLine = new Command('bench')
  .description(
    'Measures import, migration, start-up and growth of the archiver as built, beside their floors.',
  )
  .addOption(new Option('--parts <name...>', 'what is measured').choices(PARTS).default(PARTS, 'all'))
  .addOption(
    new Option('--databases <name...>', 'kinds of artdaqDB').choices(DATABASES).default(DATABASES, 'all'),
  )
  .addOption(
    new Option('--sizes <name...>', 'sizes of run records').choices(SIZE_NAMES).default(SIZE_NAMES, 'all'),
  )
  .option('--runs <n>', 'run records of each size (default: 100 small, 60 medium, 8 large)', count)
  .option(
    '--archived <n...>',
    `runs in the archives that grow, ascending (default: ${ARCHIVED.join(' ')})`,
    (text: string, before: readonly number[] | undefined) => [...(before ?? []), count(text)],
  )
  .option('--added <n>', 'runs that are added to each of these archives in each round', count, 30)
  .option('--rounds <n>', 'how often each is measured', count, 5)
  .option('--directory <path>', 'where all is written; on a disk like that of the archive', tmpdir())
  .option('--ucondb <url>', 'a UconDB to use instead of a local one (documentation/PERFORMANCE.md)')
  .option('--json <file>', 'write the figures there, too')
  .allowExcessArguments(false)
  .configureOutput(commandOutput);

/** Processes of its own would outlive this one, if the signal comes to it alone. */
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    endChildren();
    process.exit(exitCodes.stopped);
  });

await runTool('bench', async (argv) => {
  commandLine.exitOverride().parse(argv, { from: 'user' });
  const flags = commandLine.opts<BenchFlags>();
  mkdirSync(flags.directory, { recursive: true });
  const directory = mkdtempSync(join(resolve(flags.directory), 'archiver-bench-'));
  if (statfsSync(directory).type === TMPFS)
    report(`${directory} is in memory, where fsync takes no time: choose another --directory`);
  // MongoDB's data is there, too.
  process.env.TMPDIR = directory;
  const figures = (await measureAll(flags, directory)).map(figuresOf);
  standardOutput.write(tableOf(figures));
  if (flags.json !== undefined) {
    const about = { node: process.version, processors: availableParallelism(), rounds: flags.rounds };
    writeFileSync(flags.json, `${JSON.stringify({ ...about, figures }, null, 2)}\n`);
  }
  // After a failure it stays, to be looked at.
  rmSync(directory, { recursive: true, force: true });
  return exitCodes.success;
});

async function measureAll(flags: BenchFlags, directory: string): Promise<Row[]> {
  const mongodb = flags.databases.includes('mongodb') ? await startMongoDb() : undefined;
  const ucondb =
    flags.ucondb === undefined
      ? await startUconDb(join(directory, 'ucondb'))
      : { url: flags.ucondb, stop: async () => undefined };
  try {
    for (const reason of mongodb?.server === undefined ? (mongodb?.rejected ?? []) : [])
      report(`MongoDB is left out: ${reason}`);
    const kinds = [
      ...(flags.databases.includes('filesystem') ? [filesystemDbs(directory)] : []),
      ...(mongodb?.server === undefined ? [] : [mongoDbs(mongodb.server.uri)]),
    ];
    return await measureParts(flags, directory, ucondb, kinds);
  } finally {
    await mongodb?.stop();
    await ucondb.stop();
  }
}

async function measureParts(
  flags: BenchFlags,
  directory: string,
  ucondb: LocalServer,
  kinds: readonly DatabaseKind[],
): Promise<Row[]> {
  const { rounds, parts } = flags;
  const options = { directory, rounds, report };
  const rows: Row[] = [];
  if (parts.includes('start-up')) rows.push(...(await measureStartUp(ucondb, options)));
  for (const size of parts.includes('stages') || parts.includes('far') ? flags.sizes : []) {
    const records = await makeRecords(join(directory, `${size}-records`), size, {
      ...(flags.runs !== undefined && { count: flags.runs }),
    });
    report(`${records.text}: archiving them once, for comparison`);
    const reference = await ReferenceArchive.make(join(directory, size), records, ucondb.url);
    const migrateFloor = flags.ucondb === undefined ? ('parse and send' as const) : ('send alone' as const);
    const site = { ...options, ucondb, reference, migrateFloor };
    for (const kind of parts.includes('stages') ? kinds : []) rows.push(...(await measureStages(site, kind)));
    if (parts.includes('far')) {
      const far = await startFarAway(ucondb, FAR_MS);
      rows.push(...(await measureFar(site, far)));
      await far.stop();
    }
  }
  const { archived = ARCHIVED, added } = flags;
  const isGrowing = parts.includes('growth') && flags.ucondb === undefined;
  if (parts.includes('growth') && !isGrowing) report('Growth is left out: it fills UconDB without asking it');
  for (const kind of isGrowing ? kinds : [])
    rows.push(...(await measureGrowth({ ...options, archived, added }, kind)));
  return rows;
}

function report(text: string): void {
  standardError.write(`${text}\n`);
}
