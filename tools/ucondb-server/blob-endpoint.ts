import { deflateSync } from 'node:zlib';
import { type Answer, streamAnswer, textAnswer } from './answer.ts';
import { type EndpointRequest, findFolder, findVersion, type ServerContext } from './endpoint.ts';
import { Failure } from './failure.ts';
import { integer, onlyKnown, text } from './parameters.ts';
import { quoted } from './python-text.ts';

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
  if (!LEVELS.has(compress)) throw new Failure('KeyError', quoted(compress));
  const level = LEVELS.get(compress);
  const type = ['Content-Type', 'application/octet-stream'] as const;
  if (level === undefined || blob.length < COMPRESS_BYTES) return streamAnswer(blob, [type]);
  return streamAnswer(deflateSync(blob, { level }), [type, ['Transfer-Encoding', 'deflate']]);
}
