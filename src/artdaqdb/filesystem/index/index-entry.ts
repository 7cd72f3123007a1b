import { quoteJson } from '../../../fhicl/json.ts';
import type { DocumentEntry } from '../../stored-document.ts';

/** A text in a list of an index, as (map, key, text); `ouid` is a list of its own and has the key ''. */
export type ListedText = readonly [member: string, key: string, text: string];

/** What one rewrite does to an index. */
export interface IndexChange {
  readonly added: readonly DocumentEntry[];
  /** Texts to list that belong to no new document. */
  readonly listed?: readonly ListedText[];
  /** Documents of ours that were never visible. */
  readonly removed: readonly DocumentEntry[];
}

/** Members of an index in the order of a file made by the C++ tools. */
export const OUID = 'ouid';
export const CONFIGURATIONS = 'configurations.name';
export const ENTITIES = 'entities.name';
export const ASSIGNED = 'configurations.assigned';
export const VERSION = 'version';
export const ALIASES = 'aliases.active.name';
export const RUNS = 'runs.name';
/** All of them but `ouid`: each maps keys to lists. */
export const INDEX_MAPS = [VERSION, CONFIGURATIONS, ENTITIES, ALIASES, RUNS, ASSIGNED] as const;

/** The lists of the maps that name a document. */
export function* listedTexts(entry: DocumentEntry): Generator<ListedText> {
  yield [VERSION, entry.version, entry.id];
  for (const { name, assigned } of entry.configurations) {
    yield [CONFIGURATIONS, name, entry.id];
    yield [ASSIGNED, name, assigned];
  }
  yield [ENTITIES, entry.entity, entry.id];
  for (const run of entry.runs) yield [RUNS, run, entry.id];
}

/** Selects the lists that hold some texts. */
export function listsOf(texts: readonly ListedText[]): (member: string, key: string) => boolean {
  const wanted = new Set(texts.map(([member, key]) => `${member}\0${key}`));
  return (member, key) => wanted.has(`${member}\0${key}`);
}

/** The content that the C++ tools give a new index.json. */
export const FRESH_INDEX =
  '{"ouid":[], "version":{},"configurations.name":{}, "entities.name":{},"aliases.active.name":{}, "runs.name":{},"configurations.assigned":{} }';

/** The same in the layout that the C++ tools write when it lists documents. */
export const EMPTY_INDEX = `{\n${['"ouid" : [\n\n]', ...INDEX_MAPS.map((member) => `"${member}" : {\n\n}`)].join(',\n')}\n}`;

/** A list in the layout of the C++ tools. */
export function listText(texts: readonly string[]): string {
  return `[\n${texts.map(quoteJson).join(',\n')}\n]`;
}

/** An entry of a map in the layout of the C++ tools. */
export function mapEntryText(key: string, texts: readonly string[]): string {
  return `${quoteJson(key)} : ${listText(texts)}`;
}
