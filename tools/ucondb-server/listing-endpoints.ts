import { z } from 'zod';
import { type Answer, signed, streamAnswer, textAnswer } from './answer.ts';
import {
  type EndpointRequest,
  findFolder,
  findObject,
  type KnownFolder,
  metadataJson,
  SERVER_VERSION,
  type ServerContext,
} from './endpoint.ts';
import { Failure, missing } from './failure.ts';
import { float, type Parameters, recordTime, text } from './parameters.ts';
import { jsonStrings } from './python-text.ts';
import type { Version } from './version-store.ts';

/** /version: the release. */
export function version(): Answer {
  return textAnswer(SERVER_VERSION);
}

/** /probe: status 200 whatever happens; only the text tells of a fault. */
export async function probe(context: ServerContext): Promise<Answer> {
  try {
    await context.store.ping();
    return signed(textAnswer('OK'), SERVER_VERSION);
  } catch (error) {
    return signed(textAnswer(`Error: ${probeText(error)}`), SERVER_VERSION);
  }
}

function probeText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const type = 'type' in error ? String(error.type) : error.name;
  return `<class '${type}'> ${error.message}`;
}

/** /folders: the names, sorted. */
export async function folders(context: ServerContext, { query }: EndpointRequest): Promise<Answer> {
  await context.store.ping();
  const namespace = text(query, 'namespace') || context.namespace;
  const names = namespace === context.namespace ? context.store.folders() : [];
  return signed(nameList(names, query), SERVER_VERSION);
}

/** /objects: the objects of a folder that have a version without the flag `deleted`. */
export async function objects(context: ServerContext, { query }: EndpointRequest): Promise<Answer> {
  const folder = await openFolder(context, query);
  if (folder === undefined) throw missing('listObjects');
  const names = new Set<string>();
  for (const { object, deleted } of folder.versions) if (!deleted) names.add(object);
  return nameList([...names].sort(), query);
}

/** /tags: the tags of all versions of the folder, with repeats. */
export async function tags(context: ServerContext, { query }: EndpointRequest): Promise<Answer> {
  const folder = await openFolder(context, query);
  if (folder === undefined) throw missing('listTags');
  const names: string[] = [];
  for (const one of folder.versions) names.push(...one.tags);
  return nameList(names.sort(), query);
}

/** /versions: newest first, streamed. */
export async function versions(context: ServerContext, { query }: EndpointRequest): Promise<Answer> {
  const tvText = text(query, 'tv');
  const tv = tvText === undefined ? Date.now() / 1000 : float(tvText);
  const trText = text(query, 'tr');
  const tr = trText === undefined ? Number.POSITIVE_INFINITY : recordTime(trText);
  const sinceText = text(query, 'tr_since');
  const since = sinceText === undefined ? Number.NEGATIVE_INFINITY : recordTime(sinceText);
  const folder = await openFolder(context, query);
  if (folder === undefined) return textAnswer(`Folder ${text(query, 'folder')} not found`, 404);
  const object = text(query, 'object');
  const all = findObject(folder, object);
  if (all === undefined) return textAnswer(`Object ${object ?? 'None'} not found`, 404);
  const listed = all.filter((one) => !one.deleted && one.tv <= tv && one.tr <= tr && one.tr > since);
  listed.sort((a, b) => b.tr - a.tr || a.tv - b.tv);
  return streamAnswer(listing(folder, listed), [['Content-Type', 'text/json; charset=UTF-8']]);
}

async function openFolder(context: ServerContext, query: Parameters): Promise<KnownFolder | undefined> {
  await context.store.ping();
  return findFolder(context, text(query, 'folder'));
}

function* listing(folder: KnownFolder, listed: readonly Version[]): Generator<string> {
  yield '[';
  for (const [index, one] of listed.entries()) {
    yield `${index === 0 ? '' : ', '}${metadataJson(folder, one)}`;
  }
  yield ']';
}

function nameList(names: readonly string[], query: Parameters): Answer {
  const format = text(query, 'format') ?? 'json';
  const body = format === 'json' ? jsonStrings(names) : `Name\n${names.join('\n')}`;
  return textAnswer(body, 200, `text/${format}`);
}

const RECORD_SEPARATOR = '\x1e';

/** What a request asks for. A value of another type than the database's column finds nothing. */
const selection = z.record(z.string(), z.unknown());
type LookupSelection = z.infer<typeof selection>;

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

/** /data_for_versions: the original fails after it has sent the head, so the answer is always empty. */
export async function dataForVersions(_context: ServerContext, request: EndpointRequest): Promise<Answer> {
  if (request.method !== 'POST') throw new Failure('AssertionError', '');
  await readSelection(request);
  return streamAnswer(Buffer.alloc(0), [['Content-Type', 'application/octet-stream; charset=utf-8']]);
}

async function readSelection(request: EndpointRequest): Promise<LookupSelection> {
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
  asked: LookupSelection,
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

function inRange(versions: readonly Version[], asked: LookupSelection): Version[] {
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
