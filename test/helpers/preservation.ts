import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { FhiclFile } from '../../src/fhicl/fhicl-file.ts';
import { parseFhicl } from '../../src/fhicl/parse.ts';

const TEXTS = ['metadata', 'boot', 'settings', 'known_boardreaders_list', 'environment', 'ranks', 'setup'];

/**
 * What of a run record is neither in the archived files nor in a warning. The rule knows nothing of converters: `.fcl` files
 * come back as the same tree, and of a text file every word of every line (but for remarks) is in its document or in
 * the name of an entry, or its line has a warning.
 * @returns `<file>: ...` or `<file>:<line>: <words>`; nothing if all is kept
 */
export function lostOf(record: string, archived: readonly FhiclFile[], warnings: string): string[] {
  const found = new Map(archived.map(({ name, text }) => [name, text]));
  const lost: string[] = [];
  for (const path of readdirSync(record, { recursive: true, encoding: 'utf8' })) {
    const isAside = path.endsWith('_schema.fcl') || basename(path).startsWith('._');
    if (!path.endsWith('.fcl') || isAside || !isFile(join(record, path))) continue;
    const text = found.get(basename(path));
    if (text === undefined) lost.push(`${path}: no such document`);
    else if (tree(text) !== tree(readFileSync(join(record, path), 'latin1')))
      lost.push(`${path}: another tree`);
  }
  for (const name of TEXTS) {
    const source = join(record, `${name}.txt`);
    if (!existsSync(source)) continue;
    const document = found.get(`${name}.fcl`);
    if (document === undefined) lost.push(`${name}.txt: no such document`);
    else lost.push(...lostLines(name, readFileSync(source), document, warnings));
  }
  return lost;
}

function lostLines(name: string, source: Buffer, document: string, warnings: string): string[] {
  const kept = new Set(
    words(document.replace(/\\(.)/gs, (_, c: string) => (c === 'n' || c === 't' ? ' ' : c))),
  );
  return source
    .toString('utf8')
    .split(/\r\n|\r|\n/)
    .flatMap((line, index) => {
      const place = `${name}.txt:${index + 1}:`;
      if (warnings.includes(place) || (/^\s*#/.test(line) && name !== 'setup')) return [];
      const missing = words(written(name, line)).filter((word) => !kept.has(word));
      return missing.length > 0 ? [`${place} ${missing.join(' ')}`] : [];
    });
}

/** What is left of a line when the words are gone that a document says otherwise. */
function written(name: string, line: string): string {
  if (name === 'environment') return line.replace(/^export /, '');
  if (name !== 'metadata') return line;
  return line.replace(/^Component #\d+:/, '').replace('logfile(s)', 'logfiles');
}

function words(text: string): string[] {
  return text.toLowerCase().match(/[a-z0-9]+/g) ?? [];
}

/** The data of a document, without its comments; artdaqDB exports an empty document as 0 bytes, and reads none. */
function tree(text: string): string {
  const { prolog, main } = parseFhicl(text || '\n', 'a document');
  return JSON.stringify({ prolog, main }, (key, value) =>
    key === 'comment' || key === 'annotation' ? undefined : value,
  );
}

function isFile(path: string): boolean {
  try {
    readFileSync(path);
    return true;
  } catch {
    return false;
  }
}
