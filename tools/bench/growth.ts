import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { ArchiverError } from '../../src/errors.ts';
import { archiver, configure, PROGRAM, runArchiver } from './archiver.ts';
import { withArtdaqDb, withUconDb } from './clients.ts';
import type { DatabaseKind } from './databases.ts';
import { fillRunRecords, fillUconDb } from './large-archive.ts';
import { makeRecords } from './records.ts';
import { type Contestant, playRounds, type RoundOptions } from './rounds.ts';
import { type LocalServer, startUconDb } from './servers.ts';
import type { Row } from './table.ts';
import type { CommandLine } from './usage.ts';

/** How archives of several sizes are measured. */
export interface GrowthOptions extends RoundOptions {
  /** Runs in each archive, ascending. */
  readonly archived: readonly number[];
  /** Runs added in each round. */
  readonly added: number;
}

const FIRST_RUN = 1;
const OBJECT = 'grown';
const RUN_RECORDS = 'run_records';
const ACTIONS = ['nothing to do', 'import', 'migrate', 'verify'] as const;

/** Measures what new runs cost in archives of several sizes, beside the smallest. */
export async function measureGrowth(options: GrowthOptions, kind: DatabaseKind): Promise<Row[]> {
  const { archived, added, report } = options;
  const archives: LargeArchive[] = [];
  try {
    for (const runs of archived) {
      report(`${kind.name}: making an archive of ${runs} runs`);
      archives.push(await LargeArchive.make(options, kind, runs));
    }
    const contestants = archives.map((archive) => archive.contestants());
    const measured = await playRounds(kind.name, contestants, options);
    const usagesOf = (action: string, runs: number) => measured.get(nameOf(action, runs)) ?? [];
    const [smallest = 0] = archived;
    return ACTIONS.flatMap((action) =>
      archived.map((runs) => ({
        what: `${nameOf(action, runs)}, ${kind.name}`,
        usages: usagesOf(action, runs),
        ...(action !== 'nothing to do' && { runs: added }),
        ...(runs !== smallest && {
          floor: {
            name: `with ${smallest}`,
            seconds: usagesOf(action, smallest).map(({ seconds }) => seconds),
          },
        }),
      })),
    );
  } finally {
    for (const archive of archives) await archive.remove();
  }
}

function nameOf(action: string, runs: number): string {
  return `${action}, ${runs} runs archived`;
}

/** An archive with a server of its own, which gets more runs in each round. */
class LargeArchive {
  readonly #options: GrowthOptions;
  readonly #kind: DatabaseKind;
  /** How many it had at first. */
  readonly #runs: number;
  readonly #ucondb: LocalServer;
  readonly #config: string;

  private constructor(options: GrowthOptions, kind: DatabaseKind, runs: number, ucondb: LocalServer) {
    this.#options = options;
    this.#kind = kind;
    this.#runs = runs;
    this.#ucondb = ucondb;
    this.#config = configure(this.#directory, {
      runRecords: this.#runRecords,
      databaseUri: kind.uriOf(databaseOf(runs)),
      serverUrl: ucondb.url,
      object: OBJECT,
    });
  }

  get #directory(): string {
    return directoryOf(this.#options, this.#runs);
  }

  get #runRecords(): string {
    return join(this.#directory, RUN_RECORDS);
  }

  /** Fills all three places, and lets an archiver see them once. */
  static async make(options: GrowthOptions, kind: DatabaseKind, count: number): Promise<LargeArchive> {
    const directory = directoryOf(options, count);
    const runs = Array.from({ length: count }, (_, place) => FIRST_RUN + place);
    fillRunRecords(join(directory, RUN_RECORDS), runs);
    fillUconDb(join(directory, 'ucondb'), OBJECT, runs);
    await kind.remove(databaseOf(count));
    await kind.fill(databaseOf(count), runs);
    const archive = new LargeArchive(options, kind, count, await startUconDb(join(directory, 'ucondb')));
    await runArchiver(archive.#config, '--incremental');
    return archive;
  }

  contestants(): Contestant[] {
    const { added } = this.#options;
    const limit = ['--limit', String(added)];
    const commands: Record<(typeof ACTIONS)[number], (first: number) => CommandLine> = {
      'nothing to do': () => [PROGRAM, this.#config, '--incremental', '--quiet'],
      import: () => archiver(this.#config, '--incremental', '--import-only', ...limit),
      migrate: () => archiver(this.#config, '--incremental', '--migrate-only', ...limit),
      verify: (first) => archiver(this.#config, '--verify', '--runs', `${first}-${first + added - 1}`),
    };
    return ACTIONS.map((action) => ({
      name: nameOf(action, this.#runs),
      prepare: async (round) => {
        const firstRun = FIRST_RUN + this.#runs + (round - 1) * added;
        if (action === 'import') await makeRecords(this.#runRecords, 'small', { firstRun, count: added });
        return commands[action](firstRun);
      },
      ...(action === 'verify' && { check: () => this.#check() }),
    }));
  }

  /** @throws ArchiverError unless all that was added has been archived */
  async #check(): Promise<void> {
    const expected = this.#runs + this.#options.rounds * this.#options.added;
    const uri = this.#kind.uriOf(databaseOf(this.#runs));
    const stored = await withArtdaqDb(uri, (database) => database.listRuns());
    const migrated = await withUconDb(this.#ucondb.url, OBJECT, (client) => client.listRuns());
    if (stored.length !== expected || migrated.length !== expected)
      throw new ArchiverError(
        `${stored.length} runs are stored and ${migrated.length} migrated instead of ${expected}`,
      );
  }

  async remove(): Promise<void> {
    await this.#ucondb.stop();
    await this.#kind.remove(databaseOf(this.#runs));
    rmSync(this.#directory, { recursive: true });
  }
}

function databaseOf(runs: number): string {
  return `bench_grown_${runs}`;
}

function directoryOf({ directory }: GrowthOptions, runs: number): string {
  return join(directory, `grown-${runs}`);
}
