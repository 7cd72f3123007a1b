import { isIPv6 } from 'node:net';
import { PassThrough, Writable } from 'node:stream';
import type { Environment } from '../../../environment.ts';
import { ArtdaqDbError, ConfigurationError, messageOf, type Place } from '../../../errors.ts';
import { type ChildEnd, runChild } from '../child-process.ts';
import { isShortage, SHORTAGE_ADVICE } from '../tool-exit.ts';
import { bootstrapCommand, linesFor } from './script.ts';

const NAME = /^[A-Za-z0-9_][A-Za-z0-9._-]*$/;

/** A connection counts as broken after about 45 seconds without an answer. */
const KEEP_ALIVE = ['ServerAliveInterval=15', 'ServerAliveCountMax=3'];

/** Overrides what users may have set for terminals and shared connections. */
const PLAIN = [
  'RequestTTY=no',
  'RemoteCommand=none',
  'ClearAllForwardings=yes',
  'ForwardAgent=no',
  'ForwardX11=no',
  'ControlMaster=no',
  'ControlPath=none',
  'LogLevel=INFO',
];

const ANY_HOST_KEY = [
  'StrictHostKeyChecking=no',
  'UserKnownHostsFile=/dev/null',
  'GlobalKnownHostsFile=/dev/null',
];

/** The arguments of ssh ahead of the remote command. ssh asks nobody for anything. */
export function sshArguments(remoteHost: string, verifyHostKey: boolean): string[] {
  const options = [
    'BatchMode=yes',
    'ConnectTimeout=15',
    ...KEEP_ALIVE,
    ...PLAIN,
    ...(verifyHostKey ? ['StrictHostKeyChecking=yes'] : ANY_HOST_KEY),
  ];
  return [...options.flatMap((option) => ['-o', option]), '--', sshDestination(remoteHost)];
}

/**
 * Checks the destination: a host name, an address or an alias of ssh's configuration, with or without `user@`. Refuses whatever
 * ssh could take for an option or hand to a shell, as ProxyCommand does.
 * @throws ConfigurationError
 */
function sshDestination(remoteHost: string): string {
  const at = remoteHost.lastIndexOf('@');
  const host = remoteHost.slice(at + 1);
  const [address = '', ...zones] = host.split('%');
  const isAddress = isIPv6(address) && zones.length <= 1 && zones.every((zone) => NAME.test(zone));
  const isHost = NAME.test(host) || isAddress;
  if (isHost && (at === -1 || NAME.test(remoteHost.slice(0, at)))) return remoteHost;
  throw new ConfigurationError(
    `artdaq_db.remote_host ${JSON.stringify(remoteHost)} can't be used: give a host name, an address or an alias of ~/.ssh/config, with user@ before it if need be; a port belongs into ~/.ssh/config`,
  );
}

/** What to run over one connection. */
export interface RemoteCall {
  /** One of script.ts. */
  readonly script: string;
  /** Marks the script's answers: a text that nothing else prints. */
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

/** One connection: a script on the other host that reads lines and bytes, and answers with lines and bytes. */
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

  /** The script's next line, without nonce; undefined at the end. */
  answer(): Promise<string | undefined> {
    return this.#output.line();
  }

  /** So many bytes; undefined if the connection breaks before. */
  bytes(length: number): Promise<Buffer | undefined> {
    return this.#output.bytes(length);
  }

  /**
   * Closes the connection, which ends whatever still runs in it.
   * @throws ConfigurationError if ssh can't be started, ArtdaqDbError (retryable) if it can't be started at the moment
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

/** Standard output of a script on another host, read as its lines (each begins with the nonce) and bytes. */
export class AnswerReader extends Writable {
  readonly #mark: Buffer;
  #unread: Buffer[] = [];
  #isOver = false;
  #wake: () => void = () => undefined;

  constructor(nonce: string) {
    super();
    this.#mark = Buffer.from(`${nonce} `);
  }

  /** The script's next line, without nonce; undefined at the end. Lines of others are dropped. */
  async line(): Promise<string | undefined> {
    let read: Buffer = Buffer.alloc(0);
    do {
      const start = read.indexOf(this.#mark);
      read = start === -1 ? read.subarray(1 - this.#mark.length) : read.subarray(start);
      read = Buffer.concat([read, ...this.#unread.splice(0)]);
      const begin = read.indexOf(this.#mark);
      const end = begin === -1 ? -1 : read.indexOf('\n', begin);
      if (end !== -1) {
        this.#unread.unshift(read.subarray(end + 1));
        return read.toString('utf8', begin + this.#mark.length, end);
      }
    } while (await this.#more());
    return undefined;
  }

  /** So many bytes; undefined if fewer come. */
  async bytes(length: number): Promise<Buffer | undefined> {
    const taken: Buffer[] = [];
    let missing = length;
    for (;;) {
      for (const chunk of this.#unread.splice(0)) {
        taken.push(chunk.subarray(0, missing));
        if (chunk.length > missing) this.#unread.push(chunk.subarray(missing));
        missing -= Math.min(missing, chunk.length);
      }
      if (missing === 0) return Buffer.concat(taken);
      if (!(await this.#more())) return undefined;
    }
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#unread.push(chunk);
    this.#wake();
    done();
  }

  override _final(done: () => void): void {
    this.#end();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#end();
    done(error);
  }

  #end(): void {
    this.#isOver = true;
    this.#wake();
  }

  /** Waits for more to read; false at the end. */
  async #more(): Promise<boolean> {
    if (this.#unread.length === 0 && !this.#isOver) {
      await new Promise<void>((done) => {
        this.#wake = done;
      });
    }
    return this.#unread.length > 0;
  }
}
