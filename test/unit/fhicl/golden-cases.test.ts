import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from 'vitest';
import { FhiclError } from '../../../src/errors.ts';
import { readStored, toStoredJson } from '../../../src/fhicl/document.ts';
import { parseFhicl } from '../../../src/fhicl/parse.ts';
import type { Entry, FhiclDocument, Value } from '../../../src/fhicl/tree.ts';
import { contentOf, dataOf, exportOf, GOLDEN, identity, read, withoutStamps } from './support.ts';

const summary = JSON.parse(read(GOLDEN, 'fhicl/summary.json')) as Record<
  string,
  { stored: boolean; error?: string }
>;
const cases = Object.entries(summary).map(([name, { stored, error }]) => ({
  stored,
  error,
  name,
  input: read(GOLDEN, 'fhicl', name, 'input.fcl'),
}));

/** The data that the C++ library cut when storing: a complex number with a blank in it. */
function isCut(value: Value): boolean {
  if (value.type === 'table') return value.entries.some((entry) => isCut(entry.value));
  if (value.type === 'sequence') return value.elements.some(isCut);
  return value.type === 'complex' && !value.text.endsWith(')');
}

const allEntries = ({ prolog, main }: FhiclDocument): Entry[] => [...prolog, ...main];

/** The document with complex numbers cut as the C++ library cuts them. */
function cutLikeCpp(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (key, inner) => (key === 'complex' ? String(inner).replace(/[ ].*/, '') : inner)),
  );
}

describe('what the C++ library stores', () => {
  for (const { name, input } of cases.filter((each) => each.stored)) {
    const golden = read(GOLDEN, 'fhicl', name, 'stored.json');
    const { entity, version } = readStored(golden);
    const [run = '', config = ''] = version.split('/');
    const ours = toStoredJson(input, { ...identity, entity, run: Number(run), config });

    it(`is what ours stores, or less: ${name}`, () => {
      if (allEntries(contentOf(golden)).some((entry) => isCut(entry.value))) {
        expect(cutLikeCpp(dataOf(contentOf(ours)))).toEqual(dataOf(contentOf(golden)));
        expect(dataOf(contentOf(ours))).toEqual(dataOf(parseFhicl(input, name)));
      } else {
        expect(withoutStamps(ours)).toBe(withoutStamps(golden));
      }
    });

    it(`is exported by ours as by the C++ library, or with more: ${name}`, () => {
      const exported = read(GOLDEN, 'fhicl', name, 'export.fcl');
      const stored = dataOf(contentOf(golden));
      const exportIsWhole = exported === '' || readsAs(exported, stored);
      if (exportIsWhole || allEntries(contentOf(golden)).some((entry) => isCut(entry.value))) {
        expect(exportOf(golden)).toBe(exported);
      } else {
        expect(readsAs(exportOf(golden), stored)).toBe(true);
      }
      if (exportOf(ours) !== '') expect(readsAs(exportOf(ours), dataOf(contentOf(ours)))).toBe(true);
    });
  }
});

function readsAs(text: string, data: unknown): boolean {
  try {
    return isDeepStrictEqual(dataOf(parseFhicl(text, 'export')), data);
  } catch (error) {
    if (error instanceof FhiclError) return false;
    throw error;
  }
}

describe('what the C++ library refuses', () => {
  for (const { name, input, error = '' } of cases.filter((each) => !each.stored)) {
    it(`is refused with its position: ${name}`, () => {
      const refused = refusal(input);
      const lines = input.split('\n');
      expect(refused.message).toContain(`case.fcl, line ${refused.line}, column ${refused.column}: `);
      expect(refused.line).toBeLessThanOrEqual(lines.length);
      expect(refused.column).toBeLessThanOrEqual((lines[refused.line - 1] ?? '').length + 1);
      const [, line, column] = /near line ([1-9]\d*), character (\d+)/.exec(error) ?? [];
      if (line !== undefined) expect(refused.line).toBe(Number(line));
      // A foreign character is reported where it is, not where the value or comment begins.
      if (column !== undefined && /^[\0-~]*$/.test(input)) expect(refused.column).toBe(Number(column));
    });
  }
});

function refusal(text: string): FhiclError {
  try {
    toStoredJson(text, identity);
  } catch (error) {
    if (error instanceof FhiclError) return error;
    throw error;
  }
  throw new Error('not refused');
}
