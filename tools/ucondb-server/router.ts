import { type Answer, failureAnswer, pageAnswer, redirectAnswer } from './answer.ts';
import { createFolder, put, tag } from './change-endpoints.ts';
import { get, getBlob } from './download-endpoints.ts';
import type { Endpoint, EndpointRequest, RequestHead, ServerContext } from './endpoint.ts';
import { Failure } from './failure.ts';
import {
  dataForVersions,
  folders,
  lookupVersions,
  objects,
  probe,
  tags,
  version,
  versions,
} from './listing-endpoints.ts';
import { ForbiddenCharacter, parseQuery, refuseForbidden } from './parameters.ts';

/** The server answers under this path only. */
export const PREFIX = '/app';

const ENDPOINTS: ReadonlyMap<string, Endpoint> = new Map<string, Endpoint>([
  ['version', version],
  ['probe', probe],
  ['folders', folders],
  ['objects', objects],
  ['tags', tags],
  ['versions', versions],
  ['lookup_versions', lookupVersions],
  ['data_for_versions', dataForVersions],
  ['data', data],
  ['get', get],
  ['put', put],
  ['get_blob', getBlob],
  ['tag', tag],
  ['create_folder', createFolder],
]);

/** /data: an upload by POST and PUT, a download by any other method. */
function data(context: ServerContext, request: EndpointRequest): Promise<Answer> {
  return /^(?:post|put)$/i.test(request.method) ? put(context, request) : get(context, request);
}

/** Endpoints that don't look at the characters of their parameters. */
const UNGUARDED = new Set(['version', 'probe']);

/** Finds the endpoint of a request under the prefix and lets it answer. */
export async function answerTo(
  context: ServerContext,
  head: RequestHead,
  body: EndpointRequest['body'],
): Promise<Answer> {
  const [rawPath = '', ...rawQuery] = head.target.split('?');
  const accept = head.headers.get('accept') ?? '';
  const notFound = (detail: string): Answer =>
    pageAnswer(404, 'The resource could not be found.', detail, accept);
  if (rawPath !== PREFIX && !rawPath.startsWith(`${PREFIX}/`)) return notFound('');
  const [name = '', ...rest] = rawPath
    .slice(PREFIX.length)
    .split('/')
    .filter((word) => word !== '');
  if (name === '') return redirectAnswer('./index', accept);
  if (name === 'index') return redirectAnswer('./UI/index', accept);
  const endpoint = ENDPOINTS.get(name);
  if (endpoint === undefined) return notFound(`invalid path: /${[name, ...rest].join('/')}`);
  try {
    const path = rest.join('/');
    const query = parseQuery(rawQuery.join('?'));
    if (!UNGUARDED.has(name)) refuseForbidden(path, query);
    return await endpoint(context, { method: head.method, path, query, headers: head.headers, body });
  } catch (error) {
    if (error instanceof ForbiddenCharacter)
      return pageAnswer(400, 'The request can not be taken.', error.message, accept);
    if (error instanceof Failure) return failureAnswer(error);
    throw error;
  }
}
