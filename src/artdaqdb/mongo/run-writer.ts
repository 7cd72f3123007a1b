import { ArtdaqDbPresenceError } from '../../errors.ts';
import { planUpdate } from '../run-plan.ts';
import type { Submission } from '../submission.ts';
import { isDuplicateId } from './errors.ts';
import { archiverAtWork, replacedBy } from './other-archivers.ts';
import { RunInserter, type RunInserterParts } from './run-inserter.ts';
import { documentsFor, findStored } from './stored-run.ts';

/** What runs are written with. */
export interface RunWriterParts extends RunInserterParts {
  readonly sleep: (milliseconds: number) => Promise<unknown>;
}

/** Another archiver that stores the same run needs this long at most, unless it died. */
const LOOKS = 20;
const PAUSE_MS = 250;
/** How often an insert is begun anew because others wrote in between. */
const ATTEMPTS = 4;

/** Stores runs and adds to them, next to other archivers that do the same. */
export class RunWriter {
  readonly #parts: RunWriterParts;
  readonly #inserter: RunInserter;

  constructor(parts: RunWriterParts) {
    this.#parts = parts;
    this.#inserter = new RunInserter(parts);
  }

  /** Stores a whole run. @throws as `ArtdaqDb.insert` does, and errors of the driver */
  async insert(submission: Submission): Promise<void> {
    this.#parts.documents.check(submission);
    await this.#repeated(submission, () => this.#inserter.insert(submission));
  }

  /** Adds documents to a run. @throws as `ArtdaqDb.update` does, and errors of the driver */
  async update(submission: Submission): Promise<void> {
    this.#parts.documents.check(submission);
    await this.#repeated(submission, () => this.#updateOnce(submission));
  }

  /** If another archiver holds one of our ids, what it does is waited for and looked at again. */
  async #repeated(submission: Submission, work: () => Promise<void>): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await work();
      } catch (error) {
        if (!isDuplicateId(error)) throw error;
        if (attempt === ATTEMPTS) throw archiverAtWork(submission, error);
      }
      await this.#waitForOther(submission);
    }
  }

  async #waitForOther({ kind, configuration }: Submission): Promise<void> {
    const { systemLayout, sleep } = this.#parts;
    for (let look = 1; look <= LOOKS; look++) {
      if (kind === 'update' || (await systemLayout.holds(configuration))) return;
      await sleep(PAUSE_MS);
    }
  }

  async #updateOnce(submission: Submission): Promise<void> {
    const { now, documents, runHistory } = this.#parts;
    const { configuration, run } = submission;
    const { history, layout } = await findStored(submission, this.#parts);
    if (layout.listed.length === 0) {
      throw new ArtdaqDbPresenceError(`Run ${run} is not stored in artdaqDB under '${configuration}'`, {
        run,
      });
    }
    const wanted = documentsFor('RunHistory', submission);
    const plan = await planUpdate(submission, wanted, history, history.listed, now);
    await documents.write(submission, runHistory, plan, replacedBy(plan, history));
  }
}
