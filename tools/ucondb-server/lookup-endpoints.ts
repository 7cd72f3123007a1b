import { z } from 'zod';
import { type Answer, streamAnswer, textAnswer } from './answer.ts';
import {
  type EndpointRequest,
  findFolder,
  findObject,
  type KnownFolder,
  metadataJson,
  type ServerContext,
} from './endpoint.ts';
import { Failure } from './failure.ts';
import { text } from './parameters.ts';
import type { Version } from './version-store.ts';

const RECORD_SEPARATOR = '\x1e';

const selection = z.object({
  ids: z.array(z.unknown()).optional(),
  keys: z.array(z.unknown()).optional(),
  key_min: z.string().optional(),
  key_max: z.string().optional(),
  tvs: z.array(z.number()).optional(),
});
type Selection = z.infer<typeof selection>;

/** /lookup_versions: a JSON text sequence of the versions found, in no order that counts. */
export async function lookupVersions(context: ServerContext, request: EndpointRequest): Promise<Answer> {
  if (request.method !== 'POST') throw new Failure('AssertionError', '');
  const asked = await readSelection(request);
  const [pathFolder = '', ...pathObject] = request.path.split('/');
  const folderName = pathFolder || text(request.query, 'folder');
  const object = pathObject.join('/') || text(request.query, 'object');
  await context.store.ping();
  const folder = findFolder(context, folderName);
  if (folder === undefined) return textAnswer(`Folder ${folderName} not found`, 404);
  const versions = object === undefined ? undefined : findObject(folder, object);
  if (object !== undefined && versions === undefined) return textAnswer(`Object ${object} not found`, 404);
  return streamAnswer(records(folder, find(asked, folder, versions)), [
    ['Content-Type', 'text/json-seq; charset=UTF-8'],
  ]);
}

/** /data_for_versions: fails in the original after its head is out, so the answer is always empty. */
export async function dataForVersions(_context: ServerContext, request: EndpointRequest): Promise<Answer> {
  if (request.method !== 'POST') throw new Failure('AssertionError', '');
  await readSelection(request);
  return streamAnswer(Buffer.alloc(0), [['Content-Type', 'application/octet-stream; charset=utf-8']]);
}

async function readSelection(request: EndpointRequest): Promise<Selection> {
  const body = (await request.body()).toString('utf8');
  try {
    return selection.parse(JSON.parse(body));
  } catch (error) {
    throw new Failure(
      'json.decoder.JSONDecodeError',
      error instanceof SyntaxError ? error.message : 'unexpected shape',
    );
  }
}

/** The versions found; null for each tv that has one, as the original answers. */
function find(
  { ids, keys, key_min: from, key_max: below, tvs }: Selection,
  folder: KnownFolder,
  versions: readonly Version[] | undefined,
): readonly (Version | null)[] {
  if (ids !== undefined && ids.length > 0) {
    if (!ids.every((id) => Number.isInteger(id))) return [];
    return [...folder.versions].filter(({ id }) => ids.includes(id));
  }
  const byKeys = keys !== undefined && keys.length > 0;
  if (!byKeys && !from && !below && (tvs === undefined || tvs.length === 0)) {
    throw new Failure('TypeError', "'NoneType' object is not iterable");
  }
  if (versions === undefined) throw new Failure('handler.ParameterError', 'Object name must be specified');
  if (byKeys) {
    if (!keys.every((key) => typeof key === 'string')) return [];
    const wanted = new Set(keys);
    return versions.filter(({ key }) => key !== null && wanted.has(key));
  }
  if (from || below) {
    return versions.filter(({ key }) => key !== null && (!from || key >= from) && (!below || key < below));
  }
  return (tvs ?? []).filter((tv) => versions.some((one) => one.tv <= tv)).map(() => null);
}

function* records(folder: KnownFolder, versions: readonly (Version | null)[]): Generator<string> {
  for (const version of versions) {
    yield `${RECORD_SEPARATOR}${version === null ? 'null' : metadataJson(folder, version)}\n`;
  }
}
