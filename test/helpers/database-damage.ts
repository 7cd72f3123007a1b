import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { realFiles } from '../../src/artdaqdb/filesystem/database-files.ts';
import { silentLogger } from '../../src/log/logger.ts';
import type { CheckContext } from '../../tools/repair-filesystemdb/collection-scan.ts';
import { type RepairOptions, repairDatabase } from '../../tools/repair-filesystemdb/repair.ts';
import type { RepairReport } from '../../tools/repair-filesystemdb/report.ts';

/** An index.json as it is taken apart by tests. */
export interface IndexJson {
  ouid: string[];
  readonly [member: string]: string[] | Record<string, string[]>;
}

/** What a stored document says of itself. */
export interface DocumentJson {
  readonly id: string;
  readonly configuration: string;
  readonly entity: string;
}

const MAPS = ['version', 'configurations.name', 'entities.name', 'aliases.active.name', 'runs.name'] as const;

export function readIndex(database: string, collection: string): IndexJson {
  return JSON.parse(readFileSync(join(database, collection, 'index.json'), 'utf8'));
}

function writeIndex(database: string, collection: string, index: IndexJson): void {
  writeFileSync(join(database, collection, 'index.json'), JSON.stringify(index));
}

/** A map of an index: key -> texts. */
export function mapOf(index: IndexJson, member: string): Record<string, string[]> {
  const map = index[member];
  if (map === undefined || Array.isArray(map)) throw new Error(`no map ${member}`);
  return map;
}

/** Changes an index by hand. */
export function editIndex(database: string, collection: string, edit: (index: IndexJson) => void): void {
  const index = readIndex(database, collection);
  edit(index);
  writeIndex(database, collection, index);
}

/** Takes an id out of all lists, as when a racing writer puts back an index that it read earlier. */
export function forget(database: string, collection: string, id: string): void {
  editIndex(database, collection, (index) => {
    index.ouid = index.ouid.filter((each) => each !== id);
    for (const member of MAPS.filter((each) => index[each] !== undefined)) {
      const map = mapOf(index, member);
      for (const [key, ids] of Object.entries(map)) {
        const left = ids.filter((each) => each !== id);
        if (left.length === ids.length) continue;
        if (left.length > 0) map[key] = left;
        else delete map[key];
        if (left.length === 0 && member === 'configurations.name')
          delete mapOf(index, 'configurations.assigned')[key];
      }
    }
  });
}

/** The documents of a collection. */
export function documentsIn(database: string, collection: string): DocumentJson[] {
  return readdirSync(join(database, collection))
    .filter((name) => /^[0-9a-f]{24}\.json$/.test(name))
    .sort()
    .map((name) => {
      const text = readFileSync(join(database, collection, name), 'utf8');
      const value = (pattern: RegExp): string => pattern.exec(text)?.[1] ?? '';
      return {
        id: name.slice(0, 24),
        configuration: value(/"configurations" : \[\s*\{\s*"name" : "([^"]*)"/),
        entity: value(/"entities" : \[\s*\{\s*"name" : "([^"]*)"/),
      };
    });
}

/** A document of a run. */
export function documentOf(database: string, configuration: string, entity: string): DocumentJson {
  const collection = entity === 'schema' ? 'SystemLayout' : 'RunHistory';
  const found = documentsIn(database, collection).find(
    (each) => each.configuration === configuration && each.entity === entity,
  );
  if (found === undefined) throw new Error(`no ${entity} of ${configuration}`);
  return found;
}

/** Stores a document a second time, under another id. */
export function copyDocument(
  database: string,
  collection: string,
  id: string,
  other: string,
  edit = (text: string) => text,
) {
  const text = readFileSync(join(database, collection, `${id}.json`), 'utf8').replaceAll(id, other);
  writeFileSync(join(database, collection, `${other}.json`), edit(text));
}

/** Lists a document as another one is listed. */
export function listAs(database: string, collection: string, id: string, other: string): void {
  editIndex(database, collection, (index) => {
    index.ouid.push(other);
    for (const member of MAPS) {
      for (const ids of Object.values(mapOf(index, member))) if (ids.includes(id)) ids.push(other);
    }
    index.ouid.sort();
    for (const member of MAPS) for (const ids of Object.values(mapOf(index, member))) ids.sort();
  });
}

export function removeDocument(database: string, collection: string, id: string): void {
  rmSync(join(database, collection, `${id}.json`));
}

/** Runs the repair in this process; nothing is too young for it. */
export function repair(
  database: string,
  options: Partial<RepairOptions> = {},
  context: Partial<CheckContext> = {},
): Promise<RepairReport> {
  return repairDatabase(
    database,
    {
      apply: false,
      deep: false,
      setAside: false,
      runs: new Set(),
      whole: new Set(),
      reimport: new Set(),
      backupParent: `${database}.repairs`,
      logger: silentLogger,
      ...options,
    },
    {
      files: realFiles,
      sleep: async () => undefined,
      now: Date.now,
      settleMilliseconds: 0,
      notice: () => undefined,
      throwIfStopped: () => undefined,
      ...context,
    },
  );
}

/** A copy of a database that may be damaged. */
export async function copyOf(database: string, directory: string): Promise<string> {
  const copy = join(directory, 'db');
  await cp(database, copy, { recursive: true });
  return copy;
}
