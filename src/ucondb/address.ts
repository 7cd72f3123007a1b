import { ConfigurationError } from '../errors.ts';
import type { RunNumber } from '../runs/run-number.ts';

/** Later than the record time of any version: as `tr_since` it makes the server answer without listing anything. */
const AFTER_EVERYTHING = 4_102_444_800;

/** The request targets of one object in one folder. The server decodes the query only, not the path. */
export class UconDbAddress {
  readonly origin: string;
  /** Server, folder and object, without secrets. */
  readonly location: string;
  readonly folder: string;
  readonly object: string;
  readonly #prefix: string;

  /** @throws ConfigurationError if one of the three can't be an address of UconDB */
  constructor(serverUrl: string, folder: string, object: string) {
    const url = parseServerUrl(serverUrl);
    if (!/^[A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)?$/.test(folder)) {
      throw new ConfigurationError(
        `ucon_db.folder_name: '${folder}' can't be a folder: use letters, digits and underscores`,
      );
    }
    if (!/^[A-Za-z0-9._~+:@!$*()-]+$/.test(object) || /^\.{1,2}$/.test(object)) {
      throw new ConfigurationError(
        `ucon_db.object_name: '${object}' can't be used: take letters, digits and . _ - only`,
      );
    }
    this.origin = url.origin;
    this.#prefix = url.pathname.replace(/\/+$/, '');
    this.folder = folder;
    this.object = object;
    this.location = `${this.origin}${this.#prefix}, folder ${folder}, object ${object}`;
  }

  /** Uploads under the run's key and tag; never takes the key from a version that has it. */
  put(run: RunNumber): string {
    return `${this.#data()}?key=${run}&tag=${run}&override=no&full_meta=yes`;
  }

  /** The same, but takes the key from the version that has it. */
  replacement(run: RunNumber): string {
    return `${this.#data()}?key=${run}&tag=${run}&override=yes&full_meta=yes`;
  }

  /** An upload that the server refuses for its tv, after it has checked the credentials and before it stores anything. */
  challenge(): string {
    return `${this.#data()}?tv=x`;
  }

  blob(run: RunNumber): string {
    return `${this.#data()}?key=${run}`;
  }

  metadata(run: RunNumber): string {
    return `${this.#data()}?key=${run}&meta_only=yes`;
  }

  /** The server's version, which it tells without asking its database. */
  version(): string {
    return `${this.#prefix}/version`;
  }

  versions(): string {
    return `${this.#prefix}/versions?folder=${this.folder}&object=${encodeURIComponent(this.object)}`;
  }

  /** An empty listing, which tells at little cost whether the object exists. */
  emptyListing(): string {
    return this.versionsSince(AFTER_EVERYTHING);
  }

  /** Versions recorded after a time, in seconds since 1970. */
  versionsSince(time: number): string {
    return `${this.versions()}&tr_since=${time}`;
  }

  #data(): string {
    return `${this.#prefix}/data/${this.folder}/${this.object}`;
  }
}

function parseServerUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new ConfigurationError(
      'ucon_db.server_url must be a http:// or https:// address that ends in /app',
    );
  }
  if (url.username !== '' || url.password !== '') {
    throw new ConfigurationError(
      'ucon_db.server_url must not hold a user or password: use ucon_db.writer_user and ucon_db.writer_password',
    );
  }
  if (url.search !== '' || url.hash !== '') {
    throw new ConfigurationError('ucon_db.server_url must end in /app, without ? or #');
  }
  return url;
}
