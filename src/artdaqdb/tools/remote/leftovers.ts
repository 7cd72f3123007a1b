import { type ArchiverError, ArtdaqDbError, type Place } from '../../../errors.ts';
import type { RunNumber } from '../../../runs/run-number.ts';
import type { RemoteLimits } from './script.ts';
import { endScript } from './script.ts';
import type { Connect } from './session.ts';

/** Process id and temporary directory of {@link runScript} on the host. */
export interface Workplace {
  readonly pid: string;
  readonly directory: string;
}

/**
 * What broken connections may have left running on the host. The host notices a broken connection by itself, but may be late:
 * a tool that goes on while the run is tried again would store it twice.
 */
export class RemoteLeftovers {
  readonly #place: Place;
  readonly #limits: RemoteLimits;
  readonly #connect: Connect;
  readonly #workplaces = new Set<Workplace>();

  /** @param place for messages */
  constructor(place: Place, limits: RemoteLimits, connect: Connect) {
    this.#place = place;
    this.#limits = limits;
    this.#connect = connect;
  }

  add(workplace: Workplace): void {
    this.#workplaces.add(workplace);
  }

  /**
   * Makes sure that nothing is left; returns only then.
   * @param failure of the run, if that is the reason to ask
   * @throws ArtdaqDbError (retryable) if the host can't be asked
   */
  async end(run: RunNumber, failure?: ArchiverError): Promise<void> {
    for (const workplace of this.#workplaces) {
      if (!(await this.#endOne(workplace))) {
        const { tool } = this.#limits;
        const reason = failure?.message ?? `Run ${run} is not begun, as an earlier connection broke`;
        throw new ArtdaqDbError(
          `${reason}; ${workplace.directory} on ${this.#place} may still be in use (a tool ends after ${tool} s), and nothing else is done there until the host can be asked`,
          { run, retryable: true, fault: 'site', place: this.#place, cause: failure },
        );
      }
      this.#workplaces.delete(workplace);
    }
  }

  async #endOne({ pid, directory }: Workplace): Promise<boolean> {
    const { patience, grace, around } = this.#limits;
    const session = this.#connect(endScript, [String(patience + 2 * grace), pid, directory], around);
    const answer = await session.answer();
    await session.end();
    return answer === 'gone';
  }
}
