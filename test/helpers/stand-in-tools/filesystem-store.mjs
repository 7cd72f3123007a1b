import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const MAPS = ['version', 'configurations.name', 'entities.name', 'aliases.active.name', 'runs.name'];

/** A FilesystemDB as the real programs treat it: no lock, the index rewritten in place for each document. */
export class FilesystemStore {
  #directory;

  constructor(uri) {
    this.#directory = uri.slice('filesystemdb://'.length);
    const metadata = join(this.#directory, 'SystemMetadata');
    if (existsSync(metadata)) return;
    mkdirSync(metadata, { recursive: true });
    writeFileSync(join(metadata, `${objectId()}.json`), '{}');
  }

  write(collection, json, { id, entity, configuration, run, assigned }) {
    const directory = join(this.#directory, collection);
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, `${id}.json`), json);
    const index = this.#index(collection);
    const keys = {
      version: configuration,
      'configurations.name': configuration,
      'entities.name': entity,
      'runs.name': run,
    };
    index.ouid = [...new Set([...index.ouid, id])].sort();
    for (const [map, key] of Object.entries(keys)) {
      index[map][key] = [...new Set([...(index[map][key] ?? []), id])].sort();
    }
    index['configurations.assigned'][configuration] ??= [];
    index['configurations.assigned'][configuration].push(assigned);
    writeFileSync(join(directory, 'index.json'), JSON.stringify(index, null, 1));
  }

  /** The stored texts of a configuration, by collection. */
  read(configuration) {
    return ['RunHistory', 'SystemLayout'].flatMap((collection) =>
      (this.#index(collection)['configurations.name'][configuration] ?? []).map((id) => ({
        collection,
        json: readFileSync(join(this.#directory, collection, `${id}.json`), 'utf8'),
      })),
    );
  }

  close() {
    // Nothing is held open.
  }

  #index(collection) {
    const path = join(this.#directory, collection, 'index.json');
    const empty = Object.fromEntries([...MAPS, 'configurations.assigned'].map((map) => [map, {}]));
    return { ouid: [], ...empty, ...(existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {}) };
  }
}

export function objectId() {
  return randomBytes(12).toString('hex');
}
