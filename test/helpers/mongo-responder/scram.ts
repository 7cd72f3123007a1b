import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';

/** An account that may log in with SCRAM-SHA-256. */
export interface Account {
  readonly user: string;
  readonly password: string;
}

const ITERATIONS = 4096;

/**
 * A server's side of SCRAM-SHA-256 (RFC 5802, RFC 7677): takes what the client says first and last, and gives the answers.
 * It ends without the second answer if the client does not know the password.
 */
export function* scram({ user, password }: Account): Generator<string, string | undefined, string> {
  const clientFirst = (yield '').slice('n,,'.length);
  const salt = randomBytes(16);
  const nonce = `${attribute(clientFirst, 'r')}${randomBytes(12).toString('base64')}`;
  const serverFirst = `r=${nonce},s=${salt.toString('base64')},i=${ITERATIONS}`;
  const clientFinal = yield serverFirst;
  const [withoutProof, proof = ''] = clientFinal.split(',p=');
  const message = `${clientFirst},${serverFirst},${withoutProof}`;
  const salted = pbkdf2Sync(password, salt, ITERATIONS, 32, 'sha256');
  const clientKey = hmac(salted, 'Client Key');
  const signature = hmac(createHash('sha256').update(clientKey).digest(), message);
  const expected = Buffer.from(clientKey.map((byte, index) => byte ^ (signature[index] ?? 0)));
  if (attribute(clientFirst, 'n') !== user || proof !== expected.toString('base64')) return undefined;
  return `v=${hmac(hmac(salted, 'Server Key'), message).toString('base64')}`;
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function attribute(message: string, name: string): string {
  return new RegExp(`(?:^|,)${name}=([^,]*)`).exec(message)?.[1] ?? '';
}
