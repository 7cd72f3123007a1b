import { type Answer, signed, streamAnswer, textAnswer } from './answer.ts';
import { authenticate } from './authentication.ts';
import {
  type EndpointRequest,
  findFolder,
  findObject,
  findVersion,
  type KnownFolder,
  metadataJson,
  recordTimeText,
  SERVER_VERSION,
  type ServerContext,
} from './endpoint.ts';
import { Failure, missing } from './failure.ts';
import { float, integer, joinParameters, type Parameters, recordTime, text } from './parameters.ts';
import { floatText } from './python-text.ts';
import type { Version } from './version-store.ts';

/** /data: an upload by POST and PUT, a download by any other method. */
export function data(context: ServerContext, request: EndpointRequest): Promise<Answer> {
  return /^(?:post|put)$/i.test(request.method) ? put(context, request) : get(context, request);
}

/** /put: an upload. */
export async function put(context: ServerContext, request: EndpointRequest): Promise<Answer> {
  const parameters = joinParameters(request.path, request.query);
  if (context.readOnly) return textAnswer('Read-only instance', 405);
  await context.store.ping();
  const folder = findFolder(context, text(parameters, 'folder'));
  if (folder === undefined) return textAnswer('Folder not found', 404);
  const object = text(parameters, 'object');
  if (object === undefined) return textAnswer('', 400);
  const body = await request.body();
  const refused = authenticate(context, request, folder.fullName, true);
  if (refused !== undefined) return refused;
  const tvText = text(parameters, 'tv') ?? '';
  const tv = tvText === '' ? 0 : float(tvText);
  if (!Number.isFinite(tv)) throw new Failure('ValueError', 'tv must be finite');
  if (object === '') throw new Failure('ValueError', 'Object name is empty or None');
  const version = await context.store.put(folder.name, {
    object,
    key: keyOf(parameters, object),
    tv,
    tags: [parameters.get('tag') ?? []].flat().map(String),
    body,
    override: parameters.get('override') === 'yes',
  });
  if (parameters.get('full_meta') !== 'yes') return textAnswer(String(version.id));
  return textAnswer(metadataJson(folder, version), 200, 'text/json');
}

/** /get: a download. */
export async function get(context: ServerContext, request: EndpointRequest): Promise<Answer> {
  const parameters = joinParameters(request.path, request.query);
  const folderName = text(parameters, 'folder');
  const object = text(parameters, 'object');
  if (folderName === undefined || object === undefined) return textAnswer('', 400);
  await context.store.ping();
  const id = text(parameters, 'id');
  const folder = findFolder(context, folderName);
  if (id !== undefined) return getById(context, folder, integer(id), parameters);
  if (folder === undefined) throw missing('getObject');
  const versions = findObject(folder, object);
  const dataKey = text(parameters, 'data_key');
  if (dataKey !== undefined) return getByDataKey(context, folder, versions, dataKey);
  if (versions === undefined) throw missing('getVersion');
  const version = select(versions, parameters, object);
  if (version === undefined) return textAnswer('Version not found', 404);
  if (parameters.get('meta_only') === 'yes') {
    return textAnswer(metadataJson(folder, version), 200, 'text/json');
  }
  return streamAnswer((await context.store.blob(folder.name, version.dataKey)) ?? Buffer.alloc(0), [
    ['Content-Type', 'application/octet-stream'],
    ['X-UConDB-product-version', SERVER_VERSION],
    ['X-UConDB-version-id', String(version.id)],
    ['X-UConDB-data-key', String(version.dataKey)],
    ['X-UConDB-version-key', version.key || 'null'],
    ['X-UConDB-data-size', String(version.size)],
    ['X-UConDB-adler32', String(version.adler32)],
    ['X-UConDB-tv', floatText(version.tv)],
    ['X-UConDB-tr', recordTimeText(version)],
    ['X-UConDB-metadata', metadataJson(folder, version)],
    ['X-UConDB-metadata-format', 'text/json'],
  ]);
}

async function getById(
  context: ServerContext,
  folder: KnownFolder | undefined,
  id: number,
  parameters: Parameters,
): Promise<Answer> {
  if (folder === undefined) throw missing('getVersionByID');
  const version = findVersion(folder, id);
  if (parameters.get('meta_only') === 'yes') {
    const json = version === undefined ? '{}' : metadataJson(folder, version);
    return textAnswer(json, 200, 'text/json');
  }
  if (version === undefined) throw missing('Data');
  const body = (await context.store.blob(folder.name, version.dataKey)) ?? Buffer.alloc(0);
  const headers = [
    ['Content-Type', 'text/html; charset=UTF-8'],
    ['Content-Length', String(body.length)],
  ] as const;
  return signed(streamAnswer(body, headers), SERVER_VERSION);
}

async function getByDataKey(
  context: ServerContext,
  folder: KnownFolder,
  versions: readonly Version[] | undefined,
  dataKey: string,
): Promise<Answer> {
  if (versions === undefined) throw missing('dataByDataKey');
  const body = await context.store.blob(folder.name, integer(dataKey));
  if (body === undefined) return textAnswer('Data not found', 404);
  return streamAnswer(body, [
    ['Content-Type', 'application/octet-stream'],
    ['X-UConDB-product-version', SERVER_VERSION],
    ['X-UConDB-data-key', dataKey],
  ]);
}

/** The version with a key, else the newest one that fits tag, tv and tr. */
function select(versions: readonly Version[], parameters: Parameters, object: string): Version | undefined {
  const key = keyOf(parameters, object);
  if (key !== null) return versions.find((version) => version.key === key);
  const tag = text(parameters, 'tag');
  const tvText = text(parameters, 'tv');
  const tv = tvText === undefined || tvText === '' ? Date.now() / 1000 : float(tvText);
  const trText = text(parameters, 'tr');
  const tr = trText === undefined || trText === '' || tag !== undefined ? undefined : recordTime(trText);
  const fitting = versions.filter(
    (version) =>
      version.tv <= tv &&
      (tag === undefined || version.tags.includes(tag)) &&
      (tr === undefined || version.tr < tr),
  );
  return fitting.sort((a, b) => b.tr - a.tr || b.tv - a.tv)[0];
}

/** @throws Failure as the database does for a list of keys, or a NUL in it */
function keyOf(parameters: Parameters, object: string): string | null {
  const value = parameters.get('key') ?? null;
  if (value !== null && typeof value !== 'string') {
    const before = `LINE 3: ...       where v.object = '${object}' and v.key `;
    const line = `${before}= ARRAY['${(value[0] ?? '').slice(0, 1)}...`;
    throw new Failure(
      'psycopg2.errors.UndefinedFunction',
      `operator does not exist: text = text[]\n${line}\n${' '.repeat(before.length)}^\n` +
        'HINT:  No operator matches the given name and argument types. You might need to add explicit type casts.\n',
    );
  }
  if (value?.includes('\0')) {
    throw new Failure('ValueError', 'A string literal cannot contain NUL (0x00) characters.');
  }
  return value;
}
