import { describe, expect, it } from 'vitest';
import { readJsonObject } from '../../../src/fhicl/json.ts';
import { readContent, readStoredJson } from '../../../src/fhicl/stored-content.ts';
import { store } from './support.ts';

/** Read member by member, as JSON.parse can't where names repeat. */
function readSlowly(json: string) {
  const document = readJsonObject(json);
  return { document: { ...document }, content: readContent(document) };
}

describe('readStoredJson keeps both of two members', () => {
  const stored = store('a: 1 # n\nb: "\\" : "\nt: { c: 2 }\ns: [{ d: ":" }]\n');
  const note = '{\n"type" : "number",\n"comment" : "",\n"annotation" : "# first"\n}';
  const cases: Record<string, readonly (readonly [string, string])[]> = {
    'of the data': [
      ['"a" : "1"', '"a" : "0",\n"a" : "1"'],
      ['"a" : {', `"a" : ${note},\n"a" : {`],
    ],
    'of the data, one written by hand': [
      ['"a" : "1"', '"a" : "0", "a": "1"'],
      ['"a" : {', `"a" : ${note},\n"a" : {`],
    ],
    'of the data, with a colon in place of the lost one': [
      ['"a" : "1"', '"a" : "0",\n"a":"1"'],
      ['"b" : "', '"b" : " : '],
      ['"a" : {', `"a" : ${note},\n"a" : {`],
    ],
    'of a table': [
      ['"c" : "2"', '"c" : "2","c"\n:"3"'],
      ['"c" : {', `"c" : ${note},\n"c" : {`],
    ],
    'of a table in a sequence': [
      ['"d" : ":"', '"d" : ":","d" :"3"'],
      ['"d" : {', `"d" : ${note},\n"d" : {`],
    ],
    'of the metadata': [['"a" : {', `"a" : ${note},\n"a" : {`]],
    'of a value in the metadata': [['"annotation" : "# n"', '"annotation" : "# m",\n"annotation" : "# n"']],
    'with names that end in a backslash': [
      ['"a" : "1"', '"a\\\\" : "0",\n"a\\\\" : "1"'],
      ['"a" : {', `"a\\\\" : ${note},\n"a\\\\" : {`],
    ],
    'around the content': [['"version" : ', '"version" : "1/first",\n"version" : ']],
    'of an assignment': [['"assigned" : ', '"assigned" : "long ago",\n"assigned" : ']],
  };
  for (const [name, changes] of Object.entries(cases)) {
    it(name, () => {
      let json = stored;
      for (const [from, to] of changes) {
        const at = from.endsWith('{') ? json.indexOf(from, json.indexOf('"metadata"')) : json.indexOf(from);
        expect(at).not.toBe(-1);
        json = json.slice(0, at) + to + json.slice(at + from.length);
      }
      const read = readStoredJson(json);
      expect(read).toEqual(readSlowly(json));
      expect(read).not.toEqual(readStoredJson(stored));
      expect(JSON.stringify(read.document)).not.toBe(JSON.stringify(JSON.parse(json)));
    });
  }

  it('and every text without repeated names as it is', () => {
    for (const text of ['a: 1\n', '__proto__: { constructor: "\\" : " }\n', 'toString: \'"a" : " : \'\n']) {
      const { document, content } = readStoredJson(store(text));
      expect({ document: { ...document }, content }).toEqual(readSlowly(store(text)));
    }
  });
});
