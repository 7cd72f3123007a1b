import { ownObjectId } from '../../object-id.ts';
import type { ExportedDocument } from '../../run-export.ts';
import { assignedTo, latest } from '../../stored-document.ts';
import type { FoundRun } from '../run-lookup.ts';

/** A C++ loader takes some milliseconds from one document of a run to the next, and a second for each 10 MB of index. */
const QUIET_MS = 3000;
const QUIET_MS_PER_MEGABYTE = 200;

/**
 * Tells whether a run that another program stored may still get documents: nothing marks its end, so it has to be quiet
 * for a while.
 */
export class ForeignLoad {
  readonly #now: () => Date;
  #content = '';
  /** For how long the content has been the same once the pause that was told is over, in milliseconds. */
  #quietMs = 0;

  constructor(now: () => Date) {
    this.#now = now;
  }

  /**
   * How long to wait before the run is looked at again, in milliseconds; 0 if it is complete.
   * @param index looks at RunHistory's index: the speed of the C++ tools depends on its size, and when it was written last tells besides
   *   our clock, which may be wrong, that time has passed since the run was stored
   */
  async pauseFor(
    run: FoundRun,
    index: () => Promise<{ readonly size: number; readonly written: number }>,
  ): Promise<number> {
    const foreign = run.documents.filter((document) => !isOwn(document, run.configuration));
    if (foreign.length === 0) return 0;
    const { size, written } = await index();
    const period = QUIET_MS + (size / 1e6) * QUIET_MS_PER_MEGABYTE;
    const content = foreign.map(({ place }) => place).join();
    if (content !== this.#content) this.#quietMs = 0;
    this.#content = content;
    const time = Math.min(this.#now().getTime(), written);
    const age = time - latest(foreign.map((each) => assignedTo(each, run.configuration)));
    // A stamp in the future comes from another clock and tells nothing.
    const quietMs = Math.max(this.#quietMs, age);
    if (quietMs >= period) return 0;
    const pause = Math.ceil(period - quietMs);
    this.#quietMs = quietMs + pause;
    return pause;
  }
}

function isOwn({ entry }: ExportedDocument, configuration: string): boolean {
  const { id, entity } = entry;
  return (
    id === ownObjectId('RunHistory', configuration, entity) ||
    id === ownObjectId('SystemLayout', configuration, entity)
  );
}
