import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Expansion, expandConfig } from '../../../src/config/expand.ts';
import { type ConfigSection, type ConfigValue, isSection, valueAt } from '../../../src/config/tree.ts';

function tree(plain: object): ConfigSection {
  return Object.fromEntries(
    Object.entries(plain).map(([name, value]) => [
      name,
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? tree(value)
        : (value as ConfigValue),
    ]),
  );
}

function expand(plain: object, env: Record<string, string> = {}): Expansion {
  return expandConfig(tree(plain), env);
}

/** The expansion of one text in section `s`, beside the parameters of `others`. */
function expandText(
  text: string,
  env: Record<string, string> = {},
  others: object = {},
): ConfigValue | undefined {
  return valueAt(expand({ s: { text }, ...others }, env).tree, ['s', 'text']);
}

describe('environment variables', () => {
  it.each<[string, string]>([
    ['${A}', 'one'],
    ['x${A}y${B}z', 'xoneytwoz'],
    ['${NONE}', ''],
    ['a${NONE}b', 'ab'],
    ['${NONE:-default}', 'default'],
    ['${A:-default}', 'one'],
    ['${EMPTY:-default}', ''],
    ['${NONE:-}', ''],
    ['${NONE:-${B}}', 'two'],
    ['${NONE:-${NONE2:-${NONE3:-deep}}}', 'deep'],
    ['${NONE:-a${A}b${NONE2:-c}d}', 'aonebcd'],
    ['${NONE:-a:-b}', 'a:-b'],
    ['${NONE:-{x}}', '{x}'],
    ['${NONE:-http://h:1/p?q=$x#y}', 'http://h:1/p?q=$x#y'],
    ['$A ${} $ } {A} $${A}', '$A ${} $ } {A} $one'],
    ['${A', '${A'],
    ['${A ${B} ${', '${A two ${'],
    ['${NONE:-${A}', '${NONE:-one'],
    ['${A}}', 'one}'],
    ['${1A} ${A-B} ${ A } ${a${A}}', '${1A} ${A-B} ${ A } ${a${A}}'],
    ['${CHAIN}', 'oneone'],
  ])('turn %s into the right text', (text, expected) => {
    expect(expandText(text, { A: 'one', B: 'two', EMPTY: '', CHAIN: '${A}${A}' })).toBe(expected);
  });

  it('are named if they leave a parameter empty, also through other parameters', () => {
    const texts = { a: '${X}', b: ' ${s.a}${Y} ', c: '${s.b}x', d: '${E:-e}', e: '${X:-}', f: '${b}' };
    expect(expand({ s: texts }, { E: '' }).emptied).toEqual([
      { path: ['s', 'a'], text: 'the environment variable X is not set' },
      {
        path: ['s', 'b'],
        text: 'the environment variable X is not set and the environment variable Y is not set',
      },
      { path: ['s', 'd'], text: 'the environment variable E is empty' },
      {
        path: ['s', 'f'],
        text: 'the environment variable X is not set and the environment variable Y is not set',
      },
    ]);
  });

  it('are named if they are not set and have no default', () => {
    const { unset } = expand({ s: { a: '${X}/${Y:-y}', l: ['${Z}'] } });
    expect(unset).toEqual([
      { path: ['s', 'a'], text: 'X' },
      { path: ['s', 'l', '0'], text: 'Z' },
    ]);
  });

  it('may hold references to parameters', () => {
    expect(
      expandText('${A}', { A: '${x}/${other.y}' }, { other: { y: '1' }, s: { text: '${A}', x: '2' } }),
    ).toBe('2/1');
  });

  it('that form a circle are a problem', () => {
    expect(expand({ s: { a: '${A}' } }, { A: 'x${B}', B: '${A}' }).problems).toEqual([
      { path: ['s', 'a'], text: 'the references form a circle: A -> B -> A' },
    ]);
  });
});

describe('parameters', () => {
  it('are looked up in the same section, in another, and in the sections around', () => {
    const result = expand({
      app: { work_dir: '/w', log: '${work_dir}/log', deep: '${log}.1' },
      other: { a: '${app.deep}', b: '${work_dir}', c: '${work_dir:-none}', d: '${app.nothing:-${app.log}}' },
      reporting: {
        host: 'h',
        email: { user: '${host}', address: '${user}@${reporting.email.user}', x: '${email.user}' },
      },
    });
    expect(result.tree).toEqual(
      tree({
        app: { work_dir: '/w', log: '/w/log', deep: '/w/log.1' },
        other: { a: '/w/log.1', b: '${work_dir}', c: 'none', d: '/w/log' },
        reporting: { host: 'h', email: { user: 'h', address: 'h@h', x: 'h' } },
      }),
    );
    expect(result.unknown).toEqual([{ path: ['other', 'b'], text: 'work_dir' }]);
  });

  it('that are not texts appear as Python writes them', () => {
    expect(expandText('${o.t} ${o.f} ${o.n}', {}, { o: { t: true, f: false, n: null } })).toBe(
      'True False None',
    );
  });

  it('that are not texts stay as they are', () => {
    const plain = { s: { t: true, n: null, l: [true, null, 'x', ['${A}', { k: '${A}' }]] }, top: '${A}' };
    expect(expand(plain, { A: '1' }).tree).toEqual(
      tree({ s: { t: true, n: null, l: [true, null, 'x', ['1', { k: '1' }]] }, top: '1' }),
    );
  });

  it('are not sections or lists', () => {
    expect(expandText('${o.l} ${o.m:-x}', {}, { o: { l: ['a'], m: {} } })).toBe('${o.l} x');
  });

  it('are not names of the programming language', () => {
    expect(expandText('${constructor} ${s.__proto__} ${constructor.name}')).toBe(
      '${constructor} ${s.__proto__} ${constructor.name}',
    );
  });

  it('that form a circle are named once and stay as written', () => {
    const plain = { s: { a: '${b}', b: 'x${t.c}', d: '${a}' }, t: { c: '${s.a}', ok: '${s.fine:-1}' } };
    const result = expand(plain);
    expect(result.problems).toEqual([
      { path: ['s', 'a'], text: 'the references form a circle: s.a -> s.b -> t.c -> s.a' },
    ]);
    expect(result.tree).toEqual(tree({ ...plain, t: { c: '${s.a}', ok: '1' } }));
  });

  it('that refer to themselves form a circle', () => {
    expect(expand({ s: { a: '${a:-x}' } }).problems).toEqual([
      { path: ['s', 'a'], text: 'the references form a circle: s.a -> s.a' },
    ]);
  });
});

describe('the expansion', () => {
  it('stops chains that double at every step', () => {
    const doubling = Object.fromEntries(
      Array.from({ length: 60 }, (_, i) => [`p${i}`, i === 0 ? '0123456789' : `\${p${i - 1}}\${p${i - 1}}`]),
    );
    const { problems } = expand({ s: doubling });
    expect(problems).toEqual([{ path: ['s', 'p13'], text: 'expands to more than 65536 characters' }]);
  });

  it('stops nesting that is too deep', () => {
    const chain = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`p${i}`, `\${p${i + 1}:-end}`]));
    expect(new Set(expand({ s: chain }).problems.map(({ text }) => text))).toEqual(
      new Set(['references nested more than 100 deep']),
    );
    expect(
      expand({ s: { a: `${'${A:-'.repeat(5000)}${'}'.repeat(5000)}` } }).problems.map(({ text }) => text),
    ).toEqual(['references nested more than 100 deep']);
  });

  it('takes long texts of odd braces', () => {
    for (const text of [
      '${'.repeat(30_000),
      '}'.repeat(60_000),
      '${}'.repeat(20_000),
      `${'${a'.repeat(15_000)}${'}'.repeat(9000)}`,
    ]) {
      expect(expandText(text)).toBe(text);
    }
  });
});

const name = fc.constantFrom('A', 'B', 'UPPER_1', 'a', 'b', 's.a', 's.b', 't.c', 'c', '', 'x-y', '1');
const { text } = fc.letrec<{ text: string; part: string }>((tie) => ({
  text: fc.array(tie('part'), { maxLength: 4 }).map((parts) => parts.join('')),
  part: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom('x', '/', ' ', '}', ':-', '{', '$$x', 'ü'),
    name.map((n) => `\${${n}}`),
    fc.tuple(name, tie('text')).map(([n, fallback]) => `\${${n}:-${fallback}}`),
  ),
}));
const value = fc.oneof(
  { weight: 4, arbitrary: text },
  fc.string(),
  fc.boolean(),
  fc.constant(null),
  fc.array(text),
);
const sections = fc.record({
  s: fc.record({ a: value, b: value }, { requiredKeys: [] }),
  t: fc.record({ c: value, d: fc.record({ a: value }) }, { requiredKeys: [] }),
});
const env = fc.record({ A: text, B: fc.string(), UPPER_1: fc.constant('u') }, { requiredKeys: [] });

function shape(value: ConfigValue): unknown {
  if (Array.isArray(value)) return value.map(shape);
  return isSection(value) ? Object.entries(value).map(([key, member]) => [key, shape(member)]) : typeof value;
}

describe('for any configuration', () => {
  it('an expansion changes only texts, loses none, and throws nothing', () => {
    fc.assert(
      fc.property(sections, env, (plain, variables) => {
        const before = tree(plain);
        const { tree: after } = expandConfig(before, variables);
        expect(shape(after)).toEqual(shape(before));
      }),
    );
  });

  it('a second expansion changes nothing if the first one had no problem and left no reference', () => {
    const whole = fc
      .tuple(sections, env)
      .filter(([plain, variables]) => !JSON.stringify([plain, variables]).includes('$$'));
    fc.assert(
      fc.property(whole, ([plain, variables]) => {
        const once = expandConfig(tree(plain), variables);
        fc.pre(once.problems.length === 0 && !JSON.stringify(once.tree).includes('${'));
        expect(expandConfig(once.tree, variables)).toMatchObject({
          tree: once.tree,
          problems: [],
          unknown: [],
          unset: [],
          emptied: [],
        });
      }),
    );
  });

  it('a text without references stays the same', () => {
    fc.assert(
      fc.property(
        fc.string().filter((s) => !s.includes('${')),
        (plain) => expandText(plain) === plain,
      ),
    );
  });
});
