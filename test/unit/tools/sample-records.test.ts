import { describe, expect, it } from 'vitest';
import { parseFhicl } from '../../../src/fhicl/parse.ts';
import { GENERATE_NAMES } from '../../../src/records/converters/converters.ts';
import { prepareRun } from '../../../src/records/prepare.ts';
import { sampleRecord } from '../../../tools/sample-records/record.ts';
import { ERA_NAMES, parseSize, type SystemSize } from '../../../tools/sample-records/system.ts';

function sizeOf(text: string): SystemSize {
  const size = parseSize(text);
  if (size === undefined) throw new Error(`not a size: ${text}`);
  return size;
}

const bytesOf = (files: readonly { text: string }[]) =>
  files.reduce((sum, file) => sum + file.text.length, 0);

describe('a sample record', () => {
  it.each(ERA_NAMES)('of %s is FHiCL and plain ASCII', (era) => {
    const files = sampleRecord(7, era, sizeOf('small'), 'seed');
    const documents = files.filter((file) => file.name.endsWith('.fcl'));
    expect(documents.length).toBeGreaterThanOrEqual(4);
    for (const { name, text } of documents) expect(parseFhicl(text, name).main.length).toBeGreaterThan(0);
    for (const { text } of files) expect(text).toMatch(/^[\t\n\x20-\x7e]*$/);
  });

  it.each(ERA_NAMES)('of %s can be archived, with nothing to warn of but texts without converter', (era) => {
    const files = sampleRecord(7, era, sizeOf('small'), 'seed').map(({ name, text }) => ({
      path: name,
      bytes: Buffer.from(text),
    }));
    const record = { run: 7, directory: '/records/7', files, aside: [], warnings: [] };
    const schema = { name: 'schema.fcl', text: 'a: 1' };
    const { documents, update, warnings } = prepareRun(record, { generate: new Set(GENERATE_NAMES), schema });
    for (const { name, text } of [...documents, ...update]) {
      expect(parseFhicl(text, name).main.length).toBeGreaterThan(0);
    }
    expect(warnings.filter((warning) => !warning.startsWith('config.txt'))).toEqual([]);
  });

  it('has the text files of its era', () => {
    const texts = ERA_NAMES.map((era) =>
      sampleRecord(7, era, sizeOf('small'), 'seed')
        .map((file) => file.name)
        .filter((name) => name.endsWith('.txt')),
    );
    expect(texts[0]).toEqual(['config.txt', 'metadata.txt']);
    expect(texts[4]?.toSorted()).toEqual([
      ...['boot.txt', 'environment.txt', 'known_boardreaders_list.txt', 'metadata.txt'],
      ...['ranks.txt', 'settings.txt', 'setup.txt'],
    ]);
  });

  it('is the same for the same seed and run, and another one otherwise', () => {
    const make = (run: number, seed: string) =>
      JSON.stringify(sampleRecord(run, '2024', sizeOf('small'), seed));
    expect(make(7, 'a')).toBe(make(7, 'a'));
    expect(make(7, 'a')).not.toBe(make(8, 'a'));
    expect(make(7, 'a')).not.toBe(make(7, 'b'));
  });

  it.each([
    ['sbnd', 74, 1_300_000],
    ['200000', 15, 200_000],
    ['10000000', 297, 10_000_000],
  ])('of size %s has about %i files and %i bytes', (text, count, bytes) => {
    const files = sampleRecord(7, '2024', sizeOf(text), 'seed');
    expect(Math.abs(files.length - count)).toBeLessThanOrEqual(5);
    expect(new Set(files.map((file) => file.name.toLowerCase())).size).toBe(files.length);
    expect(Math.abs(bytesOf(files) / bytes - 1)).toBeLessThan(0.1);
  });

  it.each(['', '0', '-5', 'large', '1e6', '100000001'])('knows no size "%s"', (text) => {
    expect(parseSize(text)).toBeUndefined();
  });
});
