import { quoteJson } from '../../../fhicl/json.ts';
import { INDEX_MAPS } from './index-entry.ts';

/** The content that the C++ tools give a new index.json. */
export const FRESH_INDEX =
  '{"ouid":[], "version":{},"configurations.name":{}, "entities.name":{},"aliases.active.name":{}, "runs.name":{},"configurations.assigned":{} }';

/** The same in the layout that the C++ tools write once it holds something. */
export const EMPTY_INDEX = `{\n${['"ouid" : [\n\n]', ...INDEX_MAPS.map((member) => `"${member}" : {\n\n}`)].join(',\n')}\n}`;

/** A list in the layout of the C++ tools. */
export function listText(texts: readonly string[]): string {
  return `[\n${texts.map(quoteJson).join(',\n')}\n]`;
}

/** An entry of a map in the layout of the C++ tools. */
export function mapEntryText(key: string, texts: readonly string[]): string {
  return `${quoteJson(key)} : ${listText(texts)}`;
}
