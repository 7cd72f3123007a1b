import { ArchiverError, messageOf, type Place } from '../errors.ts';
import { isOfSite, mayPass } from '../system-error.ts';
import type { WorkerSlot } from './worker-slot.ts';

/** One attempt's way through the places. It notes which of them worked. */
export class Visit {
  readonly reached = new Set<Place>();
  readonly #stop: AbortSignal | undefined;
  readonly #slot: WorkerSlot | undefined;

  /**
   * @param stop once aborted, calls that are under way should end
   * @param slot the worker's slot that the run holds
   */
  constructor(stop?: AbortSignal, slot?: WorkerSlot) {
    this.#stop = stop;
    this.#slot = slot;
  }

  /** Is the run to be left if its work has not begun? */
  get isToStop(): boolean {
    return this.#stop?.aborted === true;
  }

  /** The rest needs no worker: see {@link WorkerSlot.handOver}. */
  async handOver(): Promise<void> {
    await this.#slot?.handOver();
  }

  /**
   * Does work at a place. A system error that is the site's fault becomes an ArchiverError.
   * @param proves does this result prove that the place works? An answer that there was nothing to do proves nothing.
   * @throws what the work throws; an ArchiverError then says where it happened
   */
  async at<T>(
    place: Place,
    work: (stop: AbortSignal | undefined) => Promise<T>,
    proves: (result: T) => boolean = () => true,
  ): Promise<T> {
    try {
      const result = await work(this.#stop);
      if (proves(result)) this.reached.add(place);
      return result;
    } catch (thrown) {
      const error = isOfSite(thrown)
        ? new ArchiverError(messageOf(thrown), { cause: thrown, retryable: mayPass(thrown) })
        : thrown;
      if (error instanceof ArchiverError) error.place ??= place;
      throw error;
    }
  }
}
