import { ArchiverError, type ErrorFault, messageOf, type Place } from '../errors.ts';
import { isOfSite, mayPass } from '../system-error.ts';

/** How one run's attempts in one execution ended. */
export type RunEnd =
  /** The target has it. `reached`: the places where its work ended well. */
  | { readonly kind: 'archived'; readonly reached: ReadonlySet<Place> }
  /** Nothing is known against it: a request to stop came, or it is not its time yet. */
  | { readonly kind: 'left' }
  | {
      readonly kind: 'failed';
      /** Where work of the last attempt ended well before it failed. */
      readonly reached: ReadonlySet<Place>;
      readonly fault: ErrorFault;
      /** Where it failed; undefined if that is none of the places. */
      readonly place: Place | undefined;
      readonly message: string;
      /** Were all attempts made that are configured? */
      readonly isFullCycle: boolean;
    };

/** One attempt's way through the places: notes which of them served it. */
export class Visit {
  readonly reached = new Set<Place>();
  readonly #stop: AbortSignal | undefined;

  /** @param stop asks for an end of what is under way */
  constructor(stop?: AbortSignal) {
    this.#stop = stop;
  }

  /**
   * Does work at a place. A system error that tells of the site becomes a known error.
   * @param work is given what asks for its end
   * @param proves does its success prove that the place works? An answer that nothing was to be done proves nothing.
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
