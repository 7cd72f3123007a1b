import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FhiclError } from '../../../../src/errors.ts';
import { parseFhicl } from '../../../../src/fhicl/parse.ts';
import { CONVERTED_NAMES } from '../../../../src/records/converters/converters.ts';
import { goldenRuns } from '../../../helpers/golden-records.ts';
import { convert } from './convert.ts';

const files = goldenRuns().flatMap(({ run, directory }) =>
  CONVERTED_NAMES.filter((name) => existsSync(join(directory, 'source', `${name}.txt`))).map((name) => ({
    run,
    name,
    source: readFileSync(join(directory, 'source', `${name}.txt`)),
    golden: readFileSync(join(directory, 'prepared', `${name}.fcl`), 'latin1'),
  })),
);

function isFhicl(text: string): boolean {
  try {
    parseFhicl(text, 'golden');
    return true;
  } catch (error) {
    if (error instanceof FhiclError) return false;
    throw error;
  }
}

/** The reference drops the rows of tables with fewer columns than it knows. */
function losesRows(source: Buffer, golden: string): boolean {
  const rows = source
    .toString()
    .split('\n')
    .filter((line) => line.trim() !== '').length;
  return golden.startsWith('ranks:') && golden.split('\n').length < rows + 3;
}

describe('golden records', () => {
  it('exist in more than one set', () => {
    expect(files.length).toBeGreaterThan(50);
    expect(readdirSync(join(import.meta.dirname, '../../../fixtures/golden/records')).length).toBeGreaterThan(
      1,
    );
  });

  it.each(files)('$run: $name.txt is converted as by the reference, where that gives FHiCL', (file) => {
    const { text, warnings } = convert(file.name, file.source);
    expect(warnings).toEqual([]);
    expect(isFhicl(text)).toBe(true);
    if (losesRows(file.source, file.golden)) {
      const kept = text.split('\n').filter((line) => !line.startsWith('  rank'));
      expect(`${kept.join('\n')}`).toBe(file.golden);
    } else if (isFhicl(file.golden)) {
      expect(text).toBe(file.golden);
    }
  });
});
