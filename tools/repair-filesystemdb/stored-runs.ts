import { runOf } from '../../src/artdaqdb/configuration-name.ts';
import { CONFIGURATIONS, ENTITIES, VERSION } from '../../src/artdaqdb/filesystem/index/index-entry.ts';
import { ownObjectId } from '../../src/artdaqdb/stored-document.ts';
import { parseRunNumber, type RunNumber } from '../../src/runs/run-number.ts';
import type { IndexEntry } from './documents.ts';
import { type RepairPlan, UNLISTED } from './repair-plan.ts';
import type { DatabaseFinding } from './report.ts';
import { RunComparison } from './run-comparison.ts';
import { EntitiesByConfiguration } from './run-entities.ts';

/** What an operator knows about runs. */
export interface RunOptions {
  /** Runs whose documents all exist, though the database does not show it. */
  readonly whole: ReadonlySet<RunNumber>;
  /** Runs that must no longer count as stored, so that they are imported again. */
  readonly reimport: ReadonlySet<RunNumber>;
}

const HIDE = 'no longer count it as stored, and move its schema to the backup';

/**
 * Decides which runs count as stored: those whose schema SystemLayout lists. A run that is known to lack a document never does.
 */
export class StoredRuns {
  readonly findings: DatabaseFinding[] = [];
  readonly notes: string[] = [];
  readonly #history: RepairPlan;
  readonly #layout: RepairPlan;
  readonly #options: RunOptions;
  readonly #entities: EntitiesByConfiguration;
  /** Configuration -> entities whose documents are gone. */
  readonly #losses = new Map<string, Set<string>>();
  /** Configurations that no longer count as stored. */
  readonly #hidden = new Set<string>();
  /** Configurations that count as stored, before any schema is added. */
  readonly #storedAtFirst = new Set<string>();
  /** Configurations that have a finding already. */
  readonly #reported = new Set<string>();

  constructor(history: RepairPlan, layout: RepairPlan, options: RunOptions) {
    this.#history = history;
    this.#layout = layout;
    this.#options = options;
    this.#entities = new EntitiesByConfiguration(history.wanted);
    for (const entry of history.gone.values()) this.#noteLoss(entry);
  }

  /** @param isYoung whether a document was written so lately that its run may still be on its way */
  async decide(isYoung: (id: string) => Promise<boolean>): Promise<void> {
    this.#hideRuns();
    this.#reportLosses();
    for (const name of this.#stored()) this.#storedAtFirst.add(name);
    const comparison = new RunComparison(this.#entities, this.#storedAtFirst);
    for (const [id, entry] of this.#layout.pending) this.#judgeSchema(id, entry, comparison);
    await this.#reportHalves(isYoung);
    for (const [name, { peers, missing }] of comparison.smallerThanNeighbours()) {
      this.notes.push(
        `'${name}' has no ${list(missing)}, which ${list(peers)} have; if its run record has it, see --reimport`,
      );
    }
  }

  #noteLoss(entry: IndexEntry): void {
    const names = entry[CONFIGURATIONS].length > 0 ? entry[CONFIGURATIONS] : entry[VERSION];
    const entities = entry[ENTITIES].length > 0 ? entry[ENTITIES] : ['(unknown)'];
    for (const name of names) {
      const lost = entities.filter((entity) => !this.#entities.get(name)?.has(entity));
      if (lost.length > 0) this.#losses.set(name, new Set([...(this.#losses.get(name) ?? []), ...lost]));
    }
  }

  /** Removes the schemas of damaged runs and of runs that the operator named. */
  #hideRuns(): void {
    for (const schemas of [this.#layout.wanted, this.#layout.pending]) {
      for (const [id, entry] of schemas) this.#hideRun(id, entry);
    }
  }

  #hideRun(id: string, entry: IndexEntry): void {
    const [name, ...more] = entry[CONFIGURATIONS];
    if (name === undefined || more.length > 0) return;
    const isNamed = this.#options.reimport.has(runOf(name) ?? -1);
    if (!isNamed && !this.#losses.has(name)) return;
    this.#layout.remove(id, entry);
    this.#layout.pending.delete(id);
    this.#hidden.add(name);
    if (!isNamed || this.#losses.has(name) || this.#reported.has(name)) return;
    this.#report(
      'damaged run',
      name,
      `named to be imported again; it has ${this.#held(name)}`,
      HIDE,
      importAgain(name),
    );
  }

  #reportLosses(): void {
    for (const [name, entities] of this.#losses) {
      const problem = `it lost ${list(entities)}; it has ${this.#held(name)}`;
      this.#report(
        'damaged run',
        name,
        problem,
        this.#hidden.has(name) ? HIDE : undefined,
        importAgain(name),
      );
    }
  }

  #judgeSchema(id: string, entry: IndexEntry, comparison: RunComparison): void {
    const names = entry[CONFIGURATIONS];
    const doubts = names.flatMap((name) => this.#doubts(id, name, comparison));
    if (doubts.length === 0) {
      this.#layout.report(
        'unlisted document',
        id,
        entry,
        `${UNLISTED}; ${this.#evidence(id, names, comparison)}`,
        {
          remedy: 'index it, by which the run counts as stored',
        },
      );
      this.#layout.add(id, entry);
      return;
    }
    for (const name of names) this.#reported.add(name);
    this.#layout.report('unlisted document', id, entry, `${UNLISTED}, and ${doubts.join('; ')}`, {
      advice: `${names.map(importAgain).join('; ')}; or, if nothing is missing, name it with --whole`,
    });
  }

  /** Why a run's schema does not prove that the run is whole; empty if it does. */
  #doubts(id: string, name: string, comparison: RunComparison): string[] {
    const { unclear } = this.#history;
    if (this.#storedAtFirst.has(name)) return [];
    if (unclear.has(name)) return [`'${name}' has documents that are unreadable or contradict each other`];
    if (!this.#entities.has(name)) return [`there is no other document of '${name}'`];
    if (this.#isVouchedFor(id, name)) return [];
    const { peers, missing } = comparison.withNearest(name);
    if (peers.length === 0)
      return [`there is no run to compare with that would show whether '${name}' is whole`];
    if (missing.length === 0) return [];
    return [`'${name}' has no ${list(missing)}, unlike ${list(peers)}`];
  }

  /** This project writes a schema when everything else is listed. A second one, of an update, changes nothing. */
  #isVouchedFor(id: string, name: string): boolean {
    const isOurs = id === ownObjectId('SystemLayout', name, 'schema');
    return isOurs || this.#storedAtFirst.has(name) || this.#options.whole.has(runOf(name) ?? -1);
  }

  #evidence(id: string, names: readonly string[], comparison: RunComparison): string {
    return names
      .map((name) => {
        const held = `'${name}' has ${this.#held(name)}`;
        if (this.#isVouchedFor(id, name)) return held;
        return `${held}, and lacks nothing that ${list(comparison.withNearest(name).peers)} have`;
      })
      .join('; ');
  }

  async #reportHalves(isYoung: (id: string) => Promise<boolean>): Promise<void> {
    const stored = new Set(this.#stored());
    const half = new Set<string>();
    for (const name of this.#entities.configurations) {
      if (runOf(name) !== undefined && !stored.has(name) && !this.#reported.has(name)) half.add(name);
    }
    const halves = new Map<string, string[]>();
    for (const [id, entry] of half.size === 0 ? [] : this.#history.wanted) {
      for (const name of entry[CONFIGURATIONS].filter((each) => half.has(each))) {
        halves.set(name, [...(halves.get(name) ?? []), id]);
      }
    }
    for (const [name, ids] of halves) {
      const young = await Promise.all(ids.map(isYoung));
      if (young.includes(true))
        this.notes.push(`'${name}' is too young to judge: it is probably being stored`);
      else
        this.#report(
          'half-stored run',
          name,
          `it has no schema, but ${this.#held(name)}`,
          undefined,
          importAgain(name),
        );
    }
    for (const name of stored) {
      if (runOf(name) === undefined || this.#entities.has(name) || this.#reported.has(name)) continue;
      const advice = `name it with --reimport, then ${importAgain(name)}`;
      this.#report(
        'half-stored run',
        name,
        'it counts as stored, but has no document besides its schema',
        undefined,
        advice,
      );
    }
  }

  *#stored(): Generator<string> {
    for (const [, entry] of this.#layout.wanted) yield* entry[CONFIGURATIONS];
  }

  #held(name: string): string {
    const entities = [...(this.#entities.get(name) ?? [])].sort();
    return entities.length === 0 ? 'no other document' : list(entities);
  }

  #report(
    kind: DatabaseFinding['kind'],
    configuration: string,
    problem: string,
    remedy: string | undefined,
    advice: string,
  ): void {
    this.#reported.add(configuration);
    const run = runOf(configuration) ?? parseRunNumber(configuration);
    this.findings.push({
      kind,
      configuration,
      ...(run === undefined ? {} : { run }),
      problem,
      ...(remedy === undefined ? {} : { remedy }),
      advice,
    });
  }
}

/** `--incremental` would not look at the run, which is below the position. */
function importAgain(configuration: string): string {
  const run = runOf(configuration);
  const command = run === undefined ? '' : ` (run-archiver config.yaml --import-only --runs ${run})`;
  return `import the run again${command}: what is there is kept, and what is missing is stored`;
}

function list(names: Iterable<string>): string {
  return [...names].map((name) => `'${name}'`).join(', ');
}
