import { constants } from 'node:fs';
import { access, open, stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import type { Environment } from '../../environment.ts';
import { ConfigurationError, messageOf } from '../../errors.ts';
import type { Logger } from '../../log/logger.ts';
import { errorCode } from '../../system-error.ts';
import { type ChildEnd, runChild } from './child-process.ts';
import { marksOf } from './private-directories.ts';
import { helpFailure, startFailure, type ToolEnd, toolFailure, troubleOf } from './tool-exit.ts';
import {
  type SiteTrouble,
  TOOLS,
  type Tool,
  type ToolCall,
  type ToolDatabase,
  type ToolHost,
} from './tool-host.ts';
import { isPlain } from './tool-limits.ts';

/** Milliseconds that a tool may take. */
const TIMEOUT_MS = 300_000;

/** What the tools run with. */
export interface LocalHostOptions extends ToolDatabase {
  /** The site's own programs and shared libraries, searched first. */
  readonly libDirectory: string;
  /** The tools inherit it. */
  readonly env: Environment;
  readonly logger: Logger;
  readonly timeoutMs?: number;
  readonly graceMs?: number;
}

/** Runs the tools on this machine. */
export class LocalHost implements ToolHost {
  readonly #options: LocalHostOptions;
  readonly #directories: readonly string[];

  constructor(options: LocalHostOptions) {
    this.#options = options;
    this.#directories = searchPath(options.libDirectory, options.env.PATH);
  }

  async check(): Promise<void> {
    for (const tool of TOOLS) await this.#find(tool);
  }

  async tryOut(limitSeconds: number): Promise<string> {
    const programs = await Promise.all(
      TOOLS.map(async (tool) => {
        const program = await this.#find(tool);
        const failure = helpFailure(tool, program, await this.#helpOf(program, limitSeconds), limitSeconds);
        if (failure !== undefined) throw failure;
        return program;
      }),
    );
    return programs.join(' and ');
  }

  async run(call: ToolCall): Promise<SiteTrouble | undefined> {
    const { tool, run, config, directory } = call;
    const { takesThreads, timeoutMs = TIMEOUT_MS, graceMs, hide } = this.#options;
    const logger = this.#options.logger.child({ run });
    const program = await this.#find(tool);
    const threads = takesThreads ? Math.max(1, Math.floor(availableParallelism() / 2)) : 1;
    const args = ['-r', String(run), '-c', config, '-p', directory, '-t', String(threads)];
    logger.debug(`Run ${run}: ${program} ${args.map((arg) => JSON.stringify(arg)).join(' ')}`);
    let end: ChildEnd;
    try {
      const grace = graceMs === undefined ? {} : { graceMs };
      const env = this.#environment(directory);
      // Only if necessary: paths in the site's environment may be relative to where the archiver was started.
      const cwd = isPlain(config) ? undefined : directory;
      end = await runChild({ program: resolve(program), args, env, cwd, timeoutMs, ...grace });
    } catch (error) {
      if (errorCode(error) === undefined) throw error;
      throw startFailure(error, tool, program, run);
    }
    const [stdout, stderr] = [hide(end.stdout), hide(end.stderr)];
    for (const [name, text] of Object.entries({ stdout, stderr })) {
      if (text !== '') logger.debug(`Run ${run}: ${tool} wrote to ${name}:\n${text}`);
    }
    const home = 'work directory';
    const told: ToolEnd = { ...end, stdout, stderr, tool, run, place: program, home, timeoutMs };
    const failure = toolFailure(told);
    if (failure !== undefined) throw failure;
    return troubleOf(told);
  }

  async #helpOf(program: string, limitSeconds: number): Promise<ChildEnd> {
    const { libDirectory, graceMs } = this.#options;
    const grace = graceMs === undefined ? {} : { graceMs };
    try {
      return await runChild({
        program,
        args: ['-h'],
        env: this.#environment(libDirectory),
        timeoutMs: limitSeconds * 1000,
        ...grace,
      });
    } catch (error) {
      if (errorCode(error) === undefined) throw error;
      throw new ConfigurationError(`artdaq_db.use_tools: ${program} can't be started: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }

  /** Searched for each call: programs may be replaced while we run. */
  #find(tool: Tool): Promise<string> {
    return findProgram(tool, this.#directories);
  }

  #environment(directory: string): Environment {
    const { databaseUri, env, libDirectory } = this.#options;
    const libraries = [libDirectory, env.LD_LIBRARY_PATH ?? ''].filter((part) => part !== '');
    return {
      ...env,
      ARTDAQ_DATABASE_URI: databaseUri,
      LD_LIBRARY_PATH: libraries.join(delimiter),
      PATH: this.#directories.join(delimiter),
      ...marksOf(directory, databaseUri),
    };
  }
}

/** Where an ELF header holds class, byte order and processor. */
const ELF_MAGIC = '\x7fELF';
const ELF_HEADER_LENGTH = 20;
const ELF_CLASS = 4;
const ELF_BYTE_ORDER = 5;
const ELF_PROCESSOR = 18;

/** The tools call programs such as mkdir. */
const SYSTEM_PATH = '/usr/bin:/bin';

/**
 * The directories in which to look for programs, in this order.
 * @param first comes before `path`
 * @param path value of the environment's PATH; if empty or missing, the directories of every system
 */
export function searchPath(first: string, path: string | undefined): string[] {
  const others = (path || SYSTEM_PATH).split(delimiter).filter((directory) => directory !== '');
  return [...new Set([first, ...others])];
}

/**
 * Finds a program.
 * @returns its path
 * @throws ConfigurationError naming the directories, and why a file of that name is unfit
 */
export async function findProgram(name: string, directories: readonly string[]): Promise<string> {
  const unfit: string[] = [];
  for (const directory of directories) {
    const path = join(directory, name);
    const fault = await faultOf(path);
    if (fault === undefined) return path;
    if (fault !== 'missing') unfit.push(`${path} ${fault}`);
  }
  throw new ConfigurationError(
    `artdaq_db.use_tools: the program ${name} was not found in ${directories.join(', ')}` +
      unfit.map((fault) => `; ${fault}`).join('') +
      `. Put it into the first of these or into a directory on PATH, or set use_tools to false`,
  );
}

/** Why a file can't be executed here; undefined if it can. */
async function faultOf(path: string): Promise<string | undefined> {
  try {
    if (!(await stat(path)).isFile()) return 'is no file';
    await access(path, constants.X_OK);
    return formatFault(await head(path), await head(process.execPath));
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return 'missing';
    if (code === 'EACCES') return 'may not be executed by this account';
    return `can't be looked at (${messageOf(error)})`;
  }
}

/** The system would run a file that it can't execute as a shell script. A program that may be executed but not read passes. */
function formatFault(program: Buffer | undefined, own: Buffer | undefined): string | undefined {
  if (program === undefined || program.toString('latin1').startsWith('#!')) return undefined;
  if (!program.toString('latin1').startsWith(ELF_MAGIC)) return 'is neither a program nor a script with #!';
  if (own === undefined || !own.toString('latin1').startsWith(ELF_MAGIC)) return undefined;
  const isSame = [ELF_CLASS, ELF_BYTE_ORDER, ELF_PROCESSOR, ELF_PROCESSOR + 1].every(
    (place) => program[place] === own[place],
  );
  return isSame ? undefined : 'is built for another processor';
}

async function head(path: string): Promise<Buffer | undefined> {
  try {
    const file = await open(path);
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(ELF_HEADER_LENGTH), 0, ELF_HEADER_LENGTH, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (errorCode(error) === 'EACCES') return undefined;
    throw error;
  }
}
