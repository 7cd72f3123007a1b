import { readdirSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { FhiclError } from '../../../src/errors.ts';
import { parseFhicl } from '../../../src/fhicl/parse.ts';
import { storeQuickly } from '../../../src/fhicl/quick-store.ts';
import { writeContent } from '../../../src/fhicl/stored-content.ts';
import { fhiclText } from './arbitrary.ts';
import { GOLDEN, read } from './support.ts';

/** How many mutants are compared, and of which seed; documentation/TESTING.md tells when to set them. */
const MUTANTS = Number(process.env.QUICK_STORE_MUTANTS ?? 1000);
const SEED = process.env.QUICK_STORE_SEED;

/** All texts of the golden data. */
const texts = readdirSync(GOLDEN, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.fcl'))
  .map((path) => read(GOLDEN, path));

/** The stored content as the parser has it; undefined if it refuses the text. */
function parsed(text: string): string | undefined {
  try {
    return writeContent(parseFhicl(text, 'text'));
  } catch (error) {
    if (error instanceof FhiclError) return undefined;
    throw error;
  }
}

/** Is the text stored in one pass? Then it must be stored as the parser does. */
function isTaken(text: string): boolean {
  const stored = storeQuickly(text, '')?.toString();
  if (stored !== undefined && stored !== parsed(text)) expect(stored).toBe(parsed(text));
  return stored !== undefined;
}

/** What a mutant has that its original has not. */
const inserted = fc.constantFrom(
  ...'"\'\\#/[]{}():,.@!+-_ \t\n\r\v\f\0\x7fé09aebx',
  ...['""', "''", '\\"', '\\\\', '\\\\"', '\\n', "\\'", '# x\n', '// x\n', '  ', '\n\n', ', ', ': ', '::'],
  ...[
    '@local::x',
    '@local::x+',
    '@nil',
    'nil',
    'true',
    'true#',
    'false',
    'infinity',
    '-infinity',
    'a.b',
    'a: 1\n',
  ],
  ...['0x', '0b1', '1e5', '-1', '.5', '5.', '1_', '"a"', '{}', '[]', '[1, 2]', '{ a: 1 a: 2 }', '(1, 2)'],
  ...[
    '#include "x"\n',
    '#include',
    '@protect_error',
    'BEGIN_PROLOG\n',
    'END_PROLOG\n',
    'fhicl_pound_include_1',
  ],
);

/** Where a mutant differs: so many characters from that place on are replaced. */
const mutation = fc.record({
  place: fc.nat(1_000_000),
  length: fc.oneof(fc.constant(0), fc.nat(3), fc.nat(60)),
  replacement: fc.oneof(
    { weight: 6, arbitrary: inserted },
    { weight: 1, arbitrary: fc.constant('') },
    // A part of the same text.
    { weight: 2, arbitrary: fc.record({ place: fc.nat(1_000_000), length: fc.nat(60) }) },
  ),
});

type Mutation = typeof mutation extends fc.Arbitrary<infer T> ? T : never;

function mutated(text: string, mutations: readonly Mutation[]): string {
  return mutations.reduce((changed, { place, length, replacement }) => {
    const at = place % (changed.length + 1);
    const from = typeof replacement === 'string' ? 0 : replacement.place % (changed.length + 1);
    const put =
      typeof replacement === 'string' ? replacement : changed.slice(from, from + replacement.length);
    return changed.slice(0, at) + put + changed.slice(at + length);
  }, text);
}

describe('What is stored in one pass is stored as the parser does', () => {
  it('of all real texts, of which it takes most', () => {
    const taken = texts.filter(isTaken);
    expect(taken.length).toBeGreaterThan(0.9 * texts.length);
  });

  it('of any text', () => {
    fc.assert(
      fc.property(fhiclText, (text) => void isTaken(text)),
      { numRuns: 500 },
    );
  });

  it('of mutants of real texts', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...texts),
        fc.array(mutation, { minLength: 1, maxLength: 3 }),
        (text, mutations) => void isTaken(mutated(text, mutations)),
      ),
      { numRuns: MUTANTS, ...(SEED === undefined ? {} : { seed: Number(SEED) }) },
    );
  });
});

it('A document for which memory does not suffice leaves nothing in the next one', () => {
  const spy = vi.spyOn(Buffer, 'concat').mockImplementationOnce(() => {
    throw new RangeError('Array buffer allocation failed');
  });
  try {
    expect(() => storeQuickly('a: 1\n', '')).toThrow('Array buffer allocation failed');
  } finally {
    spy.mockRestore();
  }
  expect(isTaken('b: 1\n')).toBe(true);
});
