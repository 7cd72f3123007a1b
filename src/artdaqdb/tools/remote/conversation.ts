import type { ChildEnd } from '../child-process.ts';
import { TOOLS, type Tool } from '../site-trouble.ts';
import type { ToolCall, ToolDatabase } from '../tool-host.ts';
import type { Workplace } from './leftovers.ts';
import type { RemoteLimits } from './script.ts';
import { checkScript, runScript, tryOutScript } from './script.ts';
import type { Connect, RemoteSession } from './session.ts';

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
