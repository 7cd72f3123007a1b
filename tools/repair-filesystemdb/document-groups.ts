import { CONFIGURATIONS, ENTITIES, VERSION } from '../../src/artdaqdb/filesystem/index/index-entry.ts';
import { assignedTime, latest } from '../../src/artdaqdb/stored-document.ts';
import type { Entry, Envelope } from './entry.ts';

/** Documents that stand for the same entity of one configuration and version. */
export interface DocumentGroup {
  readonly configuration: string;
  readonly entity: string;
  readonly ids: readonly string[];
}

/** The groups of more than one document. */
export function repeatedDocuments(entries: Iterable<readonly [string, Entry]>): DocumentGroup[] {
  const first = new Map<string, string>();
  const repeated = new Map<string, string[]>();
  for (const [id, entry] of entries) {
    for (const key of groupKeys(entry)) {
      const earlier = first.get(key);
      const group = repeated.get(key);
      if (group !== undefined) group.push(id);
      else if (earlier !== undefined) repeated.set(key, [earlier, id]);
      else first.set(key, id);
    }
  }
  return [...repeated].map(([key, ids]) => {
    const [configuration = '', entity = ''] = key.split('\0');
    return { configuration, entity, ids };
  });
}

function* groupKeys(entry: Entry): Generator<string> {
  for (const configuration of entry[CONFIGURATIONS]) {
    for (const entity of entry[ENTITIES]) {
      for (const version of entry[VERSION]) yield `${configuration}\0${entity}\0${version}`;
    }
  }
}

/** When a document was assigned to a configuration; the earliest time possible if it can't be told. */
export function assignedAt(envelope: Envelope | undefined, configuration: string): number {
  const assignments = envelope?.assignments ?? [];
  return latest(
    assignments.filter(({ name }) => name === configuration).map(({ assigned }) => assignedTime(assigned)),
  );
}
