import { PassThrough } from 'node:stream';
import type { Environment } from '../../../environment.ts';
import { ArtdaqDbError, ConfigurationError, messageOf, type Place } from '../../../errors.ts';
import { type ChildEnd, runChild } from '../child-process.ts';
import { isShortage, SHORTAGE_ADVICE } from '../tool-exit.ts';
import { AnswerReader } from './answers.ts';
import { bootstrapCommand, linesFor } from './script.ts';

/** What is run over one connection. */
export interface RemoteCall {
  /** One of script.ts. */
  readonly script: string;
  /** Marks the script's answers: something that nothing else prints. */
  readonly nonce: string;
  /** The lines that the script reads after the nonce. */
  readonly values: readonly string[];
  /** Milliseconds after which the connection is ended. */
  readonly timeoutMs: number;
}

/** How ssh is started. */
export interface SshProgram {
  /** The program and its arguments, without the remote command. */
  readonly command: readonly string[];
  readonly env: Environment;
  /** The host, for errors. */
  readonly place: Place;
}

/**
 * Opens a connection for a script.
 * @param values lines that it reads after the nonce
 * @param seconds after which the connection is ended
 * @param directory on this machine that the connection works for
 */
export type Connect = (
  script: string,
  values: readonly string[],
  seconds: number,
  directory?: string,
) => RemoteSession;

/** One connection: a script on the other host, given lines and bytes, answering with lines and bytes. */
export class RemoteSession {
  readonly #input = new PassThrough();
  readonly #output: AnswerReader;
  readonly #ended: Promise<ChildEnd | Error>;
  readonly #place: Place;

  constructor(ssh: SshProgram, { script, nonce, values, timeoutMs }: RemoteCall) {
    const [program = 'ssh', ...args] = ssh.command;
    this.#place = ssh.place;
    this.#input.write(script + linesFor([nonce, ...values]));
    this.#output = new AnswerReader(nonce);
    this.#ended = runChild({
      program,
      args: [...args, bootstrapCommand(script)],
      env: ssh.env,
      timeoutMs,
      endsWithStdin: true,
      stdin: this.#input,
      stdout: this.#output,
    }).catch((error: unknown) => (error instanceof Error ? error : new Error(messageOf(error))));
  }

  send(...parts: readonly (string | Buffer)[]): void {
    for (const part of parts) this.#input.write(part);
  }

  /** The script's next line, without nonce; undefined if none comes any more. */
  answer(): Promise<string | undefined> {
    return this.#output.line();
  }

  /** The next so many bytes; undefined if the connection breaks before. */
  bytes(length: number): Promise<Buffer | undefined> {
    return this.#output.bytes(length);
  }

  /**
   * Closes the connection, which ends whatever still runs in it.
   * @throws ConfigurationError if ssh can't be started, ArtdaqDbError (retryable) if it can't just now
   */
  async end(): Promise<ChildEnd> {
    this.#input.end();
    const ended = await this.#ended;
    if (!(ended instanceof Error)) return ended;
    if (isShortage(ended)) {
      throw new ArtdaqDbError(`ssh can't be started: ${ended.message}; ${SHORTAGE_ADVICE}`, {
        retryable: true,
        fault: 'site',
        place: this.#place,
        cause: ended,
      });
    }
    throw new ConfigurationError(
      `artdaq_db.remote_host needs the program ssh, which can't be started: ${ended.message}`,
      { cause: ended, place: this.#place },
    );
  }
}
