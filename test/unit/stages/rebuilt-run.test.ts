import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { packBlob, recordDigest, sameRecord } from '../../../src/blob/pack.ts';
import { toStoredJson } from '../../../src/fhicl/document.ts';
import { entityOf, type FhiclFile } from '../../../src/fhicl/fhicl-file.ts';
import type { GenerateName } from '../../../src/records/converters/converters.ts';
import { prepareRun } from '../../../src/records/prepare.ts';
import { rebuiltRun } from '../../../src/stages/rebuilt-run.ts';
import { AGES, recordOf } from '../../helpers/daqinterface-records.ts';
import { goldenRuns } from '../../helpers/golden-records.ts';
import { fhiclText } from '../fhicl/arbitrary.ts';
import { contentOf, dataOf, identity, roundTrip } from '../fhicl/support.ts';

const schema = { name: 'schema.fcl', text: 'run_history: [ ]\n' };
const exported = (files: readonly FhiclFile[]) =>
  files.map(({ name, text }) => ({ name, text: roundTrip(text) }));
const packed = (run: number, files: readonly FhiclFile[]) => packBlob(run, exported(files), new Date());
const stored = ({ name, text }: FhiclFile) => toStoredJson(text, { ...identity, entity: entityOf({ name }) });

/** A record with every trap that artdaqDB's comment scanner has for texts of a site. */
const CONTENT = {
  config: ['physics/1'],
  labels: ['tpc01', 'tpc02'],
  host: 'daq01',
  logfile: '/daq/log/x.log',
  message: 'm // "x" # y',
  commitInfoEnd: '\n',
  buildInfo: 'b "c"',
  bootLines: ['PMT host: h', 'debug level: 1', 'url: http://x # y'],
  settings: ['a: ""', 'u: http://x', 'b: [ x, "y" ]', 'log: "" # none'],
  setup: ['# comment "x', 'export A="" # it', 'source http://foo // "bar"'],
  environment: ['A=', 'URL=http://foo//bar', 'B="#x"', 'P=# "a" b', 'Q="', 'R=a#b'],
  isStopped: false,
};
const EVERYTHING: ReadonlySet<GenerateName> = new Set<GenerateName>([
  'boot',
  'environment',
  'known_boardreaders_list',
  'metadata',
  'ranks',
  'settings',
  'setup',
  'RunHistory',
  'RunHistory2',
]);

function preparedOf(age: string) {
  const files = Object.entries(recordOf(age, CONTENT)).map(([path, text]) => ({
    path,
    bytes: Buffer.from(text),
  }));
  const record = { run: 7, directory: '/7', files, aside: [], warnings: [] };
  return prepareRun(record, { generate: EVERYTHING, schema });
}

describe('rebuiltRun', () => {
  it.each(goldenRuns().filter(({ loaded }) => loaded))(
    'stores golden run $run so that its export is its blob and its data are those of the import',
    async ({ run, config, directory }) => {
      const blob = readFileSync(join(directory, 'blob.txt'));
      const rebuilt = await rebuiltRun(run, blob, undefined);
      expect(rebuilt.config).toBe(config);
      expect(sameRecord(packed(run, rebuilt.documents), blob)).toBe(true);
      for (const document of rebuilt.documents) {
        const again = dataOf(contentOf(stored(document)));
        const path = ['prepared', 'update']
          .map((step) => join(directory, step, document.name))
          .find(existsSync);
        const original = { ...document, text: readFileSync(path ?? '', 'latin1') };
        expect(again).toEqual(dataOf(contentOf(stored(original))));
      }
    },
  );

  it.each(AGES)('stores a record of %s as its import did', async (age) => {
    const { config, documents, update } = preparedOf(age);
    const all = [...documents, ...update];
    const rebuilt = await rebuiltRun(7, packed(7, all), undefined);
    expect(rebuilt.config).toBe(config);
    expect(rebuilt.missingTimes.stop).toBe(true);
    const texts = new Map(all.map((file) => [file.name, file]));
    for (const document of rebuilt.documents) {
      const original = texts.get(document.name) ?? schema;
      expect(dataOf(contentOf(stored(document)))).toEqual(dataOf(contentOf(stored(original))));
      expect(roundTrip(document.text)).toBe(roundTrip(original.text));
    }
  });

  it('gives the blob back or refuses it, whatever FHiCL it holds', async () => {
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(fhiclText, async (text) => {
        const blob = packed(7, [{ name: 'a.fcl', text }, schema]);
        try {
          const { documents } = await rebuiltRun(7, blob, undefined);
          const again = packed(7, documents);
          expect(recordDigest(again)).toBe(recordDigest(blob));
        } catch (error) {
          refused++;
          expect(error).toMatchObject({ name: 'BlobError', fault: 'run' });
        }
      }),
      { numRuns: 100 },
    );
    expect(refused).toBeLessThan(60);
  });

  it.each([
    ['another run', (blob: string) => blob.replaceAll('Number: 7', 'Number: 8'), /is that of run 8/],
    ['no blob', () => 'x', /not a run record/],
    ['a cut one', (blob: string) => blob.slice(0, -20), /footer/],
    ['another text', (blob: string) => blob.replace('x: 1 ', 'x:  1 '), /b\.fcl, line 2/],
    ['no schema', (blob: string) => blob.replace('schema.fcl', 'scheme.fcl'), /without schema\.fcl/],
    ['another order', (blob: string) => blob.replace('a.fcl', 'z.fcl'), /another order/],
    ['a file that is no FHiCL', (blob: string) => blob.replace('x: 1 ', 'x: {  '), /b\.fcl, line/],
  ])('refuses %s', async (_, change, message) => {
    const blob = packed(7, [{ name: 'a.fcl', text: 'y: 1\n' }, { name: 'b.fcl', text: 'x: 1\n' }, schema]);
    await expect(rebuiltRun(7, Buffer.from(change(blob.toString())), undefined)).rejects.toThrow(message);
  });
});
