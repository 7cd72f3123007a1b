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

/** What a request asks for; a value of another type than the database's column finds nothing. */
const selection = z.record(z.string(), z.unknown());
type Selection = z.infer<typeof selection>;

const ids = z.array(z.number().int());
const keys = z.array(z.string());
const bound = z.string().nullish();
const tvs = z.array(z.number());

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
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    throw new Failure('json.decoder.JSONDecodeError', 'Expecting value: line 1 column 1 (char 0)');
  }
  const asked = selection.safeParse(value).data;
  if (asked === undefined) throw new Failure('AttributeError', "'list' object has no attribute 'get'");
  return asked;
}

/** The versions found; null for each tv that has one, as the original answers. */
function find(
  asked: Selection,
  folder: KnownFolder,
  versions: readonly Version[] | undefined,
): readonly (Version | null)[] {
  if (isGiven(asked.ids)) {
    const wanted = new Set(ids.safeParse(asked.ids).data);
    return [...folder.versions].filter(({ id }) => wanted.has(id));
  }
  const byRange = isGiven(asked.key_min) || isGiven(asked.key_max);
  if (!isGiven(asked.keys) && !byRange && !isGiven(asked.tvs)) {
    throw new Failure('TypeError', "'NoneType' object is not iterable");
  }
  if (versions === undefined) throw new Failure('handler.ParameterError', 'Object name must be specified');
  if (isGiven(asked.keys)) {
    const wanted = new Set(keys.safeParse(asked.keys).data);
    return versions.filter(({ key }) => key !== null && wanted.has(key));
  }
  if (byRange) return inRange(versions, asked);
  const times = tvs.safeParse(asked.tvs).data ?? [];
  return times.filter((tv) => versions.some((one) => one.tv <= tv)).map(() => null);
}

function inRange(versions: readonly Version[], asked: Selection): Version[] {
  const [from, below] = [bound.safeParse(asked.key_min), bound.safeParse(asked.key_max)];
  if (!from.success || !below.success) return [];
  return versions.filter(
    ({ key }) =>
      key !== null && (from.data == null || key >= from.data) && (below.data == null || key < below.data),
  );
}

/** True unless it is absent, null, empty or zero. */
function isGiven(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : Boolean(value);
}

function* records(folder: KnownFolder, versions: readonly (Version | null)[]): Generator<string> {
  for (const version of versions) {
    yield `${RECORD_SEPARATOR}${version === null ? 'null' : metadataJson(folder, version)}\n`;
  }
}
