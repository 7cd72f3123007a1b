import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { BSON, Long, ObjectId } from 'mongodb';
import { describe, expect, it } from 'vitest';
import { bsonOf, bsonSize, documentId, storedJsonOf } from '../../../../src/artdaqdb/mongo/bson.ts';
import { fragileNames } from '../../../../src/artdaqdb/mongo/document-writer.ts';
import { toStoredJson } from '../../../../src/fhicl/document.ts';
import { readJsonObject } from '../../../../src/fhicl/json.ts';

const GOLDEN = join(import.meta.dirname, '../../../fixtures/golden');
const ID = '0123456789abcdef01234567';

function storedTexts(): (readonly [string, Buffer])[] {
  return readdirSync(GOLDEN, { recursive: true, encoding: 'utf8' })
    .filter((path) => /stored\.json$|(?:RunHistory|SystemLayout).[0-9a-f]{24}\.json$/.test(path))
    .map((path) => [path, readFileSync(join(GOLDEN, path))]);
}

function bsonOfText(json: string | Buffer): Uint8Array {
  return BSON.serialize(bsonOf(readJsonObject(json.toString())));
}

function stored(fhicl: string): string {
  return toStoredJson(fhicl, {
    entity: 'boot',
    run: 5,
    config: 'standard',
    collection: 'RunHistory',
    id: ID,
    now: new Date(0),
  });
}

/** As a MongoDB server keeps it. */
function idFirst(bson: Uint8Array): Uint8Array {
  const document = new Map(Object.entries(BSON.deserialize(bson)));
  return BSON.serialize(new Map([['_id', document.get('_id')], ...document]));
}

describe('stored documents as BSON', () => {
  it('are read back as the same bytes, whoever wrote them', () => {
    const texts = storedTexts();
    expect(texts.length).toBeGreaterThan(100);
    for (const [path, json] of texts) {
      const bson = bsonOfText(json);
      expect(storedJsonOf(bson, path).equals(json), path).toBe(true);
      expect(bsonSize(readJsonObject(json.toString())), path).toBe(bson.length);
    }
  });

  it('hold an ObjectId, int32 line numbers, booleans, and strings for everything else', () => {
    const bson = BSON.deserialize(
      bsonOfText(stored('# c\nn: 5 \nt: true \nz: {a: 1.50 b: [0x10, @nil]} \n')),
      {
        promoteValues: false,
      },
    );
    expect(bson._id).toEqual(new ObjectId(ID));
    expect(bson.comments[0].linenum).toEqual(new BSON.Int32(1));
    expect(bson.bookkeeping.isdeleted).toBe(false);
    expect(bson.document.data.main).toEqual({ n: '5', t: 'true', z: { a: '1.50', b: ['0x10', '@nil'] } });
    expect(Object.keys(bson)).toEqual(
      'document comments origin version entities configurations changelog bookkeeping _id collection aliases runs attachments configtype'.split(
        ' ',
      ),
    );
  });

  it('are read back unchanged from a server that puts the id first', () => {
    const json = stored('b: 1 \na: {c: "x" d: 2}\n');
    expect(storedJsonOf(idFirst(bsonOfText(json)), '').toString()).toBe(json);
  });

  it('keep repeated names, dots, and names that JavaScript objects treat specially, in order', () => {
    const json = stored(
      'b: 1 \na: 2 \nb: {__proto__: 3 constructor: 4} \na.b.c: 5 \na: [] \n__proto__: 6 \n',
    );
    expect(storedJsonOf(bsonOfText(json), '').toString()).toBe(json);
  });

  it('keep any text in values', () => {
    const name = fc.stringMatching(/^[A-Za-z_]\w{0,4}$/);
    const text = fc.stringMatching(/^[ !#-[\]-~\t\n]*$/).map((content) => `"${content}"`);
    const value = fc.oneof(text, fc.constantFrom('1', 'true', '@nil', '[]', '{}', '["a", [1, {b: 2}]]'));
    const comment = fc
      .string({
        unit: fc.integer({ min: 0, max: 0x7f }).map((code) => String.fromCharCode(code)),
        maxLength: 9,
      })
      .filter((note) => !/[\r\n]|#include/.test(note));
    const entry = fc
      .tuple(name, value, comment)
      .map(([key, content, note]) => `${key}: ${content} #${note}\n`);
    fc.assert(
      fc.property(fc.array(entry), (entries) => {
        const json = stored(`${entries.join('')}\n`);
        expect(storedJsonOf(bsonOfText(json), '').toString()).toBe(json);
      }),
    );
  });

  it('may hold numbers and other types from other programs', () => {
    const bson = BSON.serialize({
      int64: Long.fromString('123'),
      large: Long.fromString('9007199254740993'),
      double: 1.5,
      infinite: Number.NEGATIVE_INFINITY,
      decimal: BSON.Decimal128.fromString('0.10'),
      none: null,
      when: new Date(5),
    });
    const json = storedJsonOf(bson, '').toString();
    expect(JSON.parse(json)).toEqual({
      int64: 123,
      large: '9007199254740993',
      double: 1.5,
      infinite: '-infinity',
      decimal: '0.10',
      none: null,
      when: { $date: 5 },
    });
  });

  it('keep bytes that are not UTF-8', () => {
    const bson = Buffer.from(BSON.serialize({ a: 'x?z' }));
    bson[bson.indexOf('?')] = 0xff;
    expect(storedJsonOf(bson, '')).toEqual(Buffer.from('{\n"a" : "x\xffz"\n}', 'latin1'));
  });

  it('are refused by place if they are damaged or hold what JSON cannot express', () => {
    const binary = BSON.serialize({ a: { b: new BSON.Binary(new Uint8Array(3)) } });
    expect(() => storedJsonOf(binary, 'RunHistory/1')).toThrow(/RunHistory\/1 .*a\.b/);
    const bson = bsonOfText(stored('a: {b: [1, "x"]} \n'));
    for (let place = 0; place < bson.length; place++) {
      const damaged = Buffer.from(bson);
      damaged[place] = 0xf0;
      try {
        storedJsonOf(damaged, 'RunHistory/1');
      } catch (error) {
        expect(String(error)).toContain('ArtdaqDBError: RunHistory/1');
      }
    }
  });

  it('may have ids of any kind', () => {
    expect(documentId(bsonOfText(stored('a: 1 \n')))).toBe(ID);
    expect(documentId(BSON.serialize({ a: 1, _id: ID }))).toBe(`"${ID}"`);
    expect(documentId(BSON.serialize({ a: { _id: 1 } }))).toBe('');
  });
});

describe('names that not every server keeps', () => {
  it('are found at top level and in prologs', () => {
    const names = (fhicl: string) => fragileNames(readJsonObject(stored(fhicl)));
    expect(names('a: {b: 1} \nc: "a.b" \n')).toEqual({ dotted: [], repeated: [] });
    expect(names('BEGIN_PROLOG\np.q: 1 \nEND_PROLOG\na: 1 \nb: 1 \na: 2 \na: 3 \n')).toEqual({
      dotted: ['p.q'],
      repeated: ['a'],
    });
  });
});
