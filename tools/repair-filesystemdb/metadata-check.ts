import { join } from 'node:path';
import { SYSTEM_METADATA } from '../../src/artdaqdb/database-description.ts';
import { OBJECT_ID } from '../../src/artdaqdb/stored-document.ts';
import { messageOf } from '../../src/errors.ts';
import { readJsonObject } from '../../src/fhicl/json.ts';
import { undefinedIfMissing } from '../../src/system-error.ts';
import { type CheckContext, TEMPORARY_FILE } from './collection-scan.ts';
import type { Finding } from './finding.ts';

/** What is wrong with the collection that describes the database. */
export interface MetadataCheck {
  readonly findings: readonly Finding[];
  /** It has no document, which is made on first use. */
  readonly isMissing: boolean;
  /** Names of files that go to the backup. */
  readonly setAside: readonly string[];
}

/** Locks of this project stand in the same directory. */
const OURS = /^\.run-record-archiver/;

/** Looks at SystemMetadata. The C++ tools take each file in it for a document, and don't use its index. */
export async function checkMetadata(
  database: string,
  isSetAside: boolean,
  { files, now, settleMilliseconds }: CheckContext,
): Promise<MetadataCheck> {
  const directory = join(database, SYSTEM_METADATA);
  const names = (await files.readdir(directory).catch(undefinedIfMissing)) ?? [];
  const findings: Finding[] = [];
  const setAside: string[] = [];
  const report = (
    kind: Finding['kind'],
    name: string,
    problem: string,
    what: Partial<Finding> = {},
  ): void => {
    findings.push({ kind, collection: SYSTEM_METADATA, file: join(directory, name), problem, ...what });
  };
  const documents = names.filter(
    (name) => OBJECT_ID.test(name.replace(/\.json$/, '')) && name.endsWith('.json'),
  );
  for (const name of documents) {
    try {
      readJsonObject(String(await files.readFile(join(directory, name))));
    } catch (error) {
      report('unreadable document', name, messageOf(error), { advice: 'restore it from a backup' });
    }
  }
  for (const name of names) {
    if (documents.includes(name) || name === 'index.json' || OURS.test(name)) continue;
    const stats = await files.stat(join(directory, name)).catch(undefinedIfMissing);
    const isYoung = stats !== undefined && Math.abs(now() - stats.mtimeMs) < settleMilliseconds;
    if (stats === undefined || stats.isDirectory() || isYoung) continue;
    const isLeftover = TEMPORARY_FILE.test(name);
    const isMoved = isLeftover || isSetAside;
    if (isMoved) setAside.push(name);
    report(
      isLeftover ? 'leftover file' : 'foreign file',
      name,
      isLeftover ? 'an interrupted write left it' : 'the C++ tools take it for a document',
      isMoved ? { remedy: 'move it to the backup' } : {},
    );
  }
  for (const name of documents.slice(1)) {
    report('duplicate document', name, 'the database is described more than once');
  }
  const isMissing = documents.length === 0;
  if (isMissing) {
    findings.push({
      kind: 'missing metadata',
      collection: SYSTEM_METADATA,
      file: directory,
      problem: 'there is no document about the database',
      remedy: 'make it as on first use',
    });
  }
  return { findings, isMissing, setAside };
}
