import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { newObject } from './account.ts';
import { configure, PROGRAM, runArchiver } from './archiver.ts';
import { makeRecords } from './records.ts';
import { playRounds, type RoundOptions } from './rounds.ts';
import type { LocalServer } from './servers.ts';
import type { Row } from './table.ts';

/** Measures what an execution takes that has nothing to do, beside a Node.js that has none either. */
export async function measureStartUp(ucondb: LocalServer, options: RoundOptions): Promise<Row[]> {
  const directory = join(options.directory, 'start-up');
  const records = await makeRecords(join(directory, 'run_records'), 'small', { count: 10 });
  const config = configure(directory, {
    runRecords: records.directory,
    databaseUri: `filesystemdb://${directory}/artdaqdb`,
    serverUrl: ucondb.url,
    object: newObject(),
  });
  await runArchiver(config);
  const contestants = [
    { name: 'empty node', prepare: () => [process.execPath, '-e', '0'] as const },
    { name: '--version', prepare: () => [PROGRAM, '--version'] as const },
    { name: 'nothing to do', prepare: () => [PROGRAM, config, '--incremental', '--quiet'] as const },
  ];
  const measured = await playRounds(
    'start-up',
    contestants.map((each) => [each]),
    options,
  );
  rmSync(directory, { recursive: true });
  const seconds = (measured.get('empty node') ?? []).map((usage) => usage.seconds);
  return [...measured].map(([what, usages]) => ({
    what: `start-up, ${what}`,
    usages,
    ...(what !== 'empty node' && { floor: { name: 'empty node', seconds } }),
  }));
}
