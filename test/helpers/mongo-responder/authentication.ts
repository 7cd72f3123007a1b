import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from 'node:crypto';
import type { BSON } from 'mongodb';

/** An account that may log in with SCRAM-SHA-256. */
export interface Account {
  readonly user: string;
  readonly password: string;
}

/** Who may use the responder. */
export type Admission = 'everybody' | 'client certificates' | Account;

const ITERATIONS = 4096;
const FAILED = { ok: 0, code: 18, codeName: 'AuthenticationFailed', errmsg: 'Authentication failed.' };

/** What one connection has shown of itself so far. */
export class Authentication {
  readonly #admission: Admission;
  /** Subject of the certificate that the client showed and that the server trusts. */
  readonly #subject: string | undefined;
  #isAdmitted: boolean;
  #firstMessages = '';
  #saltedPassword: Buffer | undefined;

  constructor(admission: Admission, subject: string | undefined) {
    this.#admission = admission;
    this.#subject = subject;
    this.#isAdmitted = admission === 'everybody';
  }

  get isAdmitted(): boolean {
    return this.#isAdmitted;
  }

  /** X.509: the certificate is the proof. */
  authenticate(command: BSON.Document): BSON.Document {
    const isKnown = this.#admission === 'client certificates' && command.mechanism === 'MONGODB-X509';
    if (!isKnown || this.#subject === undefined) return FAILED;
    this.#isAdmitted = true;
    return { ok: 1, dbname: '$external', user: this.#subject };
  }

  /** First step of SCRAM-SHA-256 (RFC 5802, RFC 7677): salt and nonce. */
  start(command: BSON.Document): BSON.Document {
    if (typeof this.#admission !== 'object' || command.mechanism !== 'SCRAM-SHA-256') return FAILED;
    const clientFirst = textOf(command.payload).slice('n,,'.length);
    if (attribute(clientFirst, 'n') !== this.#admission.user) return FAILED;
    const salt = randomBytes(16);
    const nonce = `${attribute(clientFirst, 'r')}${randomBytes(12).toString('base64')}`;
    const serverFirst = `r=${nonce},s=${salt.toString('base64')},i=${ITERATIONS}`;
    const salted = pbkdf2Sync(this.#admission.password, salt, ITERATIONS, 32, 'sha256');
    this.#firstMessages = `${clientFirst},${serverFirst}`;
    this.#saltedPassword = salted;
    return { ok: 1, conversationId: 1, done: false, payload: Buffer.from(serverFirst) };
  }

  /** Second step: the client's proof, and the server's. */
  continue(command: BSON.Document): BSON.Document {
    const salted = this.#saltedPassword;
    if (salted === undefined) return FAILED;
    const clientFinal = textOf(command.payload);
    const message = `${this.#firstMessages},${clientFinal.slice(0, clientFinal.indexOf(',p='))}`;
    const storedKey = createHash('sha256').update(hmac(salted, 'Client Key')).digest();
    const proof = Buffer.from(attribute(clientFinal, 'p'), 'base64');
    const signature = hmac(storedKey, message);
    const clientKey = Buffer.from(proof.map((byte, index) => byte ^ (signature[index] ?? 0)));
    if (!timingSafeEqual(createHash('sha256').update(clientKey).digest(), storedKey)) return FAILED;
    this.#isAdmitted = true;
    const verifier = hmac(hmac(salted, 'Server Key'), message).toString('base64');
    return { ok: 1, conversationId: 1, done: true, payload: Buffer.from(`v=${verifier}`) };
  }
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function attribute(message: string, name: string): string {
  return new RegExp(`(?:^|,)${name}=([^,]*)`).exec(message)?.[1] ?? '';
}

function textOf(payload: unknown): string {
  if (!(payload instanceof Uint8Array)) throw new Error('the test responder expected binary data');
  return Buffer.from(payload).toString('utf8');
}
