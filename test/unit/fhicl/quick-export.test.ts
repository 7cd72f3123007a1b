import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { BSON } from 'mongodb';
import { describe, expect, it } from 'vitest';
import { bsonOf } from '../../../src/artdaqdb/mongo/bson.ts';
import { storedJsonOf } from '../../../src/artdaqdb/mongo/bson-json.ts';
import { FhiclError } from '../../../src/errors.ts';
import { readStored } from '../../../src/fhicl/document.ts';
import { readJsonObject } from '../../../src/fhicl/json.ts';
import { readStoredQuickly } from '../../../src/fhicl/quick-export.ts';
import { fhiclText } from './arbitrary.ts';
import { GOLDEN, store } from './support.ts';

/** documentation/TESTING.md, "Two readers of one format". */
const MUTANTS = Number(process.env.QUICK_EXPORT_MUTANTS ?? 2000);
const SEED = process.env.QUICK_EXPORT_SEED;

const files = readdirSync(GOLDEN, { recursive: true, encoding: 'utf8' }).map((name) => join(GOLDEN, name));
const stored = files
  .filter((name) => /\/stored\.json$|\/[0-9a-f]{24}\.json$/.test(name) && !name.includes('SystemMetadata'))
  .map((name) => readFileSync(name));
const ours = files
  .filter((name) => name.endsWith('.fcl') && existsSync(name))
  .flatMap((name) => storedOrRefused(readFileSync(name, 'utf8')));

const small = [...stored, ...ours].filter(({ length }) => length < 20_000);

function throughMongodb(documents: readonly Buffer[]): Buffer[] {
  return documents.map((document) =>
    Buffer.from(storedJsonOf(BSON.serialize(bsonOf(readJsonObject(document.toString()))), 'document')),
  );
}

function storedOrRefused(fhicl: string): Buffer[] {
  try {
    return [Buffer.from(store(fhicl))];
  } catch (error) {
    if (error instanceof FhiclError) return [];
    throw error;
  }
}

/** @returns whether the document was read quickly */
function isReadAlike(document: Buffer): boolean {
  const quick = readStoredQuickly(document);
  if (quick === undefined) return false;
  const slow = readStored(document.toString());
  if (!isDeepStrictEqual(quick, slow)) expect(quick).toEqual(slow);
  return true;
}

describe('readStoredQuickly reads as readStored does', () => {
  it.each([
    ['stored by the C++ tools', stored],
    ['stored by ours', ours],
    ['stored in MongoDB', throughMongodb(small)],
  ])('what was %s, and nearly all of it', (_, documents) => {
    expect(documents.length).toBeGreaterThan(200);
    const quick = documents.filter(isReadAlike);
    expect(quick.length).toBeGreaterThan(0.9 * documents.length);
  });

  it('any document', () => {
    let quick = 0;
    fc.assert(
      fc.property(fhiclText, (text) => {
        if (isReadAlike(Buffer.from(store(text)))) quick++;
      }),
      { numRuns: 500 },
    );
    expect(quick).toBeGreaterThan(20);
  });

  it('what becomes of documents by accident', { timeout: Number.POSITIVE_INFINITY }, () => {
    let quick = 0;
    fc.assert(
      fc.property(
        fc.constantFrom(...small),
        fc.array(accident, { minLength: 1, maxLength: 3 }),
        (...mutant) => {
          if (isReadAlike(damaged(...mutant))) quick++;
        },
      ),
      { numRuns: MUTANTS, ...(SEED === undefined ? {} : { seed: Number(SEED) }) },
    );
    expect(quick).toBeGreaterThan(MUTANTS / 20);
  });
});

type Accident = (document: string) => string;

const place = fc.nat();
const length = fc.nat(6);
const piece = fc.constantFrom(
  ...[
    '"',
    '\\',
    '\\\\',
    '\\"',
    '\\n',
    '\\/',
    '\\u0041',
    '\\u00e9',
    '\\x',
    'é',
    '\0',
    '\n',
    '\t',
    ' ',
    ',',
    ':',
  ],
  ...[
    '{',
    '}',
    '[',
    ']',
    '{\n\n}',
    '[\n\n]',
    '0',
    '1',
    '01',
    'a',
    '_',
    "'",
    '#',
    '//',
    'null',
    'true',
    '__proto__',
  ],
  ...[
    'fhicl_pound_include_1',
    '@local::x',
    'complex',
    'table',
    'sequence',
    'string_unquoted',
    'BEGIN_PROLOG',
  ],
  ...[',\n"protection" : "@protect_error"', ',\n"protection" : "@none"', ',\n"a" : "b"', '"a" : "b",\n'],
);

const accident = fc.oneof(
  fc.tuple(place, length, piece).map(
    ([at, lost, added]): Accident =>
      (document) =>
        spliced(document, at % (document.length + 1), lost, added),
  ),
  fc.tuple(place, length).map(
    ([at, lost]): Accident =>
      (document) =>
        spliced(document, at % document.length, lost + 1, ''),
  ),
  fc.tuple(place, place, length, fc.boolean()).map(
    ([from, to, count, replaces]): Accident =>
      (document) => {
        const lines = document.split('\n');
        const moved = lines.slice(from % lines.length, (from % lines.length) + count);
        lines.splice(to % lines.length, replaces ? moved.length : 0, ...moved);
        return lines.join('\n');
      },
  ),
  fc.tuple(place, length).map(
    ([at, count]): Accident =>
      (document) => {
        const lines = document.split('\n');
        lines.splice(at % lines.length, count);
        return lines.join('\n');
      },
  ),
);

function spliced(text: string, at: number, lost: number, added: string): string {
  return text.slice(0, at) + added + text.slice(at + lost);
}

function damaged(document: Buffer, accidents: readonly Accident[]): Buffer {
  return Buffer.from(accidents.reduce((text, happen) => happen(text), document.toString()));
}
