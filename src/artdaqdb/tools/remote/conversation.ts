import { type ArchiverError, ArtdaqDbError, type Place } from '../../../errors.ts';
import type { RunNumber } from '../../../runs/run-number.ts';
import type { ChildEnd } from '../child-process.ts';
import type { ToolCall, ToolDatabase } from '../tool-host.ts';
import { TOOLS, type Tool } from '../tool-host.ts';
import { checkScript, endScript, type RemoteLimits, runScript, tryOutScript } from './script.ts';
import type { Connect, RemoteSession } from './ssh-session.ts';

/** What the host has for us. */
export interface CheckOutcome {
  /** False if the connection ended before all was told. */
  readonly isComplete: boolean;
  /** Programs that PATH lacks. */
  readonly missing: readonly string[];
  /** PATH of a command over ssh there. */
  readonly path: string | undefined;
  /** With what exit codes the tools gave their help texts, if they were asked for them. */
  readonly helps: ReadonlyMap<Tool, number>;
  readonly end: ChildEnd;
}

/** Asks the host for the programs. */
export function askForPrograms(connect: Connect, { around }: RemoteLimits): Promise<CheckOutcome> {
  return outcomeOf(connect(checkScript, [], around));
}

/** Asks the host for the programs, and the tools for their help texts. @param seconds that all of it may take */
export function tryOutPrograms(connect: Connect, seconds: number): Promise<CheckOutcome> {
  return outcomeOf(connect(tryOutScript, [String(Math.max(1, Math.floor(seconds / 2)))], seconds));
}

async function outcomeOf(session: RemoteSession): Promise<CheckOutcome> {
  const missing: string[] = [];
  const helps = new Map<Tool, number>();
  let path: string | undefined;
  let answer = await session.answer();
  for (; answer !== undefined && answer !== 'end'; answer = await session.answer()) {
    const [word, rest] = split(answer);
    if (word === 'missing') missing.push(rest);
    if (word === 'path') path = rest;
    if (word === 'help') {
      const [name, code] = split(rest);
      const tool = TOOLS.find((known) => known === name);
      if (tool !== undefined) helps.set(tool, Number(code));
    }
  }
  return { isComplete: answer === 'end', missing, path, helps, end: await session.end() };
}

/** What an execution of a tool brought. */
export interface RunOutcome {
  /** The last answer, if the connection held until then. */
  readonly last: string | undefined;
  /** Where the host works, if it came so far. */
  readonly workplace: Workplace | undefined;
  /** A tar archive, if there was one. */
  readonly exported: Buffer | undefined;
  readonly end: ChildEnd;
}

/** Has the host execute a tool on what the archive holds. */
export async function haveToolRun(
  connect: Connect,
  { tool: toolLimit, patience, grace, around }: RemoteLimits,
  { tool, run, config, directory }: ToolCall,
  { databaseUri, takesThreads }: Pick<ToolDatabase, 'databaseUri' | 'takesThreads'>,
  archive: Buffer,
): Promise<RunOutcome> {
  const threads = takesThreads ? 'half' : '1';
  const limits = [toolLimit, patience, grace].map(String);
  const values = [tool, String(run), config, threads, ...limits, databaseUri];
  const session = connect(runScript, values, toolLimit + around, directory);
  let workplace: Workplace | undefined;
  let exported: Buffer | undefined;
  let answer = await session.answer();
  for (; answer !== undefined; answer = await session.answer()) {
    const [word, rest] = split(answer);
    if (word === 'dir' && workplace === undefined) {
      const [pid, place] = split(rest);
      workplace = { pid, directory: place };
      // Nothing is begun before its place is known, so whatever a broken connection leaves can be found.
      session.send(`${archive.length}\n`, archive);
    } else if (word === 'tar' && exported === undefined) {
      exported = await session.bytes(Number(rest));
    } else break;
  }
  return { last: answer, workplace, exported, end: await session.end() };
}

function split(answer: string): [word: string, rest: string] {
  const blank = answer.indexOf(' ');
  return blank === -1 ? [answer, ''] : [answer.slice(0, blank), answer.slice(blank + 1)];
}

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
