import type { Answer } from './answer.ts';
import { badFolderName } from './failure.ts';
import type { Parameters } from './parameters.ts';
import { floatText, jsonString, jsonStrings } from './python-text.ts';
import type { Version, VersionStore } from './version-store.ts';

/** The release of the original whose behaviour this server has. */
export const SERVER_VERSION = '3.9.7';

/** What all endpoints share. */
export interface ServerContext {
  readonly store: VersionStore;
  /** The database schema in which the original keeps its folders; part of realms and of all answers. */
  readonly namespace: string;
  readonly readOnly: boolean;
  readonly user: string;
  readonly password: string;
}

/** The head of a request. Header names are compared without case, except `Expect`. */
export interface RequestHead {
  readonly method: string;
  readonly target: string;
  readonly headers: ReadonlyMap<string, string>;
  /** True if the client waits for `100 Continue`; the header's name must be spelt exactly so. */
  readonly expectsContinue: boolean;
}

/** A request as an endpoint sees it. */
export interface EndpointRequest {
  readonly method: string;
  /** What stands behind the endpoint's name in the path. */
  readonly path: string;
  readonly query: Parameters;
  /** By name in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  /** Reads the whole body. @throws Failure if the client ends before */
  body(): Promise<Buffer>;
}

/** Answers the requests of one path. If it throws a Failure, the answer is the page of an exception. */
export type Endpoint = (context: ServerContext, request: EndpointRequest) => Promise<Answer> | Answer;

/** A folder that exists. */
export interface KnownFolder {
  readonly name: string;
  /** With the schema, as in realms and answers. */
  readonly fullName: string;
  /** Oldest first. */
  readonly versions: Iterable<Version>;
}

/**
 * Finds a folder by name, with or without the schema.
 * @throws Failure if the name can't be one
 */
export function findFolder(context: ServerContext, asked: string | undefined): KnownFolder | undefined {
  if (asked === undefined || !/^[A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)?$/.test(asked)) throw badFolderName();
  const [first = '', second] = asked.split('.');
  if (second !== undefined && first !== context.namespace) return undefined;
  const name = second ?? first;
  const versions = context.store.versions(name);
  if (versions === undefined) return undefined;
  return { name, fullName: `${context.namespace}.${name}`, versions };
}

/** The versions of an object, oldest first; undefined if all of them are flagged. */
export function findObject(folder: KnownFolder, object: string | undefined): Version[] | undefined {
  const versions: Version[] = [];
  let isKnown = false;
  for (const version of folder.versions) {
    if (version.object !== object) continue;
    versions.push(version);
    isKnown ||= !version.deleted;
  }
  return isKnown ? versions : undefined;
}

/** The version with an id, flagged or not. */
export function findVersion(folder: KnownFolder, id: number): Version | undefined {
  for (const version of folder.versions) if (version.id === id) return version;
  return undefined;
}

/** A version as every answer shows it. */
export function metadataJson(folder: KnownFolder, version: Version): string {
  return `{${[
    `"object": ${jsonString(version.object)}`,
    `"folder": ${jsonString(folder.fullName)}`,
    `"tv": ${floatText(version.tv)}`,
    `"tr": ${recordTimeText(version)}`,
    `"tags": ${jsonStrings(version.tags)}`,
    `"adler32": ${version.adler32}`,
    `"uadler32": ${version.adler32}`,
    `"data_size": ${version.size}`,
    `"data_key": "${version.dataKey}"`,
    `"id": ${version.id}`,
    `"key": ${version.key === null ? 'null' : jsonString(version.key)}`,
  ].join(', ')}}`;
}

/** Seconds since 1970. */
export function recordTimeText(version: Version): string {
  return floatText(version.tr / 1e6);
}
