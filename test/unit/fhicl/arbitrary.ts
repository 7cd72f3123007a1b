import fc from 'fast-check';

const name = fc
  .stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,6}$/)
  .filter((each) => !/^(BEGIN|END)_PROLOG/.test(each));
const dottedName = fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('.'));

const number = fc.oneof(
  fc.stringMatching(/^[-+]?[0-9]{1,25}(\.[0-9]{0,3})?([eE][-+]?[0-9]{1,3})?$/),
  fc.stringMatching(/^[-+]?\.[0-9]{1,5}$/),
  fc.stringMatching(/^0[xX][0-9a-fA-F]{1,20}$/),
  fc.stringMatching(/^0[bB][01]{1,20}$/),
  fc.constantFrom('infinity', '+infinity', '-infinity'),
);
const complex = fc
  .tuple(number, number, fc.constantFrom('', ' ', '\t', '\n', ' # remark\n '))
  .map(([real, imaginary, gap]) => `(${gap}${real}${gap},${gap}${imaginary}${gap})`);
const doubleQuoted = fc
  .array(
    fc.oneof(
      fc.stringMatching(/^[ !#-[\]-~]{1,8}$/),
      fc.constantFrom(
        '\\"',
        "\\'",
        '\\\\ ',
        '\\n',
        '\\t',
        '\n',
        '\t',
        '# ',
        '//',
        '#include ',
        '#include <x> ',
      ),
    ),
  )
  .map((parts) => parts.join('').replace(/\n#include(?! )/g, '\n'))
  .map((content) => `"${content}"`);
const singleQuoted = fc
  .stringMatching(/^[\t\n -&(-~]{0,12}$/)
  .map((content) => `'${content.replace(/\n#include/g, '\n')}'`);
const word = fc.oneof(
  name,
  fc
    .stringMatching(/^[0-9]{1,3}[A-Za-z_][A-Za-z0-9_]{0,4}$/)
    .filter((each) => !/^(0[xb]|\d+e\d)/i.test(each)),
  fc.constantFrom('@local::a.b', '@id::0123', '@db::x', '@sequence::s', '@erase', 'TRUE', 'nil'),
);
const scalar = fc.oneof(
  number,
  complex,
  doubleQuoted,
  singleQuoted,
  word,
  fc.constantFrom('@nil', 'true', 'false'),
);

const blank = fc.constantFrom(' ', '\t', '\n', '\r\n', '\n\n  ', '\v\f');
/** Remarks of all kinds, but for an `#include` of its own, which is an entry. */
const remark = fc
  .tuple(
    fc.constantFrom('# ', '#', '//', '## '),
    fc.stringMatching(/^[ -~]{0,15}$/),
    fc.constantFrom('', '#include "x" '),
  )
  .map(([sign, text, include]) => `${sign}${include && ' '}${include}${text}`)
  .filter((text) => !text.startsWith('#include'));
const space = fc.oneof(
  { weight: 3, arbitrary: blank },
  fc.tuple(blank, remark).map(([before, text]) => `${before}${text}\n`),
);

const include = fc.stringMatching(/^[A-Za-z0-9_./-]{1,10}$/).map((file) => `\n#include "${file}"\n`);

const { value } = fc.letrec<{ value: string; sequence: string; table: string }>((tie) => ({
  value: fc.oneof({ maxDepth: 4, depthIdentifier: 'value' }, scalar, tie('sequence'), tie('table')),
  sequence: fc
    .tuple(fc.array(fc.tuple(space, tie('value'), space), { maxLength: 4, depthIdentifier: 'value' }), space)
    .map(([elements, inside]) =>
      elements.length === 0 ? `[${inside}]` : `[${elements.map((each) => each.join('')).join(',')}]`,
    ),
  table: fc
    .tuple(fc.array(tableEntry(tie('value')), { maxLength: 4, depthIdentifier: 'value' }), space)
    .map(([entries, inside]) => `{${entries.join('')}${inside}}`),
}));

function tableEntry(values: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.oneof(
    {
      weight: 6,
      arbitrary: fc
        .tuple(space, name, space, values, space)
        .map(([a, key, b, text, c]) => `${a}${key}${b}: ${text}${c}`),
    },
    include,
  );
}
const protectedEntry = fc
  .tuple(name, fc.constantFrom('@protect_ignore', '@protect_error'), scalar)
  .map(([key, protection, text]) => `\n${key} ${protection}: ${text}\n`);
const topEntry = fc.oneof(
  { weight: 4, arbitrary: tableEntry(value) },
  { weight: 1, arbitrary: fc.tuple(dottedName, value).map(([key, text]) => `\n${key}: ${text}\n`) },
  { weight: 1, arbitrary: protectedEntry },
);
/** A FHiCL text with every kind of value, entry, remark and white space that artdaqDB accepts. */
export const fhiclText = fc
  .tuple(
    fc.option(fc.array(topEntry, { maxLength: 3 })),
    fc.array(topEntry, { minLength: 1, maxLength: 6 }),
    space,
  )
  .map(
    ([prolog, main, end]) =>
      `${prolog ? ` BEGIN_PROLOG${prolog.join('')}\nEND_PROLOG\n` : ''}${main.join('')}${end}`,
  );
