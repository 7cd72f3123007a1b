import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { readDocuments } from '../helpers/documents.ts';
import { account } from '../helpers/site.ts';
import { useSite } from '../helpers/use-site.ts';

const project = resolve(import.meta.dirname, '../..');
const { site, ucondb } = useSite();
let root: string;
let program: string;
let etc: string;

/** An installation of its own, as archiver.env is written there. */
beforeEach(() => {
  site.addRun(1);
  root = join(site.directory, 'installed here');
  program = join(root, 'bin/run-archiver');
  etc = join(site.directory, 'etc');
  for (const name of ['bin', 'dist/programs', 'package.json', 'config.yaml.template'])
    cpSync(join(project, name), join(root, name), { recursive: true });
  symlinkSync(join(project, 'node_modules'), join(root, 'node_modules'));
});

const environment = { PATH: process.env.PATH, TERM: 'xterm', SHELL: '/bin/sh', no_proxy: '*' };

/** Runs the program on a terminal of its own, and types each answer when its question has come. */
async function onTerminal(answers: readonly (readonly [string, string])[]): Promise<string> {
  const command = `'${program}' --init '${etc}'; echo "exit code $?"`;
  const script = spawn('script', ['-qec', command, '/dev/null'], { env: environment });
  let screen = '';
  const open = [...answers];
  script.stdout.setEncoding('utf8').on('data', (text: string) => {
    screen += text;
    const [question, answer] = open[0] ?? [];
    if (question === undefined || !screen.includes(question)) return;
    open.shift();
    script.stdin.write(answer);
  });
  await once(script, 'close');
  return screen;
}

describe('--init on a terminal', () => {
  it('asks, writes both files, and checks them; the password is never shown', async () => {
    const screen = await onTerminal([
      ['state and log', `${site.work}\r`],
      ['run records', `${site.runRecords}\r`],
      ['artdaqDB', `filesystemdb://${site.database}\r`],
      ['schema.fcl', `${join(site.directory, 'conf')}\r`],
      ['UconDB, https', `${ucondb.url}\r`],
      ['Folder', `${account.folder}\r`],
      ['Object', 'runs\r'],
      ['Account', `${account.user}\r`],
      ['Its password', `${account.password}\r`],
    ]);
    expect(screen).toContain(`Wrote ${join(etc, 'config.yaml')}`);
    expect(screen).toContain('archiver.env, which holds UCONDB_PASSWORD');
    expect(screen).toMatch(/✓ UconDB .*: folder and login are right/);
    expect(screen).toContain(' 0 failed, 0 with warnings');
    expect(screen).toContain('exit code 0');
    expect(screen).not.toContain(account.password);
    expect(readFileSync(join(root, 'archiver.env'), 'utf8')).toBe(`UCONDB_PASSWORD='${account.password}'\n`);
    expect(statSync(join(root, 'archiver.env')).mode & 0o777).toBe(0o600);
  });

  it.each([
    ['Ctrl-C', '\x03'],
    ['Ctrl-D', '\x04'],
  ])('ends with 130 and writes nothing after %s', async (_, key) => {
    const screen = await onTerminal([
      ['state and log', `${site.work}\r`],
      ['run records', key],
    ]);
    expect(screen).toContain('exit code 130');
    expect([existsSync(etc), existsSync(join(root, 'archiver.env'))]).toEqual([false, false]);
  });
});

describe('--init without a terminal', () => {
  const run = (args: readonly string[], env = {}) => {
    const options = { env: { ...environment, ...env }, encoding: 'utf8' } as const;
    const { status, stdout, stderr } = spawnSync(program, ['--init', etc, ...args], options);
    return { status, stdout, stderr };
  };

  it('makes what the guide shows, and nothing twice', () => {
    const guide = readDocuments().find(({ path }) => path.endsWith('DEPLOYMENT_GUIDE.md'));
    const example =
      guide?.blocks.find(({ text }) => text.includes('--init'))?.text.replaceAll('\\\n', '') ?? '';
    const [, ...words] = example.split('--init')[1]?.trim().split(/\s+/) ?? [];
    const made = run(words, { UCONDB_PASSWORD: 'sesame' });
    // Nothing that the example names is there.
    expect([made.status, made.stderr]).toEqual([1, '']);
    expect(made.stdout).toMatch(/✓ configuration \S+\/etc\/config\.yaml: no problems found/);
    expect(made.stdout).toMatch(/✗ run_records_dir \/daq\/run_records/);
    expect(readFileSync(join(etc, 'config.yaml'), 'utf8')).toContain(
      'server_url: "https://ucondb.example.com',
    );
    const again = run(words, { UCONDB_PASSWORD: 'sesame' });
    expect(again).toEqual({
      status: 1,
      stdout: '',
      stderr: expect.stringContaining('config.yaml exists and is left alone'),
    });
  });

  it('says why the file cannot be written', () => {
    etc = join(site.config, 'etc');
    const needed = ['server_url=https://u/app', 'folder_name=f', 'object_name=o', 'writer_user=w'];
    const { status, stderr } = run(needed.flatMap((value) => ['--set', `ucon_db.${value}`]));
    expect([status, stderr]).toEqual([
      1,
      expect.stringMatching(/^run-archiver: \S+etc\/config\.yaml can't be written: .*not a directory/),
    ]);
  });
});
