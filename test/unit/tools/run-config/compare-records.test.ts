import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareRecords, type RecordDifference } from '../../../../tools/run-config/compare-records.ts';
import { readParameters, textOf } from '../../../../tools/run-config/parameters.ts';
import { PathPattern } from '../../../../tools/run-config/path-pattern.ts';
import { selectedValues } from '../../../../tools/run-config/values-of-run.ts';

type Files = Readonly<Record<string, string>>;

function compared(before: Files, after: Files): RecordDifference {
  const [old, changed] = [before, after].map(
    (files) => new Map(Object.entries(files).map(([name, text]) => [name, readParameters({ name, text })])),
  );
  return compareRecords(old ?? new Map(), changed ?? new Map(), () => false);
}

/** `path: old -> new`, with the old path if it is another one. */
function changes(before: string, after: string): string[] {
  return compared({ a: before }, { a: after }).parameters.map((change) => {
    const [old, changed] = [change.old, change.new].map((each) => (each === undefined ? '' : textOf(each)));
    const path = change.path === change.oldPath ? change.path : `${change.oldPath}=>${change.path}`;
    return `${path}: ${old} -> ${changed}`;
  });
}

describe('two files are compared by value', () => {
  it.each([
    ['notation of numbers', 'a: 1.0 b: 0x10 c: 1e3 d: 1.50', 'a: 1 b: 16 c: 1000 d: 1.5'],
    ['quotes', "a: word b: \"x'y\" c: 'say'", 'a: "word" b: "x\\\'y" c: "say"'],
    ['comments and layout', '# one\na: [1, 2] // two\n', '\n\na: [ 1\n, 2 ] # other'],
    ['order of names', 'a: {b: 1 c: 2} d: 3', 'd: 3 a: {c: 2 b: 1}'],
    ['dotted names', 'a.b: 1 a.c.d: 2', 'a: {b: 1 c: {d: 2}}'],
    ['what a later entry replaces', 'a: 1 a: 2', 'a: 2'],
    ['what protection keeps', 'a @protect_ignore: 1 a: 2', 'a @protect_ignore: 1'],
    ['complex numbers', 'a: (1.0, 2)', 'a: (1,2.00)'],
    ['words that an export makes a bool', 'a: true#c\n', 'a: true #c\n'],
  ])('%s make no difference', (_what, one, other) => {
    expect(changes(one, other)).toEqual([]);
  });

  it.each([
    ['a number is no text', 'a: 12', 'a: "12"', ['a: 12 -> "12"']],
    ['nil is no word', 'a: @nil', 'a: nil', ['a: @nil -> nil']],
    ['a bool is no word', 'a: true', 'a: True', ['a: true -> True']],
    ['added and removed', 'a: {x: 1 y: 2}', 'a: {x: 1 z: 3}', ['a.y: 2 -> ', 'a.z:  -> 3']],
    ['a table in place of a value', 'a: 1', 'a: {b: 2}', ['a: 1 -> {b: 2}']],
    ['empty tables', 'a: {} b: []', 'a: [] b: []', ['a: {} -> []']],
    ['a table that is filled', 'a: {}', 'a: {b: {c: 1}}', ['a.b.c:  -> 1']],
    ['protection', 'a: 1', 'a @protect_error: 1', ['a: 1 -> 1 @protect_error']],
    [
      'protection of a table',
      'a: {b: 1}',
      'a @protect_error: {b: 2}',
      ['a: {…} -> {…} @protect_error', 'a.b: 1 -> 2'],
    ],
    ['includes', '#include "a.fcl"\nx: 1\n', '#include "b.fcl"\nx: 1\n', ['#include[0]: "a.fcl" -> "b.fcl"']],
    [
      'prologs',
      'BEGIN_PROLOG\np: 1\nEND_PROLOG\nx: @local::p\n',
      'BEGIN_PROLOG\np: 2\nEND_PROLOG\nx: @local::p\n',
      ['BEGIN_PROLOG.p: 1 -> 2'],
    ],
    ['references', 'a: @local::x', 'a: @local::y', ['a: @local::x -> @local::y']],
    [
      'large numbers',
      'a: 12345678901234567890',
      'a: 12345678901234567891',
      ['a: 12345678901234567890 -> 12345678901234567891'],
    ],
  ])('%s', (_what, one, other, expected) => {
    expect(changes(one, other)).toEqual(expected);
  });
});

describe('sequences are aligned', () => {
  it.each([
    ['an element put in front', 'a: [1, 2, 3, 4]', 'a: [0, 1, 2, 3, 4]', ['a[0]:  -> 0']],
    ['an element taken out', 'a: [1, 2, 3, 4]', 'a: [1, 3, 4]', ['a[1]: 2 -> ']],
    ['an element that is like its neighbour now', 'a: [5, 5, 6, 7]', 'a: [5, 6, 6, 7]', ['a[1]: 5 -> 6']],
    [
      'a change behind an element that came',
      'a: [1, 2, 3, 4, 5, 6]',
      'a: [0, 1, 2, 3, 4, 5, 7]',
      ['a[0]:  -> 0', 'a[5]=>a[6]: 6 -> 7'],
    ],
    ['the only element', 'a: [1]', 'a: [2]', ['a[0]: 1 -> 2']],
    ['nothing in common', 'a: [1, 2]', 'a: [3, 4, 5]', ['a: [1, 2] -> [3, 4, 5]']],
    ['in each other', 'a: [[1, 2], [3, 4]]', 'a: [[1, 2], [3, 5]]', ['a[1][1]: 4 -> 5']],
    ['an empty one', 'a: []', 'a: [{b: 1}]', ['a: [] -> [{b: 1}]'].slice(1).concat('a[0].b:  -> 1')],
  ])('%s', (_what, one, other, expected) => {
    expect(changes(one, other)).toEqual(expected);
  });

  it('tables by what they have in common, so that a new one is no change of all behind it', () => {
    const process = (label: string, host: string) => `{name: EventBuilder label: ${label} host: ${host}}`;
    const before = `p: [${process('eb1', 'h1')}, ${process('eb2', 'h1')}]`;
    const after = `p: [${process('eb0', 'h0')}, ${process('eb1', 'h2')}, ${process('eb2', 'h3')}]`;
    expect(changes(before, after)).toEqual([
      'p[0].name:  -> EventBuilder',
      'p[0].label:  -> eb0',
      'p[0].host:  -> h0',
      'p[0].host=>p[1].host: h1 -> h2',
      'p[1].host=>p[2].host: h1 -> h3',
    ]);
  });

  it('in time that does not grow with the square of their length', () => {
    const list = (of: (i: number) => number) =>
      `a: [${Array.from({ length: 50_000 }, (_, i) => of(i)).join()}]`;
    expect(
      changes(
        list((i) => i),
        list((i) => i + 25_000 * (i % 2)),
      ),
    ).toHaveLength(25_000);
  });
});

describe('files', () => {
  it('are the same with another port in their name, as until 2018, whatever differs in them', () => {
    const { moved, removed, added, parameters } = compared(
      { 'BoardReaderMain_h1_5200.fcl': 'a: 1', 'BoardReaderMain_h2_5201.fcl': 'a: 2' },
      { 'BoardReaderMain_h1_6200.fcl': 'a: 5', 'BoardReaderMain_h3_5201.fcl': 'a: 3' },
    );
    expect(moved).toEqual([{ from: 'BoardReaderMain_h1_5200.fcl', to: 'BoardReaderMain_h1_6200.fcl' }]);
    expect(parameters.map(({ file, path }) => [file, path])).toEqual([['BoardReaderMain_h1_6200.fcl', 'a']]);
    expect([removed[0]?.name, added[0]?.name]).toEqual([
      'BoardReaderMain_h2_5201.fcl',
      'BoardReaderMain_h3_5201.fcl',
    ]);
  });

  it('are moved if they have the same values under another name', () => {
    const { moved, removed, added, parameters } = compared(
      { 'a.fcl': 'x: 1.0', 'b.fcl': 'y: 2', 'c.fcl': 'z: 1', 'd.fcl': 'z: 1' },
      { 'e.fcl': 'x: 1 # here', 'f.fcl': 'y: 3 z: 4', 'c.fcl': 'z: 2', 'g.fcl': 'z: 1' },
    );
    expect(moved).toEqual([
      { from: 'a.fcl', to: 'e.fcl' },
      { from: 'd.fcl', to: 'g.fcl' },
    ]);
    expect(removed).toEqual([{ name: 'b.fcl', parameters: 1 }]);
    expect(added).toEqual([{ name: 'f.fcl', parameters: 2 }]);
    expect(parameters.map(({ file, path }) => [file, path])).toEqual([['c.fcl', 'z']]);
  });
});

/** A value of a generated file: text of a scalar, elements, or members. */
type Made = string | Made[] | { readonly [name: string]: Made };

const scalar = fc.oneof(
  fc.integer({ min: 0, max: 5 }).map(String),
  fc.constantFrom('true', 'false', '@nil', 'word', '"a text"', '"two\\nlines"', '1.5', '0x1F'),
);
const name = fc.constantFrom('a', 'b', 'c', 'd1', 'e_f');
const { value } = fc.letrec<{ value: Made; list: Made[]; table: Record<string, Made> }>((tie) => ({
  value: fc.oneof({ maxDepth: 4, withCrossShrink: true }, scalar, tie('list'), tie('table')),
  list: fc.array(tie('value'), { maxLength: 5 }),
  table: fc.dictionary(name, tie('value'), { maxKeys: 4, noNullPrototype: true }),
}));
const file = fc.dictionary(name, value, { minKeys: 1, maxKeys: 4, noNullPrototype: true });

function written(made: Made): string {
  if (typeof made === 'string') return made;
  if (Array.isArray(made)) return `[${made.map(written).join(', ')}]`;
  return `{${members(made)}}`;
}

function members(table: Readonly<Record<string, Made>>): string {
  return Object.entries(table)
    .map(([key, each]) => `${key}: ${written(each)}`)
    .join(' ');
}

/** The paths of all scalars. */
function leaves(made: Made, path: string): string[] {
  if (typeof made === 'string') return [path];
  if (Array.isArray(made)) return made.flatMap((each, i) => leaves(each, `${path}[${i}]`));
  return Object.entries(made).flatMap(([key, each]) => leaves(each, path === '' ? key : `${path}.${key}`));
}

/** The same with another scalar at a path. */
function replaced(made: Made, path: string, at: string, text: string): Made {
  if (typeof made === 'string') return at === path ? text : made;
  if (Array.isArray(made)) return made.map((each, i) => replaced(each, path, `${at}[${i}]`, text));
  return Object.fromEntries(
    Object.entries(made).map(([key, each]) => [
      key,
      replaced(each, path, at === '' ? key : `${at}.${key}`, text),
    ]),
  );
}

describe('whatever a file holds', () => {
  it('it does not differ from itself', () => {
    fc.assert(
      fc.property(file, (made) => {
        expect(changes(members(made), members(made))).toEqual([]);
      }),
    );
  });

  it('one value that is another is the one difference, and its path can be looked for', () => {
    fc.assert(
      fc.property(file, fc.nat(), (made, at) => {
        const paths = leaves(made, '');
        const path = paths[at % paths.length];
        fc.pre(path !== undefined);
        const after = members(Object(replaced(made, path, '', '"planted"')));
        const { parameters } = compared({ a: members(made) }, { a: after });
        expect(parameters.map((each) => [each.oldPath, each.path])).toEqual([[path, path]]);
        const found = selectedValues({ name: 'a', text: after }, new PathPattern(`a:${path}`));
        expect([...found].map(([each, { parameter }]) => [each, textOf(parameter)])).toEqual([
          [path, '"planted"'],
        ]);
      }),
    );
  });

  it('a parameter that is added or removed is the one difference', () => {
    fc.assert(
      fc.property(file, (made) => {
        const [one, other] = [members(made), members({ ...made, planted: '7' })];
        expect(changes(one, other)).toEqual(['planted:  -> 7']);
        expect(changes(other, one)).toEqual(['planted: 7 -> ']);
      }),
    );
  });

  it('an element that is put into a sequence is the one difference', () => {
    fc.assert(
      fc.property(fc.array(value, { maxLength: 8 }), fc.nat(), (list, at) => {
        const place = at % (list.length + 1);
        const longer = [...list.slice(0, place), '"planted"', ...list.slice(place)];
        expect(changes(members({ s: list }), members({ s: longer }))).toEqual([`s[${place}]:  -> "planted"`]);
        expect(changes(members({ s: longer }), members({ s: list }))).toEqual([`s[${place}]: "planted" -> `]);
      }),
    );
  });

  it('two files differ in both directions or in none', () => {
    fc.assert(
      fc.property(file, file, (one, other) => {
        const [forth, back] = [changes(members(one), members(other)), changes(members(other), members(one))];
        expect(forth.length > 0).toBe(back.length > 0);
      }),
    );
  });
});
