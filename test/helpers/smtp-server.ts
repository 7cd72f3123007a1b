import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type ParsedMail, simpleParser } from 'mailparser';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';

const tlsFixtures = join(import.meta.dirname, '../fixtures/tls');

/** The certificate of the servers, self-signed for localhost and 127.0.0.1. */
export const certificateFile = join(tlsFixtures, 'cert.pem');

/** A mail that a server took. */
export interface TakenMail {
  readonly mail: ParsedMail;
  readonly sender: string;
  readonly recipients: readonly string[];
  /** Did the connection use TLS? */
  readonly secure: boolean;
  /** Who had logged in. */
  readonly user: string | undefined;
}

export interface MailServerOptions {
  /** Offers STARTTLS unless false; `implicit`: TLS from the beginning. */
  readonly tls?: boolean | 'implicit';
  /** Demands this login. */
  readonly login?: { readonly user: string; readonly password: string };
  /** What a refused login is told, given what was tried. */
  readonly refuseLogin?: (password: string) => string;
  readonly refusedRecipients?: readonly string[];
}

/** An SMTP server on loopback that keeps what it is sent. */
export class MailServer {
  readonly mails: TakenMail[] = [];
  readonly #server: SMTPServer;

  static async start(options: MailServerOptions = {}): Promise<MailServer> {
    const server = new MailServer(options);
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server.server, 'listening');
    return server;
  }

  private constructor(options: MailServerOptions) {
    this.#server = new SMTPServer(this.#serverOptions(options));
    // A client that refuses the certificate breaks the connection; the client says why.
    this.#server.on('error', () => undefined);
  }

  get port(): number {
    return (this.#server.server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    await new Promise<void>((done) => this.#server.close(done));
  }

  #serverOptions({
    tls = true,
    login,
    refuseLogin,
    refusedRecipients = [],
  }: MailServerOptions): SMTPServerOptions {
    return {
      key: readFileSync(join(tlsFixtures, 'key.pem')),
      cert: readFileSync(certificateFile),
      secure: tls === 'implicit',
      authOptional: login === undefined,
      allowInsecureAuth: true,
      disabledCommands: [...(tls === true ? [] : ['STARTTLS']), ...(login === undefined ? ['AUTH'] : [])],
      closeTimeout: 100,
      onAuth: ({ username, password }, _session, done) => {
        if (username === login?.user && password === login?.password) return done(null, { user: username });
        done(new Error(refuseLogin?.(password ?? '') ?? 'wrong user or password'));
      },
      onRcptTo: ({ address }, _session, done) =>
        refusedRecipients.includes(address)
          ? done(Object.assign(new Error(`no such user ${address}`), { responseCode: 550 }))
          : done(),
      onData: (stream, session, done) => {
        simpleParser(stream).then(
          (mail) => {
            const { mailFrom, rcptTo } = session.envelope;
            this.mails.push({
              mail,
              sender: mailFrom === false ? '' : mailFrom.address,
              recipients: rcptTo.map(({ address }) => address),
              secure: session.secure,
              user: session.user,
            });
            done();
          },
          (error: Error) => done(error),
        );
      },
    };
  }
}
