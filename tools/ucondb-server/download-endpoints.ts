import { deflateSync } from 'node:zlib';
import { type Answer, signed, streamAnswer, textAnswer } from './answer.ts';
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
import {
  float,
  integer,
  joinParameters,
  onlyKnown,
  type Parameters,
  recordTime,
  text,
  versionKey,
} from './parameters.ts';
import { floatText, pythonQuoted } from './python-text.ts';
import type { Version } from './version-store.ts';

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
  const key = versionKey(parameters, object);
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

/** Shorter blobs are not compressed. */
const COMPRESS_BYTES = 10 * 1024;
const LEVELS = new Map([
  ['default', -1],
  ['fast', 1],
  ['best', 9],
  ['no', undefined],
]);

/** /get_blob: by row number of the blob or by version id; a version key given as data_key yields any other blob. */
export async function getBlob(context: ServerContext, request: EndpointRequest): Promise<Answer> {
  const { query } = request;
  onlyKnown(query, 'get_blob', ['folder', 'data_key', 'version_id', 'compress']);
  const dataKey = text(query, 'data_key');
  const versionId = text(query, 'version_id');
  if ((dataKey === undefined) === (versionId === undefined)) {
    return textAnswer('One and only one of data_key, version_id must be specified', 400);
  }
  const folderName = text(query, 'folder') || request.path;
  await context.store.ping();
  const folder = findFolder(context, folderName);
  if (folder === undefined) return textAnswer(`Folder ${folderName} not found`, 404);
  const version = versionId === undefined ? undefined : findVersion(folder, integer(versionId));
  if (versionId !== undefined && version === undefined) return textAnswer('Version not found', 404);
  const blob = await context.store.blob(folder.name, version?.dataKey ?? integer(dataKey ?? ''));
  if (blob === undefined) return textAnswer('Data not found', 404);
  const compress = text(query, 'compress') ?? 'no';
  if (!LEVELS.has(compress)) throw new Failure('KeyError', pythonQuoted(compress));
  const level = LEVELS.get(compress);
  const type = ['Content-Type', 'application/octet-stream'] as const;
  if (level === undefined || blob.length < COMPRESS_BYTES) return streamAnswer(blob, [type]);
  return streamAnswer(deflateSync(blob, { level }), [type, ['Transfer-Encoding', 'deflate']]);
}
