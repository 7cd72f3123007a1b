import { timingSafeEqual } from 'node:crypto';
import { digestResponse } from '../../src/ucondb/digest.ts';
import { type Answer, signed, textAnswer } from './answer.ts';
import {
  type EndpointRequest,
  findFolder,
  findObject,
  findVersion,
  metadataJson,
  SERVER_VERSION,
  type ServerContext,
} from './endpoint.ts';
import { Failure, missing } from './failure.ts';
import { float, integer, joinParameters, onlyKnown, text, versionKey } from './parameters.ts';
import { recordTimeNow } from './version-store.ts';

/** /put: an upload. */
export async function put(context: ServerContext, request: EndpointRequest): Promise<Answer> {
  const parameters = joinParameters(request.path, request.query);
  if (context.readOnly) return textAnswer('Read-only instance', 405);
  await context.store.ping();
  const folder = findFolder(context, text(parameters, 'folder'));
  if (folder === undefined) return textAnswer('Folder not found', 404);
  const object = text(parameters, 'object');
  if (object === undefined) return textAnswer('', 400);
  // So a version that takes long to come shows later than others with a later record time.
  const tr = recordTimeNow();
  const body = await request.body();
  const refused = authenticate(context, request, folder.fullName, true);
  if (refused !== undefined) return refused;
  const tvText = text(parameters, 'tv') ?? '';
  const tv = tvText === '' ? 0 : float(tvText);
  if (!Number.isFinite(tv)) throw new Failure('ValueError', 'tv must be finite');
  if (object === '') throw new Failure('ValueError', 'Object name is empty or None');
  const version = await context.store.put(folder.name, {
    object,
    key: versionKey(parameters, object),
    tv,
    tags: [parameters.get('tag') ?? []].flat().map(String),
    body,
    override: parameters.get('override') === 'yes',
    tr,
  });
  if (parameters.get('full_meta') !== 'yes') return textAnswer(String(version.id));
  return textAnswer(metadataJson(folder, version), 200, 'text/json');
}

/** /tag: adds a tag to a version, without authentication. */
export async function tag(context: ServerContext, { query }: EndpointRequest): Promise<Answer> {
  onlyKnown(query, 'tag', ['tag', 'folder', 'key', 'object', 'version_id']);
  if (context.readOnly) return textAnswer('Read-only instance', 405);
  const [folderName, name] = [text(query, 'folder'), text(query, 'tag')];
  const [object, key, id] = [text(query, 'object'), text(query, 'key'), text(query, 'version_id')];
  const byKey = object !== undefined && key !== undefined;
  const isOneWay = id === undefined ? byKey : object === undefined && key === undefined;
  if (folderName === undefined || name === undefined || !isOneWay) throw new Failure('AssertionError', '');
  await context.store.ping();
  const folder = findFolder(context, folderName);
  if (folder === undefined) throw missing(id === undefined ? 'getObject' : 'getVersionByID');
  const versions = findObject(folder, object);
  if (id === undefined && versions === undefined) throw missing('getVersion');
  const version =
    id === undefined ? versions?.find((one) => one.key === key) : findVersion(folder, integer(id));
  if (version === undefined) throw missing('addTag');
  await context.store.tag(folder.name, version.id, name);
  return textAnswer('OK');
}

/** /create_folder: with drop=yes the folder loses all its versions. */
export async function createFolder(context: ServerContext, request: EndpointRequest): Promise<Answer> {
  if (context.readOnly) return textAnswer('Read-only instance', 405);
  const name = text(request.query, 'folder') ?? '';
  if (name === '') return signed(textAnswer('Empty folder name', 400), SERVER_VERSION);
  await request.body();
  const isKnown = context.store.folders().includes(name);
  const refused = authenticate(context, request, name, isKnown);
  if (refused !== undefined) return refused;
  await context.store.createFolder(name, text(request.query, 'drop') === 'yes');
  return signed(textAnswer('OK'), SERVER_VERSION);
}

/**
 * Checks the digest of a request. As the original does, it accepts any nonce and count and another uri than the request's, and
 * cuts the header at every comma.
 * @returns undefined if it is good, else the answer: 401, with a challenge only if the request had no digest
 * @throws Failure if a part of the digest is missing, and for the signature scheme, which the original can't check
 */
function authenticate(
  context: ServerContext,
  request: EndpointRequest,
  realm: string,
  isKnownRealm: boolean,
): Answer | undefined {
  if (request.headers.has('x-ucondb-authenticator')) {
    throw new Failure('TypeError', 'Strings must be encoded before hashing');
  }
  const digest = /^digest\s+(.*)/i.exec(request.headers.get('authorization') ?? '')?.[1];
  if (digest === undefined) {
    const nonce = Buffer.from(String(Math.floor(Date.now() / 1000))).toString('base64');
    return refusal([
      ['WWW-Authenticate', `Digest realm="${realm}", nonce="b'${nonce}'", algorithm=MD5, qop="auth"`],
    ]);
  }
  const parts = readParts(digest);
  const part = (name: string): string => {
    const value = parts.get(name);
    if (value === undefined) throw new Failure('KeyError', `'${name}'`);
    return value;
  };
  if (part('username') !== context.user || !isKnownRealm) return refusal();
  const uri = part('uri');
  const nonce = part('nonce');
  const [nc, cnonce] = [part('nc'), part('cnonce')];
  part('qop');
  const expected = digestResponse(
    { realm, nonce, opaque: undefined, algorithm: 'MD5', stale: false, qopAuth: true },
    { method: request.method, uri, user: context.user, password: context.password, cnonce, nc },
  );
  return isEqual(expected, part('response')) ? undefined : refusal();
}

function readParts(digest: string): Map<string, string> {
  const parts = new Map<string, string>();
  for (const word of digest.split(/,\s*/)) {
    const match = /^(\S+?)\s*=\s*("?)(.*)\2/.exec(word);
    if (match !== null) parts.set(match[1] ?? '', match[3] ?? '');
  }
  return parts;
}

function refusal(extra: Answer['headers'] = []): Answer {
  return signed(textAnswer('Authorization required', 401), SERVER_VERSION, extra);
}

function isEqual(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
