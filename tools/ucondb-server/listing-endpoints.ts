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
import { missing } from './failure.ts';
import { float, type Parameters, recordTime, text } from './parameters.ts';
import { jsonStrings } from './python-text.ts';
import type { Version } from './version-store.ts';

/** /version: the release. */
export function version(): Answer {
  return textAnswer(SERVER_VERSION);
}

/** /probe: status 200 whatever happens; only the text tells. */
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

/** /objects: of a folder, those with a version that is not flagged deleted. */
export async function objects(context: ServerContext, { query }: EndpointRequest): Promise<Answer> {
  const folder = await openFolder(context, query);
  if (folder === undefined) throw missing('listObjects');
  const names = new Set<string>();
  for (const { object, deleted } of folder.versions) if (!deleted) names.add(object);
  return nameList([...names].sort(), query);
}

/** /tags: of all versions of the folder, with repeats. */
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
