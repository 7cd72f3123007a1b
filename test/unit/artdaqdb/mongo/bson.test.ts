import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { BSON, Long, ObjectId } from 'mongodb';
import { describe, expect, it } from 'vitest';
import { bsonOf, bsonSize } from '../../../../src/artdaqdb/mongo/bson.ts';
import { documentId, storedJsonOf } from '../../../../src/artdaqdb/mongo/bson-json.ts';
import { fragileNames, namesAtRisk } from '../../../../src/artdaqdb/mongo/document-writer.ts';
import { bsonOfStored } from '../../../../src/artdaqdb/mongo/stored-bson.ts';
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

/** The same without parsing. */
function quickly(json: string | Buffer): Uint8Array {
  return BSON.serialize(bsonOfStored(Buffer.from(json)));
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
      expect(Buffer.compare(quickly(json), bson), path).toBe(0);
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

describe('documents to be stored, which become BSON without being parsed', () => {
  it('are the same as by way of objects, whatever they hold', () => {
    const name = fc.stringMatching(/^[A-Za-z_]\w{0,4}$/);
    const text = fc
      .stringMatching(/^[ -~\t\n]*$/u)
      .map((content) => `"${content.replace(/["\\]/g, '\\$&')}."`);
    const scalar = fc.oneof(text, fc.constantFrom('1', 'true', '@nil', '0x1f', '(1, 2)', '[]', '{}'));
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof({ maxDepth: 4, withCrossShrink: true }, scalar, tie('list'), tie('table')),
      list: fc.array(tie('value'), { maxLength: 12 }).map((values) => `[${values.join(', ')}]`),
      table: fc
        .uniqueArray(fc.tuple(name, tie('value')), { selector: ([each]) => each })
        .map((members) => `{${members.map(([each, content]) => `${each}: ${content}`).join(' ')}}`),
    }));
    const entry = fc.tuple(fc.oneof(name, fc.constantFrom('a.b', '_id', '_bsontype', 'toBSON')), value);
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 6 }), (entries) => {
        const json = stored(
          `\n${entries.map(([each, content]) => `# ~\n${each}: ${content} // ~\n`).join('')}`,
        );
        expect(Buffer.compare(quickly(json), bsonOfText(json))).toBe(0);
      }),
    );
  });

  it('may have any ASCII character in a comment', () => {
    const characters = Array.from({ length: 128 }, (_, code) => String.fromCharCode(code)).join('');
    const json = stored(`# ${characters.replace(/[\n\r]/g, '')}\na: 1 # \0\n`);
    expect(Buffer.compare(quickly(json), bsonOfText(json))).toBe(0);
  });

  it('are written behind one another, each with its own id', () => {
    const [first, second] = ['a: 1 \n', 'b: 2 \n'].map((text) => Buffer.from(stored(text)));
    const list = BSON.serialize({
      list: [bsonOfStored(first ?? Buffer.of()), bsonOfStored(second ?? Buffer.of())],
    });
    expect(BSON.deserialize(list).list).toEqual(
      [first, second].map((json) => BSON.deserialize(bsonOfText(json ?? ''))),
    );
  });

  it('are refused if they are damaged', () => {
    const json = stored('a: {b: [1, "x"]} \n');
    for (const [part, other] of [
      ['[', '('],
      [' : ', ' ; '],
      ['"$oid" : "0', '"$oid" : "x'],
      ['false', 'no'],
    ]) {
      expect(() => quickly(json.replace(part ?? '', other ?? ''))).toThrow(/not as artdaqDB writes it/);
    }
    for (let length = 0; length < json.length; length += 7) {
      expect(() => quickly(json.slice(0, length))).toThrow(/not as artdaqDB writes it/);
    }
  });

  it('are refused if they do not fit into the memory that the driver has', () => {
    const json = `{"a" : "${'x'.repeat(17 * 2 ** 20)}"}`;
    expect(() => quickly(json)).toThrow(RangeError);
  });
});

describe('names that not every server keeps', () => {
  it('are found in documents to be stored, also beside tables that look like metadata', () => {
    const metadata =
      'metadata: {prolog: {type: "table" comment: "#prolog" children: {}} main: {}} search: [] x: 1 \n';
    const names = (fhicl: string) => namesAtRisk({ bytes: Buffer.from(stored(fhicl)) });
    expect(names(`a: 1 \n${metadata}`)).toEqual([]);
    expect(names(`a: {data: {prolog: {} main: {}} ${metadata}} \n${metadata}a: 2 \nb.c: 3 \n`)).toEqual([
      'b.c',
      'a',
    ]);
  });

  it('are found at top level and in prologs', () => {
    const names = (fhicl: string) => fragileNames(readJsonObject(stored(fhicl)));
    expect(names('a: {b: 1} \nc: "a.b" \n')).toEqual({ dotted: [], repeated: [] });
    expect(names('BEGIN_PROLOG\np.q: 1 \nEND_PROLOG\na: 1 \nb: 1 \na: 2 \na: 3 \n')).toEqual({
      dotted: ['p.q'],
      repeated: ['a'],
    });
  });
});
