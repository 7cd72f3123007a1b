import { afterEach, describe, expect, it } from 'vitest';
import { EmailChannel, type EmailSettings, smtpOptions } from '../../../src/notify/email.ts';
import { closedPort } from '../../helpers/closed-port.ts';
import { recordingLogger } from '../../helpers/recording-logger.ts';
import { SilentServer } from '../../helpers/silent-server.ts';
import { MailServer, type MailServerOptions } from '../../helpers/smtp-server.ts';
import { exampleReport } from '../../unit/notify/example-report.ts';

const password = 'only-in-these-tests';
const login = { user: 'archiver', password };

let server: MailServer | SilentServer | undefined;

afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function startServer(options: MailServerOptions = {}): Promise<MailServer> {
  const started = await MailServer.start(options);
  server = started;
  return started;
}

function settings(port: number, details: Partial<EmailSettings> = {}): EmailSettings {
  return {
    recipientEmail: 'shift@example.com',
    senderEmail: 'archiver@example.com',
    smtpHost: '127.0.0.1',
    smtpPort: port,
    smtpUseTls: false,
    smtpTlsVerify: false,
    smtpUser: undefined,
    smtpPassword: undefined,
    ...details,
  };
}

const logger = recordingLogger();
afterEach(() => {
  const log = logger.lines.splice(0).join('\n');
  expect(log).not.toContain(password);
});

function send(to: EmailSettings, signal = new AbortController().signal): Promise<void> {
  return new EmailChannel(to, logger).send(exampleReport(), signal);
}

/** Why a message was not sent; checked to hold no password. */
async function failure(to: EmailSettings): Promise<string> {
  const message = await send(to).then(
    () => 'sent',
    (error: Error) => error.message,
  );
  for (const secret of [password, Buffer.from(password).toString('base64')]) {
    expect(message).not.toContain(secret);
  }
  return message;
}

describe('an email', () => {
  it('is text and HTML, from and to the addresses given', async () => {
    const { mails, port } = await startServer();
    await send(settings(port));
    expect(mails).toHaveLength(1);
    expect(mails[0]).toMatchObject({ sender: 'archiver@example.com', recipients: ['shift@example.com'] });
    const { subject, text, html, from, headers } = mails[0]?.mail ?? {};
    expect(subject).toBe('Run Record Archiver Import Errors on daq01 at 2026-03-01 12:00:00');
    expect(text).toContain('12: run 12 has no metadata.txt');
    expect(html).toContain('<td>12</td><td>run 12 has no metadata.txt</td>');
    expect(from?.text).toBe('archiver@example.com');
    expect(headers?.get('auto-submitted')).toBe('auto-generated');
    expect(logger.lines).toContain('INFO Failure report email sent successfully to shift@example.com.');
  });

  it('goes to several recipients', async () => {
    const { mails, port } = await startServer();
    await send(
      settings(port, { recipientEmail: 'a@example.com, "Shift, Late" <b@example.com>,c@example.com,' }),
    );
    expect(mails[0]?.recipients).toEqual(['a@example.com', 'b@example.com', 'c@example.com']);
  });

  it('goes to the recipients that the server knows, and the others are named', async () => {
    const { mails, port } = await startServer({ refusedRecipients: ['gone@example.com'] });
    await send(settings(port, { recipientEmail: 'gone@example.com, a@example.com' }));
    expect(mails[0]?.recipients).toEqual(['a@example.com']);
    expect(logger.lines.filter((line) => line.startsWith('WARNING'))).toEqual([
      expect.stringContaining('refused gone@example.com'),
    ]);
    expect(logger.lines.at(-1)).toBe('INFO Failure report email sent successfully to a@example.com.');
  });

  it('keeps characters outside ASCII and long lines', async () => {
    const { mails, port } = await startServer();
    const cause = () => `Fehler bei “μBooNE”: ${'x'.repeat(3000)}\n.\n.end`;
    await new EmailChannel(settings(port), logger).send(
      exampleReport({ newRuns: [12], cause }),
      new AbortController().signal,
    );
    expect(mails[0]?.mail.text).toContain('“μBooNE”');
    expect(mails[0]?.mail.text).toContain('Once the cause is removed');
  });
});

describe('the connection', () => {
  it('stays plain without smtp_use_tls, even if STARTTLS is offered', async () => {
    const { mails, port } = await startServer();
    await send(settings(port));
    expect(mails[0]?.secure).toBe(false);
  });

  it('uses STARTTLS', async () => {
    const { mails, port } = await startServer();
    await send(settings(port, { smtpUseTls: true }));
    expect(mails[0]?.secure).toBe(true);
  });

  it('is refused if smtp_use_tls is set and STARTTLS is not offered', async () => {
    const { mails, port } = await startServer({ tls: false });
    expect(await failure(settings(port, { smtpUseTls: true }))).toContain(
      'Check reporting.email.smtp_port and smtp_use_tls',
    );
    expect(mails).toEqual([]);
  });

  it('is refused if the certificate can not be verified', async () => {
    const { mails, port } = await startServer();
    expect(await failure(settings(port, { smtpUseTls: true, smtpTlsVerify: true }))).toMatch(
      /self-signed certificate.*NODE_EXTRA_CA_CERTS.*smtp_tls_verify/,
    );
    expect(mails).toEqual([]);
  });

  it.each([true, false])('is TLS from the beginning on port 465 (smtp_use_tls: %s)', async (smtpUseTls) => {
    const { mails, port } = await startServer({ tls: 'implicit' });
    const on465 = settings(465, { smtpUseTls });
    const channel = new EmailChannel(on465, logger, { ...smtpOptions(on465), port });
    await channel.send(exampleReport(), new AbortController().signal);
    expect(mails[0]?.secure).toBe(true);
  });

  it('logs in, with and without TLS', async () => {
    const { mails, port } = await startServer({ login });
    for (const smtpUseTls of [true, false]) {
      await send(settings(port, { smtpUseTls, smtpUser: login.user, smtpPassword: password }));
    }
    expect(mails.map(({ user, secure }) => [user, secure])).toEqual([
      ['archiver', true],
      ['archiver', false],
    ]);
  });
});

describe('an error says what to do', () => {
  it.each([
    ['as it was given', (tried: string) => tried],
    ['in base64', (tried: string) => Buffer.from(`\0archiver\0${tried}`).toString('base64')],
  ])(
    'if the login is refused, without the password, even if the server repeats it %s',
    async (_, repeated) => {
      const { port } = await startServer({
        login: { ...login, password: 'other' },
        refuseLogin: (tried) => `not ${repeated(tried)}`,
      });
      const message = await failure(settings(port, { smtpUser: login.user, smtpPassword: password }));
      expect(message).toMatch(
        /: Invalid login: 535 not \*\*\*\. Check reporting\.email\.smtp_user and smtp_password\.$/,
      );
    },
  );

  it('if the server demands a login and gets none', async () => {
    const { port } = await startServer({ login });
    expect(await failure(settings(port))).toMatch(/authentication|530/i);
  });

  it('if the server does not know the recipients', async () => {
    const { port } = await startServer({ refusedRecipients: ['shift@example.com'] });
    expect(await failure(settings(port))).toMatch(/no such user.*Check reporting\.email\.recipient_email/);
  });

  it.each(['', ' , ', 'no address', '@'])(
    'if the recipients are no addresses: %j',
    async (recipientEmail) => {
      const { mails, port } = await startServer();
      expect(await failure(settings(port, { recipientEmail }))).toContain(
        'Check reporting.email.recipient_email',
      );
      expect(mails).toEqual([]);
    },
  );

  it('if nobody listens on the port', async () => {
    expect(await failure(settings(await closedPort()))).toMatch(
      /ECONNREFUSED.*Check reporting\.email\.smtp_host/,
    );
  });

  it('if the host does not exist', async () => {
    expect(await failure(settings(25, { smtpHost: 'no-such-host.invalid' }))).toMatch(
      /no-such-host\.invalid.*Check reporting\.email\.smtp_host/,
    );
  });

  it('if the server is of another kind', async () => {
    server = await SilentServer.start('HTTP/1.1 400 Bad Request\r\n\r\n');
    expect(await failure(settings(server.port))).toContain('Check reporting.email.smtp_host');
  });

  it.each(['', '220 hello\r\n'])(
    'if the server says %j and then nothing, until the message is given up',
    async (greeting) => {
      const silent = await SilentServer.start(greeting);
      server = silent;
      const stop = new AbortController();
      const sending = send(settings(silent.port), stop.signal);
      await silent.connected;
      stop.abort();
      await expect(sending).rejects.toThrow('did not take the message');
      await silent.disconnected;
    },
  );
});
