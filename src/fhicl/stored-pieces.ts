import { type ConstantText, constantText } from './byte-output.ts';
import { jsonObject } from './json.ts';
import { contentOf, metadataStart } from './stored-content.ts';
import type { Value } from './tree.ts';

/** The metadata of a value behind the opening quote of its name: all of it, or as far as the names of its children. */
export function metadataOf(type: Value['type'], comment: string, annotation: string): string {
  const start = `" : ${metadataStart(type, comment, annotation, '')}`;
  return type === 'table' || type === 'sequence' ? `${start}{\n` : start;
}

/** How the metadata of values of a type begins. */
export interface TypeMetadata {
  readonly type: Value['type'];
  readonly uncommented: ConstantText;
}

function ofType(type: Value['type']): TypeMetadata {
  return { type, uncommented: constantText(metadataOf(type, '', '')) };
}

/** The types of values that ordinary documents have. */
export const TABLE = ofType('table');
export const SEQUENCE = ofType('sequence');
export const NUMBER = ofType('number');
export const BOOL = ofType('bool');
export const NIL = ofType('nil');
export const UNQUOTED = ofType('string_unquoted');
export const DOUBLE_QUOTED = ofType('string_doublequoted');
export const SINGLE_QUOTED = ofType('string_singlequoted');

/** What stands between values, around them, and around their names. */
export const BETWEEN = constantText(',\n');
export const BEFORE_NEXT_NAME = constantText(',\n"');
export const AFTER_NAME = constantText('" : ');
export const TABLE_START = constantText('{\n');
export const TABLE_END = constantText('\n}');
export const SEQUENCE_START = constantText('[\n');
export const SEQUENCE_END = constantText('\n]');
export const CHILDREN_END = constantText('\n}\n}');

const NONE = jsonObject('');
const MARKED = jsonObject('%');

/** What stands before the entries of the data, before those of the metadata, and behind them up to the comments. */
export const [DATA_START, METADATA_START, CONTENT_END] = partsOf(contentOf(NONE, MARKED, NONE, MARKED));

function partsOf(content: string): readonly [Buffer, Buffer, Buffer] {
  const [first = '', second = '', third = ''] = content.split('%');
  return [Buffer.from(first), Buffer.from(second), Buffer.from(third)];
}
