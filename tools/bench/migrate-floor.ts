/**
 * The least that a migration takes: `migrate-floor <list of stored runs> <blobs> <URL of UconDB> <object> <what>`. One thread
 * reads and parses the stored documents once, unless it is to send alone; then it sends blobs that are ready and reads them
 * back, two at a time, with the HTTP client of Node.js alone.
 */
import { readFileSync } from 'node:fs';
import { type IncomingHttpHeaders, request } from 'node:http';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { UconDbAddress } from '../../src/ucondb/address.ts';
import { authorizationHeader, parseChallenge } from '../../src/ucondb/digest.ts';
import { ACCOUNT } from './account.ts';
import { ready, reportFloor, storedRuns } from './floor-inputs.ts';

const AT_ONCE = 2;

interface HttpAnswer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

const [list = '', blobs = '', url = '', object = '', what = ''] = process.argv.slice(2);
const address = new UconDbAddress(url, ACCOUNT.folder, object);

function ask(method: string, target: string, authorization?: string, body?: Buffer): Promise<HttpAnswer> {
  return new Promise((done, fail) => {
    const headers = { ...(authorization && { authorization }), 'content-length': body?.length ?? 0 };
    const asked = request(address.origin + target, { method, headers }, (answer) => {
      buffer(answer).then(
        (bytes) => done({ status: answer.statusCode, headers: answer.headers, body: bytes }),
        fail,
      );
    });
    asked.once('error', fail).end(body);
  });
}

const runs = storedRuns(list);
const parsed = what === 'send alone' ? [] : runs.flatMap(({ documents }) => documents);
for (const path of parsed) JSON.parse(readFileSync(path, 'utf8'));

const { headers } = await ask('POST', address.challenge());
const challenge = parseChallenge(headers['www-authenticate'] ?? '');
if (challenge === undefined) throw new Error('the server wants no digest');
let uses = 0;

async function sendAndReadBack(run: number): Promise<void> {
  const blob = ready(() => readFileSync(join(blobs, String(run))));
  const uri = address.put(run);
  uses++;
  const nc = uses.toString(16).padStart(8, '0');
  const login = { method: 'POST', uri, ...ACCOUNT, cnonce: 'bench', nc };
  const put = await ask('POST', uri, challenge && authorizationHeader(challenge, login), blob);
  if (put.status !== 200) throw new Error(`run ${run}: ${put.status} ${put.body}`);
  const got = await ask('GET', address.blob(run));
  if (!got.body.equals(blob)) throw new Error(`run ${run} came back altered`);
}

const waiting = runs.values();
const worker = async () => {
  for (const { run } of waiting) await sendAndReadBack(run);
};
await Promise.all(Array.from({ length: AT_ONCE }, worker));
reportFloor();
