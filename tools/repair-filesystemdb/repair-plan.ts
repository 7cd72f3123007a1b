import { join } from 'node:path';
import { CONFIGURATIONS } from '../../src/artdaqdb/filesystem/index/index-entry.ts';
import { assignedTime, latest, ownObjectId } from '../../src/artdaqdb/stored-document.ts';
import type { CollectionCheck } from './collection-check.ts';
import { countDocuments, TEMPORARY_FILE } from './collection-scan.ts';
import {
  type IndexEntry,
  isSameEntry,
  NO_ENTRY,
  type RepeatedDocument,
  repeatedDocuments,
} from './documents.ts';
import type { DatabaseFinding, FindingKind } from './report.ts';
import { WantedEntries } from './wanted-entries.ts';

/** What a repair may do beyond what follows from documents and indexes. */
export interface PlanOptions {
  /** Also move unreadable documents, leftovers and foreign files to the backup. */
  readonly setAside: boolean;
}

/** The problem of a document that its index does not list. */
export const UNLISTED = 'the index does not list it';

/** What is wrong with one collection, and what it will hold after the repair. */
export class RepairPlan {
  readonly check: CollectionCheck;
  readonly findings: DatabaseFinding[] = [];
  readonly notes: string[] = [];
  /** Documents that the index will list. */
  readonly wanted: WantedEntries;
  /** Those of them that it doesn't list yet. */
  readonly added = new Set<string>();
  /** Schemas that the index doesn't list. They would make their runs count as stored, so the rest of each run decides. */
  readonly pending = new Map<string, IndexEntry>();
  /** Names of files that go to the backup. */
  readonly setAside = new Set<string>();
  /** Listed documents that are lost, or are removed because they are unreadable. */
  readonly gone = new Map<string, IndexEntry>();
  /** Configurations whose documents can't be determined. */
  readonly unclear = new Set<string>();
  /** Does the index have to be written? */
  isChanged = false;
  /** Configurations whose stamps change with the documents. */
  readonly #touched = new Set<string>();

  private constructor(check: CollectionCheck) {
    this.check = check;
    this.wanted = new WantedEntries(check.entries);
  }

  /** Plans everything that follows from the collection alone. */
  static async of(check: CollectionCheck, options: PlanOptions): Promise<RepairPlan> {
    const plan = new RepairPlan(check);
    plan.#judgeIndex();
    plan.#judgeListed();
    plan.#judgeLost();
    plan.#judgeUnreadable(options);
    await plan.#judgeUnlisted();
    plan.#judgeOtherFiles(options);
    return plan;
  }

  /** Records what is wrong with a document. */
  report(
    kind: FindingKind,
    id: string,
    entry: IndexEntry,
    problem: string,
    what: Pick<DatabaseFinding, 'remedy' | 'advice'> = {},
  ): void {
    this.findings.push({ kind, ...this.check.subject(id, entry), problem, ...what });
  }

  /** Lists a document that was not listed. */
  add(id: string, entry: IndexEntry): void {
    this.wanted.set(id, entry);
    this.added.add(id);
    this.#change(entry);
  }

  /** Removes a document from index and collection. */
  remove(id: string, entry: IndexEntry): void {
    if (this.wanted.delete(id)) this.#change(entry);
    this.added.delete(id);
    this.setAside.add(`${id}.json`);
  }

  /** Judges the index itself. To be called when all documents are decided. */
  finish(): void {
    const { irregularities, stamps } = this.check.scan.content;
    const problems = [...irregularities];
    const wanted = this.check.stampsFor(this.wanted);
    for (const name of wanted.changed(stamps.configurations)) {
      if (!this.#touched.has(name)) problems.push(`the stamps of '${name}' are not its documents'`);
    }
    if (problems.length === 0 || this.check.scan.broken !== undefined) return;
    const more = problems.length > 3 ? `, and ${problems.length - 3} more` : '';
    this.isChanged = true;
    this.findings.push({
      kind: 'untidy index',
      collection: this.check.scan.name,
      file: this.check.scan.index.path,
      problem: `${problems.slice(0, 3).join('; ')}${more}`,
      remedy: 'write it in order',
    });
  }

  #change(entry: IndexEntry): void {
    this.isChanged = true;
    for (const name of entry[CONFIGURATIONS]) this.#touched.add(name);
  }

  #judgeIndex(): void {
    const { broken, index, name } = this.check.scan;
    if (broken === undefined) return;
    this.isChanged = true;
    this.findings.push({
      kind: 'broken index',
      collection: name,
      file: index.path,
      problem: broken,
      remedy: `make it anew from the ${countDocuments(this.check.scan)} documents`,
    });
  }

  #judgeListed(): void {
    const { check } = this;
    const { listings } = check.scan.content;
    // A document that was not read is as the index says.
    const read = check.reader.isUnused ? [] : listings.select(({ id }) => check.reader.hasRead(id));
    for (const listing of read) {
      const { id } = listing;
      const envelope = check.reader.envelope(id);
      const entry = envelope?.entry ?? listing.entry;
      if (envelope !== undefined && check.isMisfiled(id, envelope)) {
        this.wanted.set(id, listing.entry);
        this.#reportMisfiled(id, entry);
        continue;
      }
      if (listing.isInOuid && isSameEntry(entry, listing.entry)) continue;
      this.#change(entry);
      this.#change(listing.entry);
      if (check.reader.faults.has(id)) continue;
      this.report('wrong entry', id, entry, check.differences(id, entry).join(', '), {
        remedy: 'correct the entry as the document says',
      });
    }
  }

  #judgeLost(): void {
    for (const [id, entry] of this.check.lost) {
      this.gone.set(id, entry);
      this.#change(entry);
      this.report('lost document', id, entry, 'the index lists it, but the file is missing', {
        remedy: 'take it out of the index',
        advice: 'if a backup has the file, restore it before the repair',
      });
    }
  }

  #judgeUnreadable({ setAside }: PlanOptions): void {
    for (const [id, problem] of this.check.reader.faults) {
      const listed = this.check.scan.content.listings.get(id)?.entry;
      const entry = listed ?? NO_ENTRY;
      if (setAside) {
        this.remove(id, entry);
        if (listed !== undefined) this.gone.set(id, listed);
      }
      for (const name of entry[CONFIGURATIONS]) this.unclear.add(name);
      this.report('unreadable document', id, entry, problem, {
        ...(setAside ? { remedy: 'move it to the backup' } : {}),
        advice: 'restore it from a backup if there is one',
      });
    }
  }

  async #judgeUnlisted(): Promise<void> {
    const { unlisted, reader, scan, isOfRuns } = this.check;
    const candidates = new Map<string, IndexEntry>();
    for (const [id, entry] of unlisted) {
      const envelope = reader.envelope(id);
      if (envelope !== undefined && this.check.isMisfiled(id, envelope)) this.#reportMisfiled(id, entry);
      else candidates.set(id, entry);
    }
    // Only documents that were read are taken for the same.
    if (isOfRuns && !reader.isUnused) {
      for (const repeated of repeatedDocuments(this.wanted, candidates)) {
        await decideRepeated(repeated, this, candidates);
      }
    }
    const inOrder = [...candidates].sort(([one], [other]) => this.#order(one, other));
    for (const [id, entry] of inOrder) {
      if (scan.broken !== undefined) this.add(id, entry);
      else if (scan.name === 'SystemLayout') this.pending.set(id, entry);
      else {
        this.report('unlisted document', id, entry, UNLISTED, { remedy: 'index it' });
        this.add(id, entry);
      }
    }
    for (const name of scan.young) {
      const path = join(scan.directory, name);
      this.notes.push(`${path} is too young to judge: it is probably being stored`);
    }
  }

  #reportMisfiled(id: string, entry: IndexEntry): void {
    const said = this.check.reader.envelope(id);
    const problem =
      said?.id === id
        ? `it says that it belongs to collection '${said.collection}'`
        : `its _id is '${said?.id}'`;
    this.report('misfiled document', id, entry, problem, { advice: 'find out who put it there' });
  }

  #judgeOtherFiles({ setAside }: PlanOptions): void {
    const { scan } = this.check;
    for (const name of scan.others.filter((each) => !scan.young.has(each))) {
      const isLeftover = TEMPORARY_FILE.test(name);
      const isMoved = (isLeftover || setAside) && !scan.directories.has(name);
      if (isMoved) this.setAside.add(name);
      this.findings.push({
        kind: isLeftover ? 'leftover file' : 'foreign file',
        collection: scan.name,
        file: join(scan.directory, name),
        problem: isLeftover ? 'an interrupted write left it' : 'it is no part of a database',
        ...(isMoved ? { remedy: 'move it to the backup' } : {}),
      });
    }
  }

  /** By time of assignment: the order in which a writer would have added them. */
  #order(one: string, other: string): number {
    const time = (id: string): string => this.check.reader.envelope(id)?.assignments[0]?.assigned ?? '';
    const [first, second] = [time(one), time(other)];
    if (first !== second) return first < second ? -1 : 1;
    return one < other ? -1 : 1;
  }
}

const COLLECTIONS = ['RunHistory', 'SystemLayout'] as const;

/**
 * Decides which of several documents of one entity stays: one of equal documents. If their contents differ, none is touched.
 * @param candidates unlisted documents that would be listed; those that must not be are removed from it
 */
async function decideRepeated(
  repeated: RepeatedDocument,
  plan: RepairPlan,
  candidates: Map<string, IndexEntry>,
): Promise<void> {
  const { reader, scan } = plan.check;
  const isThere = (id: string): boolean => plan.wanted.has(id) || candidates.has(id);
  const [kept, ...others] = repeated.ids
    .filter((id) => isThere(id) && reader.envelope(id) !== undefined)
    .sort(byPreference(repeated, plan));
  if (kept === undefined) return;
  const problem = `${reader.pathOf(kept)} holds the same entity`;
  for (const id of others) {
    const entry = plan.wanted.get(id) ?? candidates.get(id) ?? NO_ENTRY;
    const isCandidate = candidates.has(id);
    if (!(await reader.isSame(kept, id))) {
      candidates.delete(id);
      candidates.delete(kept);
      plan.unclear.add(repeated.configuration);
      plan.report('duplicate document', id, entry, `${problem} with other content`, {
        advice: 'find out which of both the run had, and move the other one away',
      });
      continue;
    }
    // Every update by the C++ tools leaves a second schema.
    if (scan.name === 'SystemLayout') continue;
    candidates.delete(id);
    if (entry[CONFIGURATIONS].length > 1) {
      plan.report('duplicate document', id, entry, `${problem} and content, but not in all configurations`);
      continue;
    }
    plan.report('duplicate document', id, entry, `${problem} and content`, {
      remedy: isCandidate ? 'move it to the backup' : 'take it out of the index and move it to the backup',
    });
    plan.remove(id, entry);
  }
}

/** Listed before unlisted, ours before others', newer before older. */
function byPreference(
  { configuration, entity }: RepeatedDocument,
  { wanted, check: { reader, scan } }: RepairPlan,
): (one: string, other: string) => number {
  const collection = COLLECTIONS.find((name) => name === scan.name);
  const own = collection && ownObjectId(collection, configuration, entity);
  const time = (id: string): number => {
    const assignments = reader.envelope(id)?.assignments ?? [];
    return latest(
      assignments.filter(({ name }) => name === configuration).map(({ assigned }) => assignedTime(assigned)),
    );
  };
  return (one, other) =>
    Number(wanted.has(other)) - Number(wanted.has(one)) ||
    Number(other === own) - Number(one === own) ||
    Math.sign(time(other) - time(one)) ||
    (one < other ? -1 : 1);
}
