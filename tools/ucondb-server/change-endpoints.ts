import { type Answer, signed, textAnswer } from './answer.ts';
import { authenticate } from './authentication.ts';
import {
  type EndpointRequest,
  findFolder,
  findObject,
  findVersion,
  SERVER_VERSION,
  type ServerContext,
} from './endpoint.ts';
import { Failure, missing } from './failure.ts';
import { integer, onlyKnown, text } from './parameters.ts';

/** /tag: adds a tag to a version; needs no authentication. */
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

/** /create_folder: with drop=yes all versions of the folder are lost. */
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
