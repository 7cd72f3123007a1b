import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { packBlob, sameRecord } from '../../../src/blob/pack.ts';
import { checkPaths, unpackBlob } from '../../../src/blob/unpack.ts';
import { BlobError } from '../../../src/errors.ts';
import type { FhiclFile } from '../../../src/fhicl/fhicl-file.ts';
import { goldenRuns } from '../../helpers/golden-records.ts';

const TIME = new Date('2024-11-04T09:07:59.999Z');

function exportedFiles(directory: string): FhiclFile[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => ({ name: entry.name, text: readFileSync(join(entry.parentPath, entry.name), 'utf8') }));
}

describe('a blob', () => {
  it.each(goldenRuns())('of golden run $run equals the reference, byte for byte', ({ run, directory }) => {
    const golden = readFileSync(join(directory, 'blob.txt'));
    const stamp = /Packed on (\w+ \d+) (\d+:\d+) UTC/.exec(golden.toString('latin1'));
    const files = exportedFiles(join(directory, 'exported'));
    expect(packBlob(run, files, new Date(`${stamp?.[1]} 2026 ${stamp?.[2]} UTC`)).equals(golden)).toBe(true);
    expect(
      unpackBlob(golden)
        .files.map((file) => file.name)
        .sort(),
    ).toEqual(files.map((file) => file.name).sort());
  });

  it('states the packing time in UTC, with an English month and a two-digit day', () => {
    const text = packBlob(7, [{ name: 'a.fcl', text: 'x: 1' }], TIME).toString();
    expect(text).toBe(
      'Start of Record\nRun Number: 7\nPacked on Nov 04 09:07 UTC\n' +
        '\n#####\na.fcl:\n#####\nx: 1' +
        '\nEnd of Record\nRun Number: 7\nPacked on Nov 04 09:07 UTC\n',
    );
  });

  it('puts the files about the run as a whole behind the components', () => {
    const last = ['boot', 'known_boardreaders_list', 'setup', 'environment', 'metadata', 'settings', 'ranks'];
    const names = [
      ...last,
      'RunHistory',
      'RunHistory2',
      'tpc01',
      'Tpc02',
      'schema',
      'EventBuilder10',
      'EventBuilder1',
    ];
    const files = names.toReversed().map((name) => ({ name: `${name}.fcl`, text: '\n' }));
    expect(unpackBlob(packBlob(7, files, TIME)).files.map((file) => file.name.replace('.fcl', ''))).toEqual([
      ...['EventBuilder1', 'EventBuilder10', 'schema', 'tpc01', 'Tpc02'],
      ...[...last, 'RunHistory', 'RunHistory2'],
    ]);
  });

  it('unpacks to what was packed, or is refused by file and line, whatever the contents', () => {
    const line = fc.constantFrom(
      '#####',
      'a.fcl:',
      'End of Record',
      'Run Number: 7',
      '',
      'x: "ü"',
      'Start of Record',
    );
    const text = fc.oneof(
      fc.array(line, { maxLength: 8 }).map((lines) => lines.join('\n')),
      fc.string({ unit: 'grapheme' }),
    );
    const name = fc.stringMatching(/^[\w.:-]{1,12}\.fcl$/);
    const files = fc.uniqueArray(fc.record({ name, text }), {
      minLength: 1,
      maxLength: 5,
      selector: (file) => file.name.toLowerCase(),
    });
    fc.assert(
      fc.property(files, fc.maxSafeNat(), (packed, run) => {
        let blob: Buffer;
        try {
          blob = packBlob(run, packed, TIME);
        } catch (error) {
          expect(error).toBeInstanceOf(BlobError);
          expect(String(error)).toMatch(/\.fcl:\d+: the text holds the lines/);
          expect(packed.some((file) => /#####|End of Record/.test(file.text))).toBe(true);
          return;
        }
        const unpacked = unpackBlob(blob);
        expect(unpacked.run).toBe(run);
        expect(new Map(unpacked.files.map((f) => [f.name, f.text]))).toEqual(
          new Map(packed.map((f) => [f.name, f.text])),
        );
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    ['a whole marker', 'a: 1\n#####\nb.fcl:\n#####\nc: 2\n', 2],
    ['a marker that the next file completes', 'a: 1\n\n#####\nb.fcl:', 3],
  ])('refuses %s in a text, by file and line', (_, text, line) => {
    const files = [
      { name: 'x.fcl', text },
      { name: 'y.fcl', text: 'y: 1\n' },
    ];
    expect(() => packBlob(7, files, TIME)).toThrow(`run 7: x.fcl:${line}: `);
  });

  it('refuses an end-of-record line in the last file, by file and line', () => {
    expect(() => packBlob(7, [{ name: 'x.fcl', text: "a: '\nEnd of Record\n'\n" }], TIME)).toThrow(
      'x.fcl:2: ',
    );
  });

  it.each([
    ['names that differ in letter case only', ['a.fcl', 'A.fcl']],
    ['no file', []],
    ['a path', ['../a.fcl']],
    ['a path of another system', ['..\\a.fcl']],
    ['a name of several lines', ['a\nb.fcl']],
    ['a directory', ['..']],
    ['an empty name', ['']],
  ])('refuses %s', (_, names) => {
    const files = names.map((name) => ({ name, text: '' }));
    expect(() => packBlob(7, files, TIME)).toThrow(BlobError);
  });

  it('refuses text that UTF-8 cannot represent', () => {
    expect(() => packBlob(7, [{ name: 'x.fcl', text: 'a\ud800' }], TIME)).toThrow('x.fcl');
  });
});

describe('unpacking', () => {
  const good = packBlob(7, [{ name: 'a.fcl', text: 'x: 1\n' }], TIME).toString();

  it.each([
    ['a missing header', good.slice(1)],
    ['a missing footer', good.slice(0, -10)],
    ['another run in the footer', good.replace(/7(?!.*7)/s, '8')],
    ['another time in the footer', good.replace(/09:07(?!.*09:07)/s, '09:08')],
    ['text after the footer', `${good}x`],
    ['text before the first file', good.replace('UTC\n\n#', 'UTC\nx\n#')],
    ['no file', good.replace(/\n#####\n.*?(?=\nEnd)/s, '')],
    ['a path for a name', good.replace('a.fcl', '../../a.fcl')],
    ['an empty blob', ''],
  ])('refuses %s', (_, text) => {
    expect(() => unpackBlob(Buffer.from(text))).toThrow(BlobError);
  });

  it('refuses bytes that are not UTF-8', () => {
    expect(() => unpackBlob(Buffer.from(good.replace('x: 1', 'x: \xff'), 'latin1'))).toThrow(BlobError);
  });
});

describe('checkPaths', () => {
  it('takes files in directories', () => {
    expect(checkPaths(['a.fcl', 'sub/a.fcl', 'sub/deep/ä.fcl', 'Sub.fcl'], 7)).toBeUndefined();
  });

  it.each([
    [['../a.fcl']],
    [['sub/../../a.fcl']],
    [['/tmp/a.fcl']],
    [['sub//a.fcl']],
    [['./a.fcl']],
    [['sub/']],
    [['..\\a.fcl']],
    [['a\u001b[2J.fcl']],
    [['a\nb']],
    [['']],
    [['a.fcl', 'A.fcl']],
    [['sub/a.fcl', 'SUB/A.fcl']],
    [['sub/a.fcl', 'Sub']],
    [['x/y', 'x/y/z']],
  ])('refuses %j', (names) => {
    expect(() => checkPaths(names, 7)).toThrow(BlobError);
  });
});

describe('sameRecord', () => {
  const files = [{ name: 'a.fcl', text: 'a: 1\nPacked on a day\n' }];
  const blob = packBlob(7, files, TIME);

  it('overlooks the two packing times', () => {
    expect(sameRecord(blob, packBlob(7, files, new Date('2025-01-01T00:00Z')))).toBe(true);
  });

  it.each([
    ['a content', blob.toString().replace('a: 1', 'a: 2')],
    [
      'a line of the content that looks like the packing time',
      blob.toString().replace('a day', 'another day'),
    ],
    ['the run', blob.toString().replaceAll('7', '8')],
    ['an appendix', `${blob.toString()}x`],
    ['an end that is cut', blob.toString().slice(0, -4)],
    ['the last line end', blob.toString().slice(0, -1)],
    ['what stands for the packing time', blob.toString().replace(/Packed on .*\n$/, 'Packed on ?\n')],
    ['nothing at all', ''],
    ['only line ends', '\n\n\n'],
  ])('sees a difference in %s', (_, other) => {
    expect(sameRecord(blob, Buffer.from(other))).toBe(false);
    expect(sameRecord(Buffer.from(other), blob)).toBe(false);
  });
});
