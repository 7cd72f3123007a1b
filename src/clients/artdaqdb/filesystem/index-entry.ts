import type { DocumentEntry } from '../stored-document.ts';

/** What one rewrite does to an index. */
export interface IndexChange {
  readonly added: readonly DocumentEntry[];
  /** Leftovers of our own that were never visible. */
  readonly removed: readonly DocumentEntry[];
}

/** Members of an index in the order of a file made by the C++ tools. */
export const OUID = 'ouid';
export const CONFIGURATIONS = 'configurations.name';
export const ENTITIES = 'entities.name';
export const ASSIGNED = 'configurations.assigned';
export const INDEX_MAPS = [
  'version',
  CONFIGURATIONS,
  ENTITIES,
  'aliases.active.name',
  'runs.name',
  ASSIGNED,
] as const;

/** The lists that a document stands in, as (map, key, text). */
export function* listedTexts(entry: DocumentEntry): Generator<readonly [string, string, string]> {
  yield ['version', entry.version, entry.id];
  for (const { name, assigned } of entry.configurations) {
    yield [CONFIGURATIONS, name, entry.id];
    yield [ASSIGNED, name, assigned];
  }
  yield [ENTITIES, entry.entity, entry.id];
  for (const run of entry.runs) yield ['runs.name', run, entry.id];
}
