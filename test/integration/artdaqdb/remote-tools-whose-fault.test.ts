import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { RemoteHost, type RemoteHostOptions } from '../../../src/artdaqdb/tools/remote/remote-host.ts';
import type { Tool } from '../../../src/artdaqdb/tools/tool-host.ts';
import { ArchiverError } from '../../../src/errors.ts';
import { closedPort } from '../../helpers/closed-port.ts';
import { recordingLogger } from '../../helpers/recording-logger.ts';
import { canMount, useSmallDisks } from '../../helpers/small-disk.ts';
import { hasSshd, Sshd } from '../../helpers/sshd.ts';
import { useTemporaryDirectories } from '../../helpers/temporary-directory.ts';

const temporaryDirectory = useTemporaryDirectories();
const smallDisk = useSmallDisks();
const place = `host ${Sshd.host}`;

describe.runIf(hasSshd())('whose fault it is that the tools on another host do nothing', () => {
  let sshd: Sshd;
  let far: string;
  let here: string;

  beforeAll(async () => {
    sshd = await Sshd.start();
  });
  afterAll(() => sshd.close());

  beforeEach(async () => {
    far = await temporaryDirectory();
    here = await temporaryDirectory();
    for (const directory of ['bin', 'tmp']) mkdirSync(join(far, directory));
    for (const tool of ['bulkloader', 'bulkdownloader']) install(tool, 'exit 0');
    writeFileSync(join(here, 'boot.fcl'), `a: "${'x'.repeat(50_000)}"\n`);
    login(join(far, 'tmp'));
  });

  afterEach(() => {
    sshd.isDown = false;
    sshd.trust();
    sshd.useKey('user-key');
  });

  function install(program: string, script: string): void {
    writeFileSync(join(far, 'bin', program), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }

  function login(temporary: string): void {
    sshd.login({ env: { PATH: `${far}/bin:/usr/bin:/bin`, TMPDIR: temporary, FAR: far } });
  }

  function host(options: Partial<RemoteHostOptions> = {}): RemoteHost {
    return new RemoteHost({
      remoteHost: Sshd.host,
      verifyHostKey: true,
      databaseUri: 'filesystemdb:///nowhere',
      takesThreads: false,
      hide: (text) => text,
      env: process.env,
      logger: recordingLogger(),
      ssh: sshd.ssh,
      limits: { tool: 60, patience: 1, grace: 1, around: 60 },
      ...options,
    });
  }

  async function failure(tool: Tool = 'bulkloader', target = host()): Promise<ArchiverError> {
    const work = target.run({ tool, run: 7, config: 'cfg', directory: here });
    const outcome = await work.catch((error: unknown) => error);
    expect(outcome).toBeInstanceOf(ArchiverError);
    return outcome as ArchiverError;
  }

  it.each<[what: string, spoil: () => void]>([
    [
      'does not answer',
      () => {
        sshd.isDown = true;
      },
    ],
    ['has an unknown key', () => sshd.trust('nothing')],
    ['has another key', () => sshd.trust('other-key')],
    ['refuses the login', () => sshd.useKey('other-key')],
    ['has no temporary directory', () => login(join(far, 'none'))],
    ['has not the tools', () => login('/tmp')],
    ['can not make a temporary directory', () => install('mktemp', 'exit 1')],
    ['can not write the files', () => install('head', 'exit 1')],
    ['has no room to unpack them', () => install('tar', 'echo "tar: No space left on device" >&2; exit 2')],
  ])("is the site's if it %s", async (what, spoil) => {
    spoil();
    if (what === 'has not the tools') sshd.login({ env: { PATH: '/usr/bin:/bin' } });
    expect(await failure()).toMatchObject({ fault: 'site', place });
  });

  it("is the site's if the port is closed, the name not known, or ssh missing", async () => {
    const port = String(await closedPort());
    const closed = host({ ssh: [...sshd.ssh, '-p', port] });
    expect(await failure('bulkloader', closed)).toMatchObject({ fault: 'site', place });
    const remoteHost = 'no-such-host.invalid';
    const unknown = host({ remoteHost, ssh: ['ssh', '-F', '/dev/null'] });
    expect(await failure('bulkloader', unknown)).toMatchObject({
      fault: 'site',
      place: `host ${remoteHost}`,
    });
    const missing = host({ env: { PATH: join(far, 'bin') } });
    expect(await failure('bulkloader', missing)).toMatchObject({ fault: 'site', place });
  });

  it("is the site's if the host goes away between two runs", async () => {
    const target = host();
    await target.run({ tool: 'bulkloader', run: 6, config: 'cfg', directory: here });
    sshd.isDown = true;
    expect(await failure('bulkloader', target)).toMatchObject({ fault: 'site', place, retryable: true });
  });

  it.each<[what: string, script: string]>([
    ['a tool that fails', 'exit 1'],
    ['a tool that crashes', 'kill -SEGV $$'],
    ['a connection that breaks', 'kill -9 $PPID'],
  ])('is not known of %s', async (_what, script) => {
    install('bulkloader', script);
    expect(await failure()).toMatchObject({ fault: 'unknown', place: undefined });
  });

  it.each<[tool: Tool, at: string | undefined]>([
    ['bulkloader', undefined],
    ['bulkdownloader', place],
  ])("is the site's if %s says that a disk is full", async (tool, at) => {
    install(tool, 'echo "write: No space left on device" >&2; exit 1');
    const error = await failure(tool);
    expect(error).toMatchObject({ fault: 'site', retryable: true, place: at });
    expect(error.message).toMatch(/disk .*is full/);
    expect(error.message).not.toMatch(/find the run/);
  });

  it('tells what a tool complained of although it succeeded', async () => {
    install('bulkdownloader', 'echo "write: No space left on device" >&2');
    const work = host().run({
      tool: 'bulkdownloader',
      run: 7,
      config: 'cfg',
      directory: await temporaryDirectory(),
    });
    expect(await work).toMatchObject({ place, text: expect.stringMatching(/full/) });
  });

  it.runIf(canMount())("is the site's if the temporary directory there is full", async () => {
    const disk = smallDisk(512);
    login(disk.directory);
    for (const left of [0, 20]) {
      disk.fill(left);
      expect(await failure()).toMatchObject({ fault: 'site', place, retryable: true });
    }
    disk.makeRoom();
    await host().run({ tool: 'bulkloader', run: 7, config: 'cfg', directory: here });
    install('bulkdownloader', 'mkdir "$6/cfg" && head -c 100000 /dev/zero >"$6/cfg/a.fcl"');
    for (const left of [40, 150]) {
      disk.fill(left);
      const error = await failure('bulkdownloader');
      expect(error).toMatchObject({ fault: 'site', place, retryable: true });
      expect(error.message).not.toMatch(/find the run/);
    }
  });

  it('keeps what ssh says of a key that it does not use', async () => {
    const key = join(sshd.directory, 'user-key');
    chmodSync(key, 0o644);
    const open = await failure();
    chmodSync(key, 0o600);
    expect(open).toMatchObject({ fault: 'site', place });
    expect(open.message).toMatch(/Permissions 0644 for .*user-key' are too open.*Permission denied/s);
    expect(open.message).toMatch(/Load key .*user-key": bad permissions/);
    expect(open.message).not.toContain('\n');

    const whole = readFileSync(key);
    writeFileSync(key, 'no key\n');
    const broken = await failure();
    writeFileSync(key, whole);
    expect(broken.message).toMatch(/Load key .*user-key": (?!bad).*Permission denied/);
  });
});
