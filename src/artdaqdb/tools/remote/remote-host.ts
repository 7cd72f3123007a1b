import { randomBytes } from 'node:crypto';
import type { Environment } from '../../../environment.ts';
import { ArchiverError, ArtdaqDbError, ConfigurationError, messageOf } from '../../../errors.ts';
import type { Logger } from '../../../log/logger.ts';
import { errorCode, mayPass } from '../../../system-error.ts';
import { marksOf } from '../private-directories.ts';
import { helpFailure, type ToolEnd, toolFailure, troubleOf } from '../tool-exit.ts';
import type { SiteTrouble, ToolCall, ToolDatabase, ToolHost } from '../tool-host.ts';
import {
  askForPrograms,
  type CheckOutcome,
  RemoteLeftovers,
  runToolThere,
  tryOutPrograms,
} from './conversation.ts';
import { connectionFailure, scriptFailure } from './failure.ts';
import { REMOTE_LIMITS, type RemoteLimits } from './script.ts';
import { type Connect, RemoteSession, sshArguments } from './ssh-session.ts';

/** Which host runs the tools, and how it is reached. */
export interface RemoteHostOptions extends ToolDatabase {
  /** `artdaq_db.remote_host`: what ssh takes as destination. */
  readonly remoteHost: string;
  /** `artdaq_db.ssh_verify_host` */
  readonly verifyHostKey: boolean;
  /** Environment of ssh. None of it is sent to the host unless ssh's configuration says so. */
  readonly env: Environment;
  readonly logger: Logger;
  /** The ssh program and its first arguments; by default `ssh` from PATH. */
  readonly ssh?: readonly string[];
  readonly limits?: RemoteLimits;
}

/** Runs the tools on another host over ssh, with one connection per call. What happens there: script.ts. */
export class RemoteHost implements ToolHost {
  readonly #place: `host ${string}`;
  readonly #database: ToolDatabase;
  readonly #logger: Logger;
  readonly #limits: RemoteLimits;
  readonly #connect: Connect;
  readonly #leftovers: RemoteLeftovers;

  /** @throws ConfigurationError if the host's name can't be used */
  constructor(options: RemoteHostOptions) {
    const { remoteHost, verifyHostKey, databaseUri, env, logger, ssh = ['ssh'] } = options;
    const command = [...ssh, ...sshArguments(remoteHost, verifyHostKey)];
    this.#place = `host ${remoteHost}`;
    this.#database = options;
    this.#logger = logger;
    this.#limits = options.limits ?? REMOTE_LIMITS;
    this.#connect = (script, values, seconds, directory) => {
      const nonce = randomBytes(16).toString('hex');
      // ssh outlives a killed archiver until everything on the host has ended. The marks make the next archiver wait for it.
      const marked = directory === undefined ? env : { ...env, ...marksOf(directory, databaseUri) };
      return new RemoteSession(
        { command, env: marked, place: this.#place },
        { script, nonce, values, timeoutMs: seconds * 1000 },
      );
    };
    this.#leftovers = new RemoteLeftovers(this.#place, this.#limits, this.#connect);
  }

  async check(): Promise<void> {
    this.#expectAll(await askForPrograms(this.#connect, this.#limits), this.#limits.around);
  }

  async tryOut(limitSeconds: number): Promise<string> {
    const outcome = await tryOutPrograms(this.#connect, limitSeconds);
    this.#expectAll(outcome, limitSeconds);
    const stderr = this.#database.hide(outcome.end.stderr);
    for (const [tool, code] of outcome.helps) {
      const timedOut = code === 124 || code === 137;
      const end = { code, signal: null, timedOut, stdout: '', stderr };
      const failure = helpFailure(tool, this.#place, end, limitSeconds);
      if (failure !== undefined) throw failure;
    }
    return `on ${this.#place}`;
  }

  /** @throws ConfigurationError or ArtdaqDbError unless the host answered and has all programs */
  #expectAll({ isComplete, missing, path, end }: CheckOutcome, seconds: number): void {
    if (!isComplete) {
      const stderr = this.#database.hide(end.stderr);
      throw connectionFailure(this.#place, { ...end, stderr }, seconds, path !== undefined);
    }
    if (missing.length === 0) return;
    throw new ConfigurationError(
      `artdaq_db.use_tools with artdaq_db.remote_host: ${this.#place} has no ${missing.join(', ')} on PATH, which for a command over ssh is ${path} there; documentation/ARTDAQDB_TOOLS.md tells how to set it`,
      { place: this.#place },
    );
  }

  async run(call: ToolCall): Promise<SiteTrouble | undefined> {
    const { tool, run } = call;
    await this.#leftovers.end(run);
    // Loaded here, as most sites have no remote host.
    const { packDirectory } = await import('./tar.ts');
    const archive = await packDirectory(call.directory);
    const started = performance.now();
    const outcome = await runToolThere(this.#connect, this.#limits, call, this.#database, archive);
    const seconds = (performance.now() - started) / 1000;
    const { last, workplace } = outcome;
    const end = { ...outcome.end, stderr: this.#database.hide(outcome.end.stderr) };
    this.#logger.debug(
      `${tool} for run ${run} on ${this.#place}: ${last ?? 'no answer'}. Printed:\n${end.stderr}`,
    );
    if (last === undefined) {
      const limit = this.#limits.tool + this.#limits.around;
      const failure = connectionFailure(this.#place, end, limit, workplace !== undefined, run);
      if (workplace !== undefined) this.#leftovers.add(workplace);
      await this.#leftovers.end(run, failure);
      throw failure;
    }
    const trouble = this.#judge(call, last, end.stderr, seconds);
    if (tool === 'bulkdownloader') await this.#unpack(call, outcome.exported);
    return trouble;
  }

  /**
   * @returns what the tool complained of nevertheless
   * @throws ArtdaqDbError unless the last answer says that the tool ended well
   */
  #judge({ tool, run }: ToolCall, last: string, stderr: string, seconds: number): SiteTrouble | undefined {
    const code = /^tool (\d{1,3})$/.exec(last)?.[1];
    if (code === undefined) throw scriptFailure(this.#place, last, tool, stderr, run);
    const end: ToolEnd = {
      tool,
      run,
      place: this.#place,
      home: this.#place,
      code: Number(code),
      signal: null,
      // The exit code of `timeout`: 124, or 137 if it had to kill the tool.
      timedOut: code === '124' || (code === '137' && seconds >= this.#limits.tool),
      timeoutMs: this.#limits.tool * 1000,
      stdout: '',
      stderr,
    };
    const failure = toolFailure(end);
    if (failure !== undefined) throw failure;
    return troubleOf(end);
  }

  async #unpack({ directory, run }: ToolCall, archive: Buffer | undefined): Promise<void> {
    try {
      if (archive === undefined) throw new ArtdaqDbError('No tar archive came');
      const { unpackTar, writeFiles } = await import('./tar.ts');
      await writeFiles(directory, unpackTar(archive));
    } catch (error) {
      if (!(error instanceof ArchiverError) && errorCode(error) === undefined) throw error;
      throw new ArtdaqDbError(`Run ${run}, exported on ${this.#place}: ${messageOf(error)}`, {
        run,
        retryable: mayPass(error),
        cause: error,
        ...(error instanceof ArchiverError ? {} : { place: 'work directory' }),
      });
    }
  }
}
