import { messageOf } from '../errors.ts';
import { makeRedactor } from '../log/log-line.ts';
import { reasonOf } from '../net/reason.ts';
import { errorCode } from '../system-error.ts';

/** The settings that a message about a failed email names. */
export interface NamedSettings {
  readonly smtpHost: string;
  readonly smtpPort: number;
  readonly smtpUser?: string | undefined;
  readonly smtpPassword?: string | undefined;
}

/**
 * Why an email could not be sent and what to do about it, without the password in any form that a server may repeat.
 * @param problem what the server did
 */
export function emailAdvice(
  error: unknown,
  settings: NamedSettings,
  problem = 'did not take the message',
): string {
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

function withoutLogin(text: string, { smtpUser = '', smtpPassword = '' }: NamedSettings): string {
  if (smtpPassword === '') return text;
  const base64 = (value: string) => Buffer.from(value).toString('base64');
  const forms = [smtpPassword, base64(smtpPassword), base64(`\0${smtpUser}\0${smtpPassword}`)];
  return makeRedactor(forms)(text);
}
