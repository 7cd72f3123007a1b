import { ArtdaqDbError } from '../errors.ts';
import type { RunNumber } from '../runs/run-number.ts';
import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  jsonArray,
  jsonObject,
  memberName,
  quoteJson,
  readJsonObject,
} from './json.ts';
import { parseFhicl } from './parse.ts';
import { storeQuickly } from './quick-store.ts';
import { readStoredJson, writeContent } from './stored-content.ts';
import { writeFhicl } from './write.ts';

/** The collections of artdaqDB that hold documents of runs. */
export type Collection = 'RunHistory' | 'SystemLayout';

/** What a document is stored under, besides its content. */
export interface DocumentIdentity {
  readonly entity: string;
  readonly run: RunNumber;
  /** Configuration name without the run; `<run>/<config>` names configuration and version. */
  readonly config: string;
  readonly collection: Collection;
  /** Object id, 24 hex digits. */
  readonly id: string;
  /** The time of all stamps. */
  readonly now: Date;
}

/** What a stored document says of itself. */
export interface StoredIdentity {
  readonly id: string;
  readonly entity: string;
  readonly version: string;
  readonly configurations: readonly { readonly name: string; readonly assigned: string }[];
  readonly runs: readonly string[];
  readonly collection: string;
}

/**
 * The JSON text that artdaqDB stores for a FHiCL text (documentation/ARTDAQDB.md, "Documents"), in UTF-8.
 * @throws FhiclError if artdaqDB would refuse the text
 */
export function toStoredBytes(text: string, identity: DocumentIdentity): Buffer {
  const end = `,\n${envelope(identity)}\n}`;
  const parsed = () => Buffer.from(writeContent(parseFhicl(text, `${identity.entity}.fcl`)) + end);
  return storeQuickly(text, end) ?? parsed();
}

/** As {@link toStoredBytes}, as a text. */
export function toStoredJson(text: string, identity: DocumentIdentity): string {
  return toStoredBytes(text, identity).toString();
}

function envelope({ entity, run, config, collection, id, now }: DocumentIdentity): string {
  const stamp = `"${formatTimestamp(now)}"`;
  const none = jsonArray('');
  const assigned = (name: string) => jsonObject(`"name" : ${quoteJson(name)},\n"assigned" : ${stamp}`);
  const configuration = `${run}/${config}`;
  const updates = [
    ['addConfiguration', configuration],
    ['setVersion', configuration],
    ['setCollection', collection],
    ['addEntity', entity],
    ['addRun', String(run)],
  ] as const;
  const update = (event: string, name: string) =>
    jsonObject(`"event" : "${event}",\n"timestamp" : ${stamp},\n"value" : ${assigned(name)}`);
  const origin = [
    '"format" : "fhicl"',
    `"name" : ${quoteJson(entity)}`,
    '"source" : "fhicl_to_json"',
    `"timestamp" : ${stamp}`,
    `"created" : ${stamp}`,
    `"rawdata" : ${none}`,
  ];
  const bookkeeping = [
    '"isdeleted" : false',
    '"isreadonly" : false',
    `"updates" : ${jsonArray(updates.map(([event, name]) => update(event, name)).join(',\n'))}`,
    `"created" : ${stamp}`,
  ];
  return [
    `"origin" : ${jsonObject(origin.join(',\n'))}`,
    `"version" : ${quoteJson(configuration)}`,
    `"entities" : ${jsonArray(assigned(entity))}`,
    `"configurations" : ${jsonArray(assigned(configuration))}`,
    '"changelog" : "notprovided"',
    `"bookkeeping" : ${jsonObject(bookkeeping.join(',\n'))}`,
    `"_id" : ${jsonObject(`"$oid" : "${id}"`)}`,
    `"collection" : "${collection}"`,
    `"aliases" : ${jsonObject(`"active" : ${none},\n"history" : ${none}`)}`,
    `"runs" : ${jsonArray(assigned(String(run)))}`,
    `"attachments" : ${none}`,
    '"configtype" : "notprovided"',
  ].join(',\n');
}

/**
 * Reads a stored document: what it says of itself, and its FHiCL text as artdaqDB exports it
 * (documentation/ARTDAQDB.md, "Export").
 * @throws ArtdaqDbError if it is malformed
 */
export function readStored(json: string): StoredIdentity & { readonly fhicl: string } {
  const { document, content } = readStoredJson(json);
  const id = document._id;
  const [entity] = assignments(document, 'entities');
  if (entity === undefined) throw new ArtdaqDbError('stored document belongs to no entity');
  return {
    id: textMember(isJsonObject(id) ? id : document, isJsonObject(id) ? '$oid' : '_id'),
    entity: entity.name,
    version: textMember(document, 'version'),
    configurations: assignments(document, 'configurations'),
    runs: assignments(document, 'runs').map((run) => run.name),
    collection: textMember(document, 'collection'),
    fhicl: writeFhicl(content),
  };
}

function assignments(document: JsonObject, member: string): { name: string; assigned: string }[] {
  const list = document[member];
  if (!Array.isArray(list)) throw new ArtdaqDbError(`stored document has no list "${member}"`);
  return list.map((each: JsonValue) => {
    if (!isJsonObject(each)) throw new ArtdaqDbError(`stored document has a malformed list "${member}"`);
    return { name: textMember(each, 'name'), assigned: textMember(each, 'assigned') };
  });
}

function textMember(object: JsonObject, member: string): string {
  const value = object[member];
  if (typeof value !== 'string') throw new ArtdaqDbError(`stored document has no text "${member}"`);
  return value;
}

/**
 * Do two stored documents hold the same data, metadata and comments, whatever their ids and stamps?
 * @throws ArtdaqDbError if one is malformed
 */
export function sameContent(a: string, b: string): boolean {
  const [first, second] = [a, b].map((json) => writeContent(readStoredJson(json).content));
  return first === second;
}

/** Local time as artdaqDB stamps it, e.g. `2026-11-24T10:30:40.700+0000`. */
export function formatTimestamp(date: Date): string {
  const offset = -date.getTimezoneOffset();
  const digits = (value: number, length = 2) => String(value).padStart(length, '0');
  const zone = `${offset < 0 ? '-' : '+'}${digits(Math.floor(Math.abs(offset) / 60))}${digits(Math.abs(offset) % 60)}`;
  const day = `${digits(date.getFullYear(), 4)}-${digits(date.getMonth() + 1)}-${digits(date.getDate())}`;
  const time = `${digits(date.getHours())}:${digits(date.getMinutes())}:${digits(date.getSeconds())}`;
  return `${day}T${time}.${digits(date.getMilliseconds(), 3)}${zone}`;
}

/**
 * A stored document with another content. Id, stamps and all that it is filed under stay as they are, so that indexes
 * still fit.
 * @param stored its JSON text
 * @param file FHiCL; its name is used in messages
 * @throws FhiclError if artdaqDB would refuse the text, ArtdaqDbError if the stored document is malformed
 */
export function amendedJson(stored: string, file: { readonly name: string; readonly text: string }): string {
  const content = writeContent(parseFhicl(file.text, file.name));
  const { document: _content, comments: _comments, ...kept } = readJsonObject(stored);
  return `${content},\n${members(kept)}\n}`;
}

function members(object: JsonObject): string {
  return Object.keys(object)
    .map((key) => `${quoteJson(memberName(key))} : ${jsonText(object[key] ?? null)}`)
    .join(',\n');
}

function jsonText(value: JsonValue): string {
  if (typeof value === 'string') return quoteJson(value);
  if (Array.isArray(value)) return jsonArray(value.map(jsonText).join(',\n'));
  return isJsonObject(value) ? jsonObject(members(value)) : String(value);
}
