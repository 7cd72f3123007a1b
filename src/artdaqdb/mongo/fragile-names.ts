import { isJsonObject, type JsonObject, nameOf } from '../../fhicl/json.ts';

/** Names of a document's entries that not every server keeps as they are. */
export interface FragileNames {
  /** `a.b.c`, which servers before 5.0 refuse. */
  readonly dotted: readonly string[];
  /** Those that stand there more than once, of which some servers keep one only. */
  readonly repeated: readonly string[];
}

/** The fragile names of a stored document as read. FHiCL has such only at top level and in prologs. */
export function fragileNames({ document }: JsonObject): FragileNames {
  const data = isJsonObject(document) ? document.data : undefined;
  const sections = isJsonObject(data) ? Object.values(data).filter(isJsonObject) : [];
  return {
    dotted: namesOf(sections, (key) => key.includes('.')),
    repeated: namesOf(sections, (key) => nameOf(key) !== key),
  };
}

function namesOf(sections: readonly JsonObject[], isWanted: (key: string) => boolean): string[] {
  return [...new Set(sections.flatMap((section) => Object.keys(section).filter(isWanted).map(nameOf)))];
}
