import type { Logger } from '../../../log/logger.ts';
import type { ForeignDocument } from './unlisted-documents.ts';

/** A document that has been unlisted for so long is not just being stored. */
const STORING_MS = 60_000;

/** Reports documents of other programs that no index lists, each once. */
export class ForeignReport {
  readonly #now: () => Date;
  readonly #logger: Pick<Logger, 'warning'>;
  readonly #reported = new Set<string>();

  constructor(now: () => Date, logger: Pick<Logger, 'warning'>) {
    this.#now = now;
    this.#logger = logger;
  }

  /** @returns whether any of them may be on its way into the index, and is therefore not reported yet */
  report(foreign: readonly ForeignDocument[]): boolean {
    const time = this.#now().getTime();
    const old = foreign.filter(({ writtenMs }) => Math.abs(time - writtenMs) >= STORING_MS);
    const fresh = old.filter(({ path }) => !this.#reported.has(path));
    const [first] = fresh;
    if (first !== undefined) {
      for (const { path } of fresh) this.#reported.add(path);
      this.#logger.warning(
        `${fresh.length} documents that other programs stored are listed in no index, so nobody finds them (${first.path}` +
          `${fresh.length > 1 ? ', …' : ''}); see what bin/repair-filesystemdb says of them`,
      );
    }
    return old.length < foreign.length;
  }
}
