import { join } from 'node:path';
import { SYSTEM_METADATA } from '../../src/artdaqdb/database-description.ts';
import type { HeldLock } from '../../src/artdaqdb/filesystem/database-lock.ts';
import { changedMeanwhile } from '../../src/artdaqdb/filesystem/index/index-file.ts';
import type { Backup } from './backup.ts';
import type { CollectionPlan } from './collection-plan.ts';
import type { DatabaseCheck } from './database-check.ts';
import type { Entry } from './entry.ts';
import { indexBytes } from './index-content.ts';

/** What mending works with. */
export interface MendContext {
  readonly backup: Backup;
  readonly lock: HeldLock;
  readonly throwIfStopped: () => void;
  /** Hears of each thing that is done. */
  readonly done: (what: string) => void;
}

/**
 * Does what a check has planned. In this order, so that whatever stops it no run counts as stored that isn't: schemas
 * that are taken out, RunHistory, schemas that are added, the rest.
 * @throws IndexChangedError (retryable) if another program wrote an index meanwhile
 */
export async function mend(
  { collections, metadata }: DatabaseCheck,
  database: string,
  context: MendContext,
): Promise<void> {
  const layout = collections.find(({ check }) => check.scan.name === 'SystemLayout');
  const others = collections.filter((plan) => plan !== layout);
  const layoutWork = layout && new CollectionMending(layout, context);
  let isWritten = false;
  if (layout !== undefined && layout.setAside.size > 0) {
    // An unreadable index lists nothing that would have to go first.
    if (layout.check.scan.broken === undefined && layout.isChanged) {
      await layoutWork?.writeIndex([...layout.wanted].filter(([id]) => !layout.added.has(id)));
      isWritten = true;
    }
    await layoutWork?.moveFiles();
  }
  for (const plan of others) {
    const work = new CollectionMending(plan, context);
    if (plan.isChanged) await work.writeIndex(plan.wanted);
    await work.moveFiles();
  }
  if (layout?.isChanged && !(isWritten && layout.added.size === 0)) {
    await layoutWork?.writeIndex(layout.wanted);
  }
  for (const name of metadata.setAside) {
    await takeFile(join(database, SYSTEM_METADATA, name), context);
  }
}

async function takeFile(path: string, { backup, lock, done, throwIfStopped }: MendContext): Promise<void> {
  throwIfStopped();
  lock.confirm();
  await backup.take(path);
  done(`moved ${path} to the backup`);
}

/** One collection on its way to what is planned. */
class CollectionMending {
  readonly #plan: CollectionPlan;
  readonly #context: MendContext;
  /** The index as we know it. */
  #signature: string | undefined;
  #isKept = false;

  constructor(plan: CollectionPlan, context: MendContext) {
    this.#plan = plan;
    this.#context = context;
    this.#signature = plan.check.scan.signature;
  }

  /** Replaces the index, after a copy of it went to the backup. */
  async writeIndex(entries: Iterable<readonly [string, Entry]>): Promise<void> {
    const { backup, lock, throwIfStopped, done } = this.#context;
    const { check } = this.#plan;
    const { index, content } = check.scan;
    throwIfStopped();
    if (!this.#isKept && this.#signature !== undefined) await backup.keep(index.path);
    this.#isKept = true;
    const wanted = new Map(entries);
    const bytes = indexBytes({ entries: wanted, stamps: check.stampsFor(wanted) }, content);
    this.#signature = await index.write(bytes, this.#signature, async () => lock.confirm());
    if (this.#signature === undefined) throw changedMeanwhile(index.path);
    done(`wrote ${index.path}, which lists ${wanted.size} documents`);
  }

  async moveFiles(): Promise<void> {
    for (const name of this.#plan.setAside) {
      await takeFile(join(this.#plan.check.scan.directory, name), this.#context);
    }
    this.#plan.setAside.clear();
  }
}
