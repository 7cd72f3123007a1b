import { execFileSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { readFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { RemoteHost, type RemoteHostOptions } from '../../../src/artdaqdb/tools/remote/remote-host.ts';
import type { Tool } from '../../../src/artdaqdb/tools/tool-host.ts';
import { ArtdaqDbError, ConfigurationError } from '../../../src/errors.ts';
import { recordingLogger } from '../../helpers/recording-logger.ts';
import { loginShells } from '../../helpers/shells.ts';
import { hasSshd, type RemoteAccount, Sshd } from '../../helpers/sshd.ts';

const password = 'pass-word-0815';
const mongoUri = `mongodb://writer:${password}@127.0.0.1:1/db`;
/** Starts without an end, with a process of its own, and tells the ids of both. */
const hangs = 'sleep 600 & echo $$ $! >"$FAR/started"; wait';

describe.runIf(hasSshd())('tools on a host over ssh', () => {
  let sshd: Sshd;
  let far: string;
  let here: string;
  let logger: ReturnType<typeof recordingLogger>;

  beforeAll(async () => {
    sshd = await Sshd.start();
  });
  afterAll(() => sshd.close());

  beforeEach(() => {
    far = mkdtempSync(join(tmpdir(), 'archiver-far-'));
    here = mkdtempSync(join(tmpdir(), 'archiver-here-'));
    for (const directory of ['bin', 'tmp']) mkdirSync(join(far, directory));
    for (const tool of ['bulkloader', 'bulkdownloader'] as const) install(tool, 'exit 0');
    execFileSync('mkfifo', [join(far, 'started')]);
    logger = recordingLogger();
    sshd.isDown = false;
    sshd.trust();
    sshd.useKey('user-key');
    login();
  });

  afterEach(() => {
    const left = readdirSync(join(far, 'tmp'));
    for (const directory of [far, here]) rmSync(directory, { recursive: true });
    expect(left).toEqual([]);
  });

  function install(program: string, script: string): void {
    writeFileSync(join(far, 'bin', program), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }

  function login(account: RemoteAccount = {}): void {
    const env = { PATH: `${far}/bin:/usr/bin:/bin`, TMPDIR: join(far, 'tmp'), FAR: far, ...account.env };
    sshd.login({ ...account, env });
  }

  function host(options: Partial<RemoteHostOptions> = {}): RemoteHost {
    return new RemoteHost({
      remoteHost: Sshd.host,
      verifyHostKey: true,
      databaseUri: 'filesystemdb:///nowhere',
      takesThreads: false,
      hide: (text) => text,
      env: process.env,
      logger,
      ssh: sshd.ssh,
      limits: { tool: 60, patience: 1, grace: 1, around: 60 },
      ...options,
    });
  }

  function run(tool: Tool, target = host(), config = 'cfg1'): Promise<unknown> {
    return target.run({ tool, run: 7, config, directory: here });
  }

  /** The processes of a tool that hangs, once it has started. */
  async function started(): Promise<number[]> {
    return (await readFile(join(far, 'started'), 'utf8')).trim().split(' ').map(Number);
  }

  function isRunning(pid: number): boolean {
    return existsSync(`/proc/${pid}`) && !readFileSync(`/proc/${pid}/stat`, 'latin1').includes(') Z');
  }

  async function failureOf(attempt: Promise<unknown>): Promise<unknown> {
    return attempt.then(
      () => undefined,
      (error: unknown) => error,
    );
  }

  it('get the files to store, and leave nothing behind', async () => {
    install(
      'bulkloader',
      'cp -r "$6" "$FAR/stored"; ls >"$FAR/around"; umask >"$FAR/umask"; pwd >"$FAR/pwd"',
    );
    const odd = `it's "$(odd)" -*; \`x\` ! ${'y'.repeat(120)}.fcl`;
    mkdirSync(join(here, 'sub'));
    for (const name of ['boot.fcl', 'sub/schema.fcl', odd, 'empty.fcl']) {
      writeFileSync(join(here, name), name === 'empty.fcl' ? '' : `name: "${name}"\n`);
    }
    await host().check();
    await run('bulkloader');
    execFileSync('diff', ['-r', here, join(far, 'stored')]);
    expect(readFileSync(join(far, 'pwd'), 'utf8')).toContain(join(far, 'tmp'));
    expect(readFileSync(join(far, 'around'), 'utf8')).toBe('run\n');
    expect(readFileSync(join(far, 'umask'), 'utf8')).toBe(
      execFileSync('/bin/sh', ['-c', 'umask']).toString(),
    );
  });

  it('send a run of some megabytes there and back', async () => {
    writeFileSync(join(here, 'big.fcl'), 'x'.repeat(5_000_000));
    install('bulkloader', 'cp "$6/big.fcl" "$FAR/stored"');
    install('bulkdownloader', 'mkdir "$6/cfg" && cp "$FAR/stored" "$6/cfg/copy.fcl"');
    await run('bulkloader');
    rmSync(join(here, 'big.fcl'));
    await run('bulkdownloader');
    execFileSync('cmp', [join(far, 'stored'), join(here, 'cfg/copy.fcl')]);
  });

  it.each(loginShells)('work for a login shell %s that prints something of its own', async (shell) => {
    login({ shell, noise: 'Welcome!\nYou have mail' });
    install('bulkdownloader', 'echo "to stdout"; mkdir "$6/cfg"; printf "a: 1" >"$6/cfg/a.fcl"');
    await run('bulkdownloader');
    expect(readFileSync(join(here, 'cfg/a.fcl'), 'utf8')).toBe('a: 1');
    expect(logger.lines.join()).toContain('to stdout');
  });

  it('get all values as they are, in odd directories too', async () => {
    const temporary = join(far, `tmp of 'me' "$(touch x)" \\ ; * é`);
    mkdirSync(temporary);
    login({ env: { TMPDIR: temporary } });
    const values = ['-r', '7', '-c', `a 'b' "c" $(d) \`e\` \\ ! * ; é`, '-p', 'run', '-t', '1'];
    const databaseUri = `filesystemdb:///data/it's "$HOME" \\n *`;
    install('bulkloader', 'printf "%s|" "$@" "$ARTDAQ_DATABASE_URI" >"$FAR/values"');
    await run('bulkloader', host({ databaseUri }), values[3]);
    expect(readFileSync(join(far, 'values'), 'utf8')).toBe(`${[...values, databaseUri].join('|')}|`);
    expect(readdirSync(temporary)).toEqual([]);
  });

  it('use half of the processors there unless the database is a FilesystemDB', async () => {
    install('bulkloader', 'echo "$8" >"$FAR/threads"');
    const processors = Number(execFileSync('getconf', ['_NPROCESSORS_ONLN']).toString());
    expect(processors).toBeGreaterThanOrEqual(availableParallelism());
    await run('bulkloader', host({ databaseUri: mongoUri, takesThreads: true }));
    expect(Number(readFileSync(join(far, 'threads'), 'utf8'))).toBe(Math.max(1, Math.floor(processors / 2)));
  });

  it('show the password to nobody', async () => {
    const list = 'cat /proc/[0-9]*/cmdline 2>/dev/null | tr "\\\\0" " " >"$FAR/processes"';
    install('bulkloader', `${list}; echo "cannot reach $ARTDAQ_DATABASE_URI" >&2; exit 144`);
    const hide = (text: string) => text.replaceAll(password, '***');
    const target = host({ databaseUri: mongoUri, hide });
    const failure = await failureOf(run('bulkloader', target));
    expect(String(failure)).toContain('cannot reach mongodb://');
    const processes = readFileSync(join(far, 'processes'), 'utf8');
    expect(processes).toContain('StrictHostKeyChecking=yes');
    expect([String(failure), ...logger.lines, processes].join('\n')).not.toContain(password);
  });

  it.each([
    ['exit 1', 1],
    ['exit 128', 128],
    ['kill -FPE $$', 136],
    ['exit 144', 144],
    ['exit 255', 255],
  ])('that end with "%s" are reported by that code', async (script, code) => {
    install('bulkloader', `echo "what went wrong" >&2; ${script}`);
    const failure = await failureOf(run('bulkloader'));
    expect(failure).toBeInstanceOf(ArtdaqDbError);
    expect(String(failure)).toMatch(new RegExp(`exit code ${code}\\b.*what went wrong`, 's'));
  });

  it('that fail have exported nothing', async () => {
    install('bulkdownloader', 'echo >"$6/half.fcl"; exit 1');
    await expect(run('bulkdownloader')).rejects.toThrow(/exporting run 7.*exit code 1/);
    expect(readdirSync(here)).toEqual([]);
  });

  it('that are missing are named, with the PATH that was searched', async () => {
    rmSync(join(far, 'bin', 'bulkdownloader'));
    const failure = await failureOf(host().check());
    expect(failure).toBeInstanceOf(ConfigurationError);
    expect(String(failure)).toContain(`${Sshd.host} has no bulkdownloader on PATH`);
    expect(String(failure)).toContain(`${far}/bin:/usr/bin:/bin`);
    await expect(run('bulkdownloader')).rejects.toThrow('bulkdownloader is no longer on PATH');
  });

  it.each([
    ['mktemp', 'echo "no space for you" >&2; exit 1', 'no temporary directory'],
    ['head', 'echo "no space for you" >&2; exit 1', "can't be written"],
    ['head', 'echo "no space for you" >&2; /usr/bin/head -c 1024', "can't be written"],
    ['tar', 'echo "no space for you" >&2; exit 2', "can't be unpacked"],
  ])('are not started if %s fails', async (program, script, message) => {
    install(program, script);
    install('bulkloader', 'touch "$FAR/begun"');
    writeFileSync(join(here, 'boot.fcl'), 'a: 1');
    const failure = await failureOf(run('bulkloader'));
    expect(failure).toMatchObject({ run: 7, retryable: true });
    expect(String(failure)).toMatch(new RegExp(`${message}.*no space for you`, 's'));
    expect(existsSync(join(far, 'begun'))).toBe(false);
  });

  it('whose temporary directory does not exist are not started', async () => {
    login({ env: { TMPDIR: join(far, 'none') } });
    await expect(run('bulkloader')).rejects.toThrow(/no temporary directory.*No such file/s);
  });

  it('that cannot pack what they exported are reported', async () => {
    install('tar', 'case "$1" in -c*) exit 2;; *) exec /bin/tar "$@";; esac');
    await expect(run('bulkdownloader')).rejects.toThrow("can't be packed");
  });

  it('find the directories that were made for them', async () => {
    mkdirSync(join(here, 'my cfg'));
    install('bulkdownloader', 'printf "a: 1" >"$6/my cfg/a.fcl"');
    await run('bulkdownloader');
    expect(readFileSync(join(here, 'my cfg/a.fcl'), 'utf8')).toBe('a: 1');
  });

  it('may export regular files only', async () => {
    install('bulkdownloader', 'mkdir "$6/cfg" && ln -s /etc/passwd "$6/cfg/passwd.fcl"');
    await expect(run('bulkdownloader')).rejects.toThrow(/Run 7.*passwd\.fcl.*not a regular file/);
    expect(readdirSync(here)).toEqual([]);
  });

  it('leave nothing running', async () => {
    install('bulkloader', 'sleep 600 & echo $! >"$FAR/pid"');
    await run('bulkloader');
    expect(isRunning(Number(readFileSync(join(far, 'pid'), 'utf8')))).toBe(false);
  });

  it.each([
    ['', 'hang'],
    ['trap "" TERM;', 'do not end when asked to'],
  ])('that %s%s are ended in time', async (prefix) => {
    install('bulkloader', `${prefix} ${hangs}; wait`);
    const attempt = failureOf(
      run('bulkloader', host({ limits: { tool: 3, patience: 1, grace: 1, around: 60 } })),
    );
    const pids = await started();
    const failure = await attempt;
    expect(failure).toMatchObject({ retryable: true });
    expect(String(failure)).toContain('ended after 3 s');
    expect(pids.map(isRunning)).toEqual([false, false]);
  });

  it.each([
    ['cut', '', 'SIGKILL'],
    ['cut while the tool ignores signals', 'trap "" TERM HUP;', 'SIGKILL'],
    ['dead', '', 'SIGSTOP'],
  ] as const)('end with a connection that is %s', async (_how, prefix, signal) => {
    install('bulkloader', `${prefix} ${hangs}; wait`);
    const impatient = ['-o', 'ServerAliveInterval=1', '-o', 'ServerAliveCountMax=1'];
    const attempt = failureOf(run('bulkloader', host({ ssh: [...sshd.ssh, ...impatient] })));
    const pids = await started();
    sshd.signal(signal);
    expect(await attempt).toMatchObject({ run: 7, retryable: true });
    expect(pids.map(isRunning)).toEqual([false, false]);
  });

  it('are not started while an earlier one may still be running', async () => {
    install('bulkloader', hangs);
    const target = host();
    const attempt = failureOf(run('bulkloader', target));
    const pids = await started();
    sshd.isDown = true;
    sshd.signal('SIGSTOP');
    sshd.signal('SIGKILL');
    expect(String(await attempt)).toContain('may still be in use');
    const next = await failureOf(run('bulkloader', target));
    expect(next).toMatchObject({ retryable: true });
    expect(String(next)).toContain('may still be in use');
    sshd.isDown = false;
    install('bulkloader', 'exit 0');
    await run('bulkloader', target);
    expect(pids.map(isRunning)).toEqual([false, false]);
  });

  it.each([
    ['unknown', 'nothing', /not in known_hosts.*ssh_verify_host.*Host key verification failed/s],
    ['another one', 'other-key', /find out why.*ssh_verify_host.*Host key verification failed/s],
  ] as const)(
    'are not reached if the host key is %s, unless that is allowed',
    async (_what, known, message) => {
      sshd.trust(known);
      for (const attempt of [() => host().check(), () => run('bulkloader')]) {
        const failure = await failureOf(attempt());
        expect(failure).toBeInstanceOf(ConfigurationError);
        expect(String(failure)).toMatch(message);
      }
      await host({ verifyHostKey: false }).check();
    },
  );

  it('are not reached with a key that the host does not know', async () => {
    sshd.useKey('other-key');
    const failure = await failureOf(host().check());
    expect(failure).toBeInstanceOf(ConfigurationError);
    expect(String(failure)).toMatch(/refused the login.*Permission denied/s);
  });

  it('may be reached later if the host is down', async () => {
    sshd.isDown = true;
    for (const attempt of [() => host().check(), () => run('bulkdownloader')]) {
      const failure = await failureOf(attempt());
      expect(failure).toBeInstanceOf(ArtdaqDbError);
      expect(failure).toMatchObject({ retryable: true });
      expect(String(failure)).toMatch(/can't be reached.*: Connection (closed|reset)/s);
    }
  });

  it('cannot be used by an account without a shell', async () => {
    login({ noise: 'This account is not available', shell: 'false' });
    const failure = await failureOf(host().check());
    expect(failure).toBeInstanceOf(ConfigurationError);
    expect(String(failure)).toContain('ran no command (exit code 1)');
  });

  it('are tried again if ssh cannot be started at the moment', async () => {
    const program = join(far, 'ssh');
    writeFileSync(program, '#!/bin/sh\n', { mode: 0o755 });
    const beingWritten = openSync(program, 'r+');
    const failure = await failureOf(run('bulkloader', host({ ssh: [program] })));
    closeSync(beingWritten);
    expect(failure).toBeInstanceOf(ArtdaqDbError);
    expect(failure).toMatchObject({ retryable: true });
    expect(String(failure)).toContain("ssh can't be started");
  });

  it('are not waited for if ssh cannot be started', async () => {
    const failure = await failureOf(host({ env: { TOO_LONG: 'x'.repeat(5_000_000) } }).check());
    expect(failure).toBeInstanceOf(ConfigurationError);
    expect(String(failure)).toContain('E2BIG');
  });

  it('need a program ssh', async () => {
    const failure = await failureOf(host({ ssh: ['ssh'], env: { PATH: join(far, 'bin') } }).check());
    expect(failure).toBeInstanceOf(ConfigurationError);
    expect(String(failure)).toContain('program ssh');
  });
});
