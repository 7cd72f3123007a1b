import { type ArchiverError, ArtdaqDbError, type Place } from '../../../errors.ts';
import type { RunNumber } from '../../../runs/run-number.ts';
import type { ChildEnd } from '../child-process.ts';
import { TOOLS, type Tool, type ToolCall, type ToolDatabase } from '../tool-host.ts';
import { CHECK_SCRIPT, END_SCRIPT, type RemoteLimits, RUN_SCRIPT, TRY_OUT_SCRIPT } from './script.ts';
import type { Connect, RemoteSession } from './ssh-session.ts';

/** What the host says of the programs. */
export interface CheckOutcome {
  /** False if the connection ended before the last answer. */
  readonly isComplete: boolean;
  /** Programs that PATH lacks. */
  readonly missing: readonly string[];
  /** The PATH of commands over ssh. */
  readonly path: string | undefined;
  /** The exit codes with which the tools printed their help texts, if asked to. */
  readonly helps: ReadonlyMap<Tool, number>;
  readonly end: ChildEnd;
}

/** Asks the host whether it has the programs. */
export function askForPrograms(connect: Connect, { around }: RemoteLimits): Promise<CheckOutcome> {
  return outcomeOf(connect(CHECK_SCRIPT, [], around));
}

/** Asks the host whether it has the programs, and the tools for their help texts. @param seconds that all of it may take */
export function tryOutPrograms(connect: Connect, seconds: number): Promise<CheckOutcome> {
  return outcomeOf(connect(TRY_OUT_SCRIPT, [String(Math.max(1, Math.floor(seconds / 2)))], seconds));
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

/** What an execution of a tool resulted in. */
export interface RunOutcome {
  /** The last answer; undefined if the connection broke before. */
  readonly last: string | undefined;
  /** Where the host works; undefined if the connection broke before it told. */
  readonly workplace: Workplace | undefined;
  /** A tar archive, if the tool exported files. */
  readonly exported: Buffer | undefined;
  readonly end: ChildEnd;
}

/** Lets the host run a tool on the files of an archive. */
export async function runToolThere(
  connect: Connect,
  { tool: toolLimit, patience, grace, around }: RemoteLimits,
  { tool, run, config, directory }: ToolCall,
  { databaseUri, takesThreads }: Pick<ToolDatabase, 'databaseUri' | 'takesThreads'>,
  archive: Buffer,
): Promise<RunOutcome> {
  const threads = takesThreads ? 'half' : '1';
  const limits = [toolLimit, patience, grace].map(String);
  const values = [tool, String(run), config, threads, ...limits, databaseUri];
  const session = connect(RUN_SCRIPT, values, toolLimit + around, directory);
  let workplace: Workplace | undefined;
  let exported: Buffer | undefined;
  let answer = await session.answer();
  for (; answer !== undefined; answer = await session.answer()) {
    const [word, rest] = split(answer);
    if (word === 'dir' && workplace === undefined) {
      const [pid, place] = split(rest);
      workplace = { pid, directory: place };
      // Nothing starts before its place is known, so whatever a broken connection leaves can be found.
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

/** Process id and temporary directory of {@link RUN_SCRIPT} on the host. */
export interface Workplace {
  readonly pid: string;
  readonly directory: string;
}

/**
 * What broken connections may have left running on the host. The host notices a broken connection by itself, but may be late. A
 * tool that continues while the run is tried again would store it twice.
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
   * Makes sure that nothing is left.
   * @param failure of the run, if that is the reason to ask
   * @throws ArtdaqDbError (retryable) if the host can't be asked
   */
  async end(run: RunNumber, failure?: ArchiverError): Promise<void> {
    for (const workplace of this.#workplaces) {
      if (!(await this.#endOne(workplace))) {
        const { tool } = this.#limits;
        const reason = failure?.message ?? `Run ${run} is not started because an earlier connection broke`;
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
    const session = this.#connect(END_SCRIPT, [String(patience + 2 * grace), pid, directory], around);
    const answer = await session.answer();
    await session.end();
    return answer === 'gone';
  }
}
