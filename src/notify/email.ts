import { connect } from 'node:net';
import type { SMTPTransportOptions } from 'nodemailer';
import type { ArchiverConfig } from '../config/archiver-config.ts';
import { messageOf, NotificationError } from '../errors.ts';
import type { Usability } from '../files/directory-access.ts';
import { makeRedactor } from '../log/log-line.ts';
import type { Logger } from '../log/logger.ts';
import { reasonOf } from '../net/failure-reason.ts';
import { killableLookup, withoutBrackets } from '../net/host-lookup.ts';
import { errorCode } from '../system-error.ts';
import { emailContent } from './email-content.ts';
import type { CheckableChannel, StageReport } from './stage-report.ts';

/** Section `reporting.email` with what is required when it is enabled. */
export type EmailSettings = Pick<
  ArchiverConfig['reporting']['email'],
  'smtpPort' | 'smtpUseTls' | 'smtpTlsVerify' | 'smtpUser' | 'smtpPassword'
> & {
  readonly recipientEmail: string;
  readonly senderEmail: string;
  readonly smtpHost: string;
};

const IMPLICIT_TLS_PORT = 465;
const TIMEOUT_MS = 10_000;
/** For each silence during a check. */
const CHECK_TIMEOUT_MS = 8000;
/** How long a server may take to close a connection that is no longer needed. */
const CLOSE_TIMEOUT_MS = 500;

/** Sends messages by email. */
export class EmailChannel implements CheckableChannel {
  readonly name = 'email';
  readonly location: string;
  readonly #settings: EmailSettings;
  readonly #logger: Logger;
  readonly #options: SMTPTransportOptions;

  /** @param options of the connection, other than those that follow from the settings */
  constructor(settings: EmailSettings, logger: Logger, options = smtpOptions(settings)) {
    this.location = `${settings.smtpHost}:${settings.smtpPort}, to ${settings.recipientEmail}`;
    this.#settings = settings;
    this.#logger = logger;
    this.#options = options;
  }

  async send(report: StageReport, signal: AbortSignal): Promise<void> {
    const { recipientEmail, senderEmail, smtpHost, smtpPort } = this.#settings;
    this.#logger.info(`Connecting to SMTP server ${smtpHost}:${smtpPort} to send failure report.`);
    // Loaded only now, as most executions have nothing to tell.
    const { createTransport } = await import('nodemailer');
    const transport = createTransport({ ...this.#options, getSocket: socketGetter(this.#options, signal) });
    try {
      const { accepted, rejected } = await transport.sendMail({
        from: senderEmail,
        to: recipientEmail,
        headers: { 'Auto-Submitted': 'auto-generated' },
        ...emailContent(report),
        signal,
      });
      if (rejected.length > 0) {
        this.#logger.warning(
          `The SMTP server ${smtpHost} refused ${rejected.join(', ')}; only the other recipients get the ` +
            'failure report. Check reporting.email.recipient_email.',
        );
      }
      this.#logger.info(`Failure report email sent successfully to ${accepted.join(', ')}.`);
    } catch (error) {
      throw new NotificationError(emailAdvice(error, this.#settings), { cause: error });
    } finally {
      transport.close();
    }
  }

  /** Connects as for a message, with TLS and login if these are configured. */
  async check(signal: AbortSignal): Promise<Usability> {
    const { createTransport } = await import('nodemailer');
    const options = this.#options;
    const transport = createTransport({
      ...options,
      connectionTimeout: CHECK_TIMEOUT_MS,
      greetingTimeout: CHECK_TIMEOUT_MS,
      socketTimeout: CHECK_TIMEOUT_MS,
      getSocket: socketGetter(options, signal),
    });
    try {
      await transport.verify();
    } catch (error) {
      const advice = emailAdvice(error, this.#settings, 'does not let us send');
      throw new NotificationError(advice, { cause: error });
    } finally {
      transport.close();
    }
    const tls = options.secure ? 'with TLS' : options.requireTLS ? 'with STARTTLS' : 'without encryption';
    return { text: `answers, ${tls}, ${options.auth === undefined ? 'without login' : 'logged in'}` };
  }
}

/**
 * How to connect. Port 465 is TLS from the beginning. Elsewhere STARTTLS is either required or, as in the reference program,
 * not used even if offered. A login needs user and password.
 */
export function smtpOptions(settings: EmailSettings): SMTPTransportOptions {
  const { smtpHost, smtpPort, smtpUseTls, smtpTlsVerify, smtpUser, smtpPassword } = settings;
  const hasLogin = smtpUser !== undefined && smtpPassword !== undefined;
  return {
    host: withoutBrackets(smtpHost),
    port: smtpPort,
    secure: smtpPort === IMPLICIT_TLS_PORT,
    requireTLS: smtpUseTls,
    ignoreTLS: !smtpUseTls,
    tls: { rejectUnauthorized: smtpTlsVerify },
    ...(hasLogin ? { auth: { user: smtpUser, pass: smtpPassword } } : {}),
    connectionTimeout: TIMEOUT_MS,
    greetingTimeout: TIMEOUT_MS,
    socketTimeout: TIMEOUT_MS,
    socketCloseTimeout: CLOSE_TIMEOUT_MS,
  };
}

/**
 * Connects to the server after looking its name up as all programs of the host do (nodemailer asks DNS servers past
 * /etc/hosts). The signal closes the connection.
 */
function socketGetter(
  { host = '', port = 0 }: SMTPTransportOptions,
  signal: AbortSignal,
): NonNullable<SMTPTransportOptions['getSocket']> {
  return (_options, done) => {
    const socket = connect({ host, port: Number(port), lookup: killableLookup(signal) });
    signal.addEventListener('abort', () => socket.destroy(), { once: true });
    socket.once('error', done);
    socket.once('connect', () => {
      socket.off('error', done);
      done(null, { connection: socket });
    });
  };
}

/**
 * Why an email could not be sent, and what to do about it. The password is left out in every form that a server may repeat.
 * @param problem what the server did
 */
function emailAdvice(error: unknown, settings: EmailSettings, problem = 'did not take the message'): string {
  const { smtpHost, smtpPort } = settings;
  const reason = withoutLogin(reasonOf(error), settings);
  return `The SMTP server ${smtpHost}:${smtpPort} ${problem}: ${reason}. ${adviceFor(error)}`;
}

function adviceFor(error: unknown): string {
  const code = errorCode(error);
  const text = messageOf(error);
  if (/certificate|altnames/i.test(text)) {
    return (
      'If the certificate is right, name its authority in the environment variable NODE_EXTRA_CA_CERTS; ' +
      'reporting.email.smtp_tls_verify: false accepts any.'
    );
  }
  switch (code) {
    case 'EAUTH':
      return 'Check reporting.email.smtp_user and smtp_password.';
    case 'ETLS':
      return 'Check reporting.email.smtp_port and smtp_use_tls (port 465 is TLS from the beginning).';
    case 'EENVELOPE':
      return 'Check reporting.email.recipient_email and sender_email.';
    case 'EMESSAGE':
      return 'Ask the administrator of the mail server.';
    default:
      return 'Check reporting.email.smtp_host and smtp_port, and that the server answers there.';
  }
}

function withoutLogin(text: string, { smtpUser = '', smtpPassword }: EmailSettings): string {
  if (smtpPassword === undefined) return text;
  const base64 = (value: string) => Buffer.from(value).toString('base64');
  const forms = [smtpPassword, base64(smtpPassword), base64(`\0${smtpUser}\0${smtpPassword}`)];
  return makeRedactor(forms)(text);
}
