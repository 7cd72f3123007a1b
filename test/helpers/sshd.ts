import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { errorCode } from '../../src/system-error.ts';

const program = '/usr/sbin/sshd';
/** sshd as root needs it; its service makes it at the system's start. */
const privilegeSeparation = '/run/sshd';

/** What a session on the host finds. */
export interface RemoteAccount {
  readonly env?: Readonly<Record<string, string>>;
  /** What the login shell prints before it runs a command. */
  readonly noise?: string;
  /** The login shell. */
  readonly shell?: string;
}

/** Is there an sshd to test with? With ARCHIVER_TEST_REQUIRE_SSHD=1 its absence is an error. */
export function hasSshd(): boolean {
  const obstacle = obstacleToSshd();
  if (obstacle === undefined) return true;
  const message = `What runs over ssh is not tested: ${obstacle}`;
  if (process.env.ARCHIVER_TEST_REQUIRE_SSHD === '1') throw new Error(message);
  process.stderr.write(`${message}\n`);
  return false;
}

function obstacleToSshd(): string | undefined {
  const missing = [program, '/usr/bin/ssh', '/usr/bin/ssh-keygen'].filter((path) => !existsSync(path));
  if (missing.length > 0) return `no ${missing.join(', ')} (install openssh-server and openssh-client)`;
  try {
    const { shell } = userInfo();
    return /nologin|false/.test(shell ?? '') ? `this account can't log in (${shell})` : undefined;
  } catch (error) {
    return `this account has no entry in passwd (${error})`;
  }
}

/**
 * A real sshd on loopback with keys of its own, for the user who runs the tests. Each connection is an sshd of its own
 * (as under inetd), so no port has to be guessed.
 */
export class Sshd {
  /** Alias of the host in the client's configuration. */
  static readonly host = 'far-host';
  readonly directory = mkdtempSync(join(tmpdir(), 'archiver-sshd-'));
  /** Connections are closed at once. */
  isDown = false;
  readonly #server: Server;
  readonly #sessions = new Set<ChildProcess>();

  private constructor() {
    this.#server = createServer({ pauseOnConnect: true }, (socket) => this.#serve(socket));
  }

  static async start(): Promise<Sshd> {
    const sshd = new Sshd();
    for (const key of ['host-key', 'user-key', 'other-key']) sshd.#makeKey(key);
    sshd.#configure();
    sshd.login({});
    sshd.#server.listen(0, '127.0.0.1');
    await once(sshd.#server, 'listening');
    sshd.trust();
    sshd.useKey('user-key');
    return sshd;
  }

  /** The client program with its configuration. */
  get ssh(): string[] {
    return ['ssh', '-F', this.config];
  }

  /** The client's configuration. */
  get config(): string {
    return this.#path('ssh_config');
  }

  /** Writes what the client knows of the host: its key, another one, or nothing. */
  trust(known: 'host-key' | 'other-key' | 'nothing' = 'host-key'): void {
    const key = known === 'nothing' ? '' : this.#publicKey(known);
    writeFileSync(this.#path('known_hosts'), key === '' ? '' : `${Sshd.host} ${key}`);
  }

  /** Chooses the key that the client offers; the host takes only `user-key`. */
  useKey(key: 'user-key' | 'other-key'): void {
    const { port } = this.#server.address() as AddressInfo;
    const config = {
      HostName: '127.0.0.1',
      HostKeyAlias: Sshd.host,
      Port: port,
      IdentityFile: `"${this.#path(key)}"`,
      IdentitiesOnly: 'yes',
      IdentityAgent: 'none',
      KexAlgorithms: 'curve25519-sha256', // The fastest.
      UserKnownHostsFile: `"${this.#path('known_hosts')}"`,
      GlobalKnownHostsFile: 'none',
    };
    const lines = Object.entries(config).map(([name, value]) => `  ${name} ${value}\n`);
    writeFileSync(this.config, `Host ${Sshd.host}\n${lines.join('')}`);
  }

  /** What the next connections find. */
  login({ env = {}, noise = '', shell = '/bin/sh' }: RemoteAccount): void {
    const exports = Object.entries(env).map(([name, value]) => `export ${name}=${shellWord(value)}\n`);
    const print = `printf %s ${shellWord(noise)}\n`;
    const script = `#!/bin/sh\n${exports.join('')}${print}exec ${shell} -c "$SSH_ORIGINAL_COMMAND"\n`;
    writeFileSync(this.#path('login-shell'), script, { mode: 0o755 });
  }

  /** Cuts all connections, or stops them so that they hang. */
  signal(signal: 'SIGKILL' | 'SIGSTOP'): void {
    // The group holds sshd's processes; what runs in the session has one of its own.
    for (const { pid } of this.#sessions) if (pid !== undefined) signalGroup(pid, signal);
  }

  async close(): Promise<void> {
    const ended = [...this.#sessions].map((session) => once(session, 'exit'));
    this.signal('SIGKILL');
    this.#server.close();
    await Promise.all([...ended, once(this.#server, 'close')]);
    rmSync(this.directory, { recursive: true });
  }

  #serve(socket: Socket): void {
    if (!this.isDown) {
      const sshd = spawn(program, ['-i', '-f', this.#path('sshd_config')], {
        stdio: [socket, socket, 'ignore'],
        detached: true,
      });
      this.#sessions.add(sshd);
      sshd.once('exit', () => this.#sessions.delete(sshd));
    }
    socket.destroy();
  }

  #configure(): void {
    if (process.getuid?.() === 0) mkdirSync(privilegeSeparation, { recursive: true, mode: 0o755 });
    writeFileSync(this.#path('authorized_keys'), this.#publicKey('user-key'));
    const config = {
      HostKey: `"${this.#path('host-key')}"`,
      AuthorizedKeysFile: `"${this.#path('authorized_keys')}"`,
      AllowUsers: userInfo().username,
      ForceCommand: this.#path('login-shell'),
      PasswordAuthentication: 'no',
      KbdInteractiveAuthentication: 'no',
      UsePAM: 'no',
      StrictModes: 'no',
      UseDNS: 'no',
      PidFile: 'none',
      // Else bash reads the account's own start file, which may take longer than all the rest.
      SetEnv: 'SHLVL=1',
    };
    const lines = Object.entries(config).map(([name, value]) => `${name} ${value}\n`);
    writeFileSync(this.#path('sshd_config'), lines.join(''));
  }

  #makeKey(name: string): void {
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', this.#path(name)]);
  }

  #publicKey(name: string): string {
    return execFileSync('ssh-keygen', ['-y', '-f', this.#path(name)], { encoding: 'utf8' });
  }

  #path(name: string): string {
    return join(this.directory, name);
  }
}

function shellWord(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** A session that ended on its own is noticed a moment later only. */
function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if (errorCode(error) !== 'ESRCH') throw error;
  }
}
