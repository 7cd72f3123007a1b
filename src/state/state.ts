import { PersistenceError, type StageName } from '../errors.ts';
import { writeFileAtomic } from '../files/atomic-file.ts';
import { keepAside } from '../files/kept-file.ts';
import { GuardedFile } from '../lock/guarded-file.ts';
import { emptyDocument, formatState, parseState, type StageState, type StateDocument } from './state-text.ts';

/**
 * The state file of a stage: `{"last_contiguous_run": n, "last_attempted_run": n}`. A missing file is an empty state; one
 * that can't be understood is kept aside and refused when it is to be changed, as starting anew would archive everything again.
 */
export class StateFile {
  readonly path: string;
  readonly #file: GuardedFile;
  readonly #recoverFlag: string;

  /** @param stage whose state it is: the flag that rebuilds it is named in errors. */
  constructor(path: string, stage?: StageName) {
    this.#file = new GuardedFile(path);
    this.path = this.#file.path;
    const flags = { import: '--recover-import-state', migrate: '--recover-migrate-state' };
    this.#recoverFlag = stage === undefined ? Object.values(flags).join(' or ') : flags[stage];
  }

  /**
   * Writes nothing, not even a copy of a file that can't be understood.
   * @throws PersistenceError if the file can't be read or understood.
   */
  async read(): Promise<StageState> {
    return (await this.#document(async () => '')).state;
  }

  /**
   * Changes the state as one step; other keys in the file are kept. Nothing is written if nothing changes.
   * @returns the state after the change.
   * @throws PersistenceError if the file can't be read, understood, locked or written.
   */
  update(change: (state: StageState) => StageState): Promise<StageState> {
    return this.#file.exclusively(async () => {
      const { state, keys } = await this.#document(async (content) => {
        const copy = await keepAside({ path: this.path, content, label: 'unreadable' });
        return ` It is kept as ${copy}.`;
      });
      const next = change(state);
      const same =
        next.lastContiguousRun === state.lastContiguousRun &&
        next.lastAttemptedRun === state.lastAttemptedRun;
      if (!same) await writeFileAtomic(this.path, formatState({ state: next, keys }));
      return next;
    });
  }

  /**
   * Sets the state whatever the file holds (recovery); other keys of a file that can be understood are kept.
   * @returns where the old file was kept, if there was one and it was different
   * @throws PersistenceError if the file can't be read, kept aside, locked or written.
   */
  async replace(state: StageState): Promise<string | undefined> {
    const content = await this.#file.read();
    const parsed = content === undefined ? emptyDocument : parseState(content);
    const keys = 'reason' in parsed ? {} : parsed.keys;
    return await this.#file.replace(formatState({ state, keys }));
  }

  /** @param keep what becomes of a file that can't be understood, as a sentence after a blank */
  async #document(keep: (content: Buffer) => Promise<string>): Promise<StateDocument> {
    const content = await this.#file.read();
    if (content === undefined) return emptyDocument;
    const parsed = parseState(content);
    if (!('reason' in parsed)) return parsed;
    throw new PersistenceError(
      `The state file ${this.path} can't be understood: ${parsed.reason}.${await keep(content)} ` +
        `Restore it from a backup, or rebuild it with ${this.#recoverFlag}.`,
    );
  }
}
