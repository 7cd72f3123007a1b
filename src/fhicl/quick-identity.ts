import type { StoredIdentity } from './document.ts';

const TEXT = '"[^"\\\\]*"';
const TAKEN = '"([^"\\\\]*)"';
const list = (element: string) => `\\[\n${element}\n\\]`;
const table = (members: readonly string[]) => `{\n${members.join(',\n')}\n}`;
const assigned = (name: string, stamp: string) => table([`"name" : ${name}`, `"assigned" : ${stamp}`]);

const ORIGIN = ['format', 'name', 'source', 'timestamp', 'created'].map((name) => `"${name}" : ${TEXT}`);
const UPDATE = table([`"event" : ${TEXT}`, `"timestamp" : ${TEXT}`, `"value" : ${assigned(TEXT, TEXT)}`]);
const BOOKKEEPING = [
  '"isdeleted" : false',
  '"isreadonly" : false',
  `"updates" : ${list(`${UPDATE}(?:,\n${UPDATE})*`)}`,
  `"created" : ${TEXT}`,
];
const MEMBERS = [
  `"origin" : ${table([...ORIGIN, `"rawdata" : ${list('')}`])}`,
  `"version" : ${TAKEN}`,
  `"entities" : ${list(assigned(TAKEN, TEXT))}`,
  `"configurations" : ${list(assigned(TAKEN, TAKEN))}`,
  `"changelog" : ${TEXT}`,
  `"bookkeeping" : ${table(BOOKKEEPING)}`,
  `"_id" : ${table([`"\\$oid" : ${TAKEN}`])}`,
  `"collection" : ${TAKEN}`,
  `"aliases" : ${table([`"active" : ${list('')}`, `"history" : ${list('')}`])}`,
  `"runs" : ${list(assigned(TAKEN, TEXT))}`,
  `"attachments" : ${list('')}`,
  `"configtype" : ${TEXT}`,
];
const USUAL_MEMBERS = new RegExp(`^${MEMBERS.join(',\n')}\n}$`);

/**
 * What a stored document says of itself, read from its end: all behind its comments, in artdaqDB's own layout, with one
 * configuration and one run.
 * @returns undefined if it is not laid out like that
 */
export function identityIn(end: string): StoredIdentity | undefined {
  const found = USUAL_MEMBERS.exec(end);
  if (found === null) return undefined;
  const [, version = '', entity = '', name = '', stamp = '', id = '', collection = '', run = ''] = found;
  return { id, entity, version, configurations: [{ name, assigned: stamp }], runs: [run], collection };
}
