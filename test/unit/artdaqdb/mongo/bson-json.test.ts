import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { BSON, Long, ObjectId } from 'mongodb';
import { describe, expect, it } from 'vitest';
import { documentId, storedJsonOf } from '../../../../src/artdaqdb/mongo/bson-json.ts';
import { bsonOfStored } from '../../../../src/artdaqdb/mongo/stored-bson.ts';
import { ArtdaqDbError } from '../../../../src/errors.ts';
import { jsonArray, jsonObject, quoteJson } from '../../../../src/fhicl/json.ts';

/** documentation/TESTING.md, "Two readers of one format". */
const MUTANTS = Number(process.env.BSON_JSON_MUTANTS ?? 2000);
const SEED = process.env.BSON_JSON_SEED;

const GOLDEN = join(import.meta.dirname, '../../../fixtures/golden');
const golden = readdirSync(GOLDEN, { recursive: true, encoding: 'utf8' })
  .filter((path) => /(?:RunHistory|SystemLayout).[0-9a-f]{24}\.json$/.test(path))
  .map((path) => BSON.serialize(bsonOfStored(readFileSync(join(GOLDEN, path)))));

const foreign = BSON.serialize({
  _id: 5,
  nothing: { '': null, list: [null, [], {}, [true, false]] },
  numbers: [1, -1, 2 ** 31, 1.5, -0, 1e300, Number.NaN, Number.POSITIVE_INFINITY, Long.MAX_VALUE, Long.ONE],
  others: [new Date(5), new ObjectId(), BSON.Decimal128.fromString('-1.5E-6143')],
  text: '"\\/\b\f\n\r\t\0é',
  collection: 'RunHistory',
});
const documents = [...golden.filter(({ length }) => length < 10_000), foreign];

/** The stored JSON as the driver sees the document. Undefined if the driver or artdaqDB refuses it. */
function asDriverReads(bson: Uint8Array): string | undefined {
  try {
    return withIdAtHome(membersOf(Buffer.from(bson), 0));
  } catch (error) {
    if (error instanceof Error) return undefined;
    throw error;
  }
}

type Member = readonly [name: string, json: string];

function membersOf(bytes: Buffer, offset: number): Member[] {
  if (bytes.readInt32LE(offset) < 5) throw new Error('the driver takes negative lengths');
  return [...BSON.onDemand.parseToElements(bytes, offset)].map(([type, start, length, at, size]) => [
    bytes.toString('latin1', start, start + length),
    jsonOf(bytes, type, at, size),
  ]);
}

function jsonOf(bytes: Buffer, type: number, at: number, size: number): string {
  const digits = (value: bigint) => (Number.isSafeInteger(Number(value)) ? String(value) : `"${value}"`);
  const value = bytes.subarray(at, at + size);
  switch (type) {
    case 1: {
      const number = value.readDoubleLE();
      return Number.isFinite(number) ? String(number) : `"${String(number).toLowerCase()}"`;
    }
    case 2:
      if (size < 5) throw new Error('the driver takes strings without an end');
      return quoteJson(value.toString('latin1', 4, size - 1));
    case 3:
      return objectOf(membersOf(bytes, at));
    case 4:
      return jsonArray(
        membersOf(bytes, at)
          .map(([, json]) => json)
          .join(',\n'),
      );
    case 7:
      return jsonObject(`"$oid" : "${value.toString('hex')}"`);
    case 8:
      return String(value[0] !== 0);
    case 9:
      return jsonObject(`"$date" : ${digits(value.readBigInt64LE())}`);
    case 10:
      return 'null';
    case 16:
      return String(value.readInt32LE());
    case 18:
      return digits(value.readBigInt64LE());
    case 19:
      return `"${new BSON.Decimal128(value)}"`;
    default:
      throw new Error(`no type ${type}`);
  }
}

function objectOf(members: readonly Member[]): string {
  return jsonObject(members.map(([name, json]) => `${quoteJson(name)} : ${json}`).join(',\n'));
}

function withIdAtHome(members: readonly Member[]): string {
  const [first, ...others] = members;
  const home = others.findIndex(([name]) => name === 'collection');
  return objectOf(
    first?.[0] === '_id' && home !== -1 ? [...others.slice(0, home), first, ...others.slice(home)] : members,
  );
}

/** @returns whether the document can be read */
function isReadAlike(bson: Uint8Array): boolean {
  const expected = asDriverReads(bson);
  if (expected === undefined) {
    expect(() => storedJsonOf(bson, 'place')).toThrow(ArtdaqDbError);
    return false;
  }
  const json = storedJsonOf(bson, 'place').toString('latin1');
  if (json !== expected) expect(json).toBe(expected);
  return true;
}

/** As MongoDB stores it. */
function idFirst(bson: Uint8Array): Uint8Array {
  const members = BSON.deserialize(bson, { promoteValues: false });
  return BSON.serialize(new Map([['_id', members._id], ...Object.entries(members)]));
}

describe('a BSON document becomes the JSON that the driver sees in it', () => {
  it('whoever stored it', () => {
    expect(documents.length).toBeGreaterThan(50);
    for (const bson of [...documents, ...documents.map(idFirst)]) expect(isReadAlike(bson)).toBe(true);
  });

  it('whatever its members are called, and wherever its id is', () => {
    const name = fc.constantFrom('_id', 'collection', 'a', '', '"', '\\', '\n', 'é', '__proto__', '5');
    const value = fc.constantFrom(null, 'x', 1, { _id: 1, collection: 2 }, ['collection'], new ObjectId());
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(name, value), { selector: ([each]) => each }), (members) => {
        const bson = BSON.serialize(new Map<string, unknown>(members));
        expect(isReadAlike(bson)).toBe(true);
        const id = membersOf(Buffer.from(bson), 0).find(([each]) => each === '_id')?.[1] ?? '';
        expect(documentId(bson)).toBe(/"([0-9a-f]{24})"/.exec(id)?.[1] ?? id);
      }),
    );
  });

  it('also after any accident, unless it is refused', { timeout: Number.POSITIVE_INFINITY }, () => {
    let readable = 0;
    fc.assert(
      fc.property(
        fc.constantFrom(...documents),
        fc.array(fc.tuple(fc.nat(), byte), { maxLength: 3 }),
        fc.oneof({ weight: 9, arbitrary: fc.constant(undefined) }, fc.nat()),
        (...mutant) => {
          if (isReadAlike(damaged(...mutant))) readable++;
        },
      ),
      { numRuns: MUTANTS, ...(SEED === undefined ? {} : { seed: Number(SEED) }) },
    );
    expect(readable).toBeGreaterThan(MUTANTS / 20);
  });
});

/** Types, lengths and ends above all. */
const byte = fc.oneof(
  fc.constantFrom(0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 16, 17, 18, 19, 34, 92, 255),
  fc.nat(255),
);

/** @param end where it is cut off */
function damaged(
  bson: Uint8Array,
  bytes: readonly (readonly [place: number, value: number])[],
  end?: number,
): Uint8Array {
  const mutant = Buffer.from(bson);
  for (const [place, value] of bytes) mutant[place % mutant.length] = value;
  return end === undefined ? mutant : mutant.subarray(0, end % mutant.length);
}
