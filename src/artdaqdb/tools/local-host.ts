import { hostname } from 'node:os';
import { delimiter, resolve } from 'node:path';
import type { Environment } from '../../environment.ts';
import { ConfigurationError, messageOf } from '../../errors.ts';
import type { Logger } from '../../log/logger.ts';
import { errorCode } from '../../system-error.ts';
import { type ChildEnd, runChild } from './child-process.ts';
import { marksOf } from './orphans.ts';
import { findProgram, searchPath } from './program-search.ts';
import type { SiteTrouble } from './site-trouble.ts';
import { helpFailure, startFailure, type ToolEnd, toolFailure, troubleOf } from './tool-exit.ts';
import { TOOLS, type Tool, type ToolCall, type ToolHost } from './tool-host.ts';
import { isPlain } from './tool-names.ts';

/** Milliseconds that a tool gets. */
const TIMEOUT_MS = 300_000;

/** What the tools run with. */
export interface LocalHostOptions {
  /** The database as the tools shall find it in ARTDAQ_DATABASE_URI. */
  readonly databaseUri: string;
  /** The site's own programs and shared libraries; searched first. */
  readonly libDirectory: string;
  /** What the tools inherit. */
  readonly env: Environment;
  readonly threads: number;
  readonly logger: Logger;
  /** Takes secrets out of what a tool printed. */
  readonly hide?: (text: string) => string;
  readonly timeoutMs?: number;
  readonly graceMs?: number;
}

/** Runs the tools on this machine. */
export class LocalHost implements ToolHost {
  readonly location = hostname();
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
    const { logger, threads, timeoutMs = TIMEOUT_MS, graceMs, hide = (text) => text } = this.#options;
    const program = await this.#find(tool);
    const args = ['-r', String(run), '-c', config, '-p', directory, '-t', String(threads)];
    logger.debug(`Run ${run}: ${program} ${args.map((arg) => JSON.stringify(arg)).join(' ')}`);
    let end: ChildEnd;
    try {
      const grace = graceMs === undefined ? {} : { graceMs };
      const env = this.#environment(directory);
      // Only if need be: paths in the site's environment may be relative to where the archiver was started.
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

  /** Each time anew: programs may be replaced while we run. */
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
