import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ArchiverHere, archiveHere } from '../helpers/archiver-here.ts';
import type { Ended } from '../helpers/archiver-process.ts';
import { closedPort } from '../helpers/closed-port.ts';
import { SilentServer } from '../helpers/silent-server.ts';
import { SlackServer } from '../helpers/slack-server.ts';
import { certificateFile, MailServer } from '../helpers/smtp-server.ts';
import { useSite } from '../helpers/use-site.ts';

const secrets = { password: 'smtp-only-in-tests', token: 'xoxb-only-in-tests' };
const login = { user: 'archiver', password: secrets.password };

const { site, ucondb, start } = useSite();
let mail: MailServer;
let slack: SlackServer;

beforeEach(async () => {
  mail = await MailServer.start({ login });
  slack = await SlackServer.start();
  report();
});

afterEach(async () => {
  await Promise.all([mail.close(), slack.close()]);
});

/** Configures notifications by both channels, with parameters in place of theirs. */
function report(email: Readonly<Record<string, unknown>> = {}, repeatHours = 24): void {
  const config = JSON.parse(readFileSync(site.config, 'utf8')) as Record<string, unknown>;
  config.reporting = {
    repeat_hours: repeatHours,
    email: {
      enabled: true,
      recipient_email: 'shift@example.com, experts@example.com',
      sender_email: 'archiver@example.com',
      smtp_host: 'localhost',
      smtp_port: mail.port,
      smtp_use_tls: true,
      // Only a process that starts with NODE_EXTRA_CA_CERTS knows the server's certificate.
      smtp_tls_verify: false,
      smtp_user: login.user,
      smtp_password: login.password,
      ...email,
    },
    slack: { enabled: true, bot_token: secrets.token, channel: '#alerts', mention_users: 'U1,U2' },
  };
  writeFileSync(site.config, JSON.stringify(config));
}

const environment = () => ({
  SLACK_API_URL: slack.url,
  NO_PROXY: '127.0.0.1,localhost',
});

/** Runs the archiver in this process; nothing it says may hold a secret. */
async function run(flags: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  return withoutSecrets(await archiveHere([site.config, '-v', ...flags], { ...environment(), ...env }));
}

/** The same as a process of its own, with a variable that counts when a process starts. */
async function runAlone(flags: readonly string[], env: Readonly<Record<string, string>>): Promise<Ended> {
  return withoutSecrets(await start(['-v', ...flags], { env: { ...environment(), ...env } }).ended);
}

function withoutSecrets(ended: Ended): Ended {
  for (const secret of Object.values(secrets)) {
    expect(`${ended.stdout}${ended.stderr}`).not.toContain(secret);
  }
  return ended;
}

const subjects = () => mail.mails.map((taken) => taken.mail.subject?.replace(/ on .*/, ''));
const headers = () => slack.posted.map(({ blocks }) => blocks[0]?.text?.text);
const warningsOf = ({ stdout }: Ended) =>
  stdout.split('\n').filter((line) => line.includes('run_record_archiver.reporter - WARNING'));

describe('failed runs', () => {
  it('are reported once by both channels, then no more until they are archived', async () => {
    report({ smtp_tls_verify: true });
    site.addRuns(1);
    site.addFaultyRun(2);
    expect((await runAlone(['--incremental'], { NODE_EXTRA_CA_CERTS: certificateFile })).code).toBe(1);
    report();
    expect(mail.mails).toHaveLength(1);
    expect(mail.mails[0]).toMatchObject({
      sender: 'archiver@example.com',
      recipients: ['shift@example.com', 'experts@example.com'],
      secure: true,
      user: 'archiver',
    });
    const { subject, text, html } = mail.mails[0]?.mail ?? {};
    expect(subject).toMatch(/^Run Record Archiver Import Errors on \S+ at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
    expect(text).toMatch(/^The following runs failed during the import stage:\n\n2: .*component01\.fcl/);
    expect(html).toContain('<td>2</td>');
    expect(slack.posted).toMatchObject([{ channel: '#alerts', token: secrets.token }]);
    expect(slack.posted[0]?.text).toContain('<@U1> <@U2>');

    expect((await run(['--incremental'])).code).toBe(0);
    expect((await run([])).code).toBe(1);
    expect((await run(['--retry-failed-import'])).code).toBe(1);
    expect([mail.mails.length, slack.posted.length]).toEqual([1, 1]);

    site.repair(2);
    expect((await run(['--retry-failed-import'])).code).toBe(0);
    expect(subjects()).toEqual(['Run Record Archiver Import Errors', 'Run Record Archiver Import Recovered']);
    expect(headers()).toEqual([
      '⚠️ Run Record Archiver Import Failures',
      '✅ Run Record Archiver Import Recovered',
    ]);
    expect((await run([])).code).toBe(0);
    expect(mail.mails).toHaveLength(2);
  });

  it('are reported for each stage that has any, and by each execution if that is configured', async () => {
    report({}, 0);
    site.addFaultyRun(2);
    site.addRuns(1);
    await ucondb.stop();
    expect((await run([])).code).toBe(1);
    expect(subjects()).toEqual(['Run Record Archiver Import Errors', 'Run Record Archiver Migration Errors']);
    expect(mail.mails[1]?.mail.text).toContain('The migrate stage itself failed:');
    expect((await run(['--incremental'])).code).toBe(1);
    expect(mail.mails.slice(2).map((taken) => taken.mail.subject)).toEqual([
      expect.stringMatching(/Import Errors .*\(reminder\)$/),
      expect.stringMatching(/Migration Errors .*\(reminder\)$/),
    ]);
    expect(mail.mails[2]?.mail.text).toContain('1 run is still in the import failure log');
  });

  it('count as over once no run waits, not when the runs asked for are well', async () => {
    site.addRuns(1);
    const preload = new URL('../helpers/full-disk.mjs', import.meta.url).href;
    const full = { FULL_DISK_DIRECTORY: site.database, FULL_DISK_BYTES: '0' };
    const outage = await runAlone(['--import-only', '--incremental'], {
      NODE_OPTIONS: `--import=${preload}`,
      ...full,
    });
    expect(outage.code).toBe(1);
    expect(subjects()).toEqual(['Run Record Archiver Import Errors']);
    site.addRuns(2);
    expect((await run(['--import-only', '--runs', '2'])).code).toBe(0);
    expect((await run(['--retry-failed-import'])).code).toBe(0);
    expect(mail.mails).toHaveLength(1);
    expect((await run(['--import-only', '--incremental'])).code).toBe(0);
    expect(mail.mails).toHaveLength(2);
  });

  it('do not count as over because a stop comes while a stage lists its runs', async () => {
    site.addRuns(1);
    await ucondb.stop();
    expect((await run(['--incremental'])).code).toBe(1);
    expect(subjects()).toEqual(['Run Record Archiver Migration Errors']);
    const silent = await SilentServer.start();
    try {
      site.configure(`http://127.0.0.1:${silent.port}/app`);
      report();
      const archiver = new ArchiverHere([site.config, '--migrate-only', '--incremental'], {
        env: environment(),
      });
      await silent.connected;
      archiver.kill('SIGTERM');
      expect((await archiver.ended).code).toBe(130);
    } finally {
      await silent.close();
    }
    expect(mail.mails).toHaveLength(1);
  });

  it('are not reported by a preview, a report or a recovery', async () => {
    site.addFaultyRun(2);
    await run(['--dry-run']);
    await run(['--report-status']);
    await run(['--recover-import-state']);
    await run(['--verify']);
    expect([mail.mails, slack.posted]).toEqual([[], []]);
  });
});

describe('an error that ends an execution', () => {
  it('is reported once, with --quiet and in any mode, and once when it is over', async () => {
    writeFileSync(site.work, '');
    for (const flags of [
      ['--incremental', '-q'],
      ['--incremental', '-q'],
      ['--recover-import-state', '-q'],
    ]) {
      expect((await run(flags)).code).toBe(1);
    }
    // What was told can't be noted anywhere: the work directory itself is missing.
    expect(subjects()).toEqual(Array.from({ length: 3 }, () => 'Run Record Archiver Execution Errors'));
    expect(mail.mails[0]?.mail.text).toMatch(/^The execution failed:\n\napp\.work_dir .*work can't be made/);
    expect(headers()[0]).toBe('⚠️ Run Record Archiver Execution Failures');
    rmSync(site.work);
    mkdirSync(site.lockFile, { recursive: true });
    for (let times = 0; times < 2; times++) expect((await run(['--incremental'])).code).toBe(1);
    rmSync(site.lockFile, { recursive: true });
    for (let times = 0; times < 2; times++) expect((await run(['--incremental'])).code).toBe(0);
    expect(subjects().slice(3)).toEqual([
      'Run Record Archiver Execution Errors',
      'Run Record Archiver Execution Recovered',
    ]);
  });

  it('is not reported if another archiver is at work, or if a person asked', async () => {
    site.addRuns(1);
    const held = ucondb.hold();
    const first = start(['--incremental'], { env: environment() });
    await held;
    expect((await run(['--incremental'])).code).toBe(1);
    ucondb.release();
    expect((await first.ended).code).toBe(0);
    await ucondb.stop();
    expect((await run(['--verify'])).code).toBe(1);
    expect((await run(['--report-status'])).code).toBe(1);
    expect((await run(['--restore', '1', '--to', `${site.directory}/to`])).code).toBe(1);
    expect([mail.mails, slack.posted]).toEqual([[], []]);
  });

  it('is reported even if no code catches it', async () => {
    site.addRuns(1);
    // Not in the processes that look hosts up.
    const bug = `import { existsSync } from 'node:fs';
      const timer = setInterval(() => {
        if (!process.argv[1]?.endsWith('archiver-without-pause.mjs') || !existsSync(${JSON.stringify(`${site.work}/importer_seen.json`)})) return;
        clearInterval(timer);
        throw new Error('a timer broke');
      }, 1).unref();`;
    const { code } = await runAlone(['--incremental'], {
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(bug)}`,
    });
    expect(code).toBe(2);
    expect(mail.mails[0]?.mail.text).toMatch(/^The execution failed:\n\na timer broke/);
  });
});

describe('a notification that cannot be sent', () => {
  it.each([
    ['refuses the login', { smtp_password: 'wrong-password' }, 'smtp_user and smtp_password'],
    ['has an unknown certificate', { smtp_tls_verify: true }, 'smtp_tls_verify'],
    ['does not exist', { smtp_host: 'no-such-host.invalid' }, 'smtp_host'],
    ['takes no such recipients', { recipient_email: 'nobody' }, 'recipient_email'],
  ])('because the mail server %s changes nothing else, and is tried again', async (_, email, advice) => {
    report(email);
    site.addFaultyRun(2);
    const ended = await run(['--incremental']);
    expect(ended.code).toBe(1);
    expect(ended.stdout).not.toContain('wrong-password');
    expect(warningsOf(ended)).toEqual([expect.stringContaining(advice)]);
    expect(site.read('import_failures.log')).toBe('2\n');
    expect(slack.posted).toHaveLength(1);
    report();
    expect((await run(['--incremental'])).code).toBe(0);
    expect(subjects()).toEqual(['Run Record Archiver Import Errors']);
    expect(slack.posted).toHaveLength(1);
  });

  it('because Slack refuses it changes nothing else', async () => {
    slack.answer = { kind: 'error', error: 'invalid_auth' };
    site.addFaultyRun(2);
    const ended = await run(['--import-only']);
    expect(ended.code).toBe(1);
    expect(warningsOf(ended)).toEqual([expect.stringContaining('reporting.slack.bot_token')]);
    expect(subjects()).toEqual(['Run Record Archiver Import Errors']);
  });

  it('because nobody answers changes nothing else', async () => {
    report({ smtp_port: await closedPort() });
    site.addRuns(1);
    site.addFaultyRun(2);
    const ended = await run([], { SLACK_API_URL: `http://127.0.0.1:${await closedPort()}/` });
    expect(ended.code).toBe(1);
    expect(warningsOf(ended)).toHaveLength(2);
    expect(await ucondb.runs()).toEqual([1]);
  });

  it('because servers take the connection and stay silent changes nothing else', async () => {
    const silent = await Promise.all([SilentServer.start(), SilentServer.start('220 hello\r\n')]);
    const [silentSlack, silentMail] = silent;
    try {
      report({ smtp_port: silentMail.port });
      site.addFaultyRun(2);
      const ended = await run(['--import-only'], { SLACK_API_URL: `http://127.0.0.1:${silentSlack.port}/` });
      expect(ended.code).toBe(1);
      expect(ended.stdout).toContain('EXECUTION COMPLETED WITH FAILURES');
      expect(warningsOf(ended)).toHaveLength(2);
    } finally {
      await Promise.all(silent.map((server) => server.close()));
    }
  });
});
