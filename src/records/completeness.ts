import { entityOf, type FhiclFile } from '../fhicl/fhicl-file.ts';
import { componentsIn } from './converters/metadata-lines.ts';
import { readSource } from './converters/source-text.ts';
import { abbreviate, shown } from './record-faults.ts';

/**
 * Signs that a record is not whole, as one that was cut short or is still being copied. Only signs: DAQInterface goes on
 * with a partial record when it can't write one.
 * @param components the record's own FHiCL documents
 * @param metadata the bytes of `metadata.txt`, if there is one
 */
export function signsOfIncompleteness(
  components: readonly FhiclFile[],
  metadata: Buffer | undefined,
): string[] {
  if (components.length === 0) return ['*.fcl: there is none, so no process of the run is documented'];
  if (metadata === undefined) return [];
  const entities = new Set(components.map(entityOf));
  const labels = [...new Set(componentsIn(readSource(metadata).lines))].filter((label) => label !== '');
  const missing = labels.filter((label) => !entities.has(label));
  // Before 2018-04-27 documents were not named after labels: none is there then.
  if (missing.length === 0 || missing.length === labels.length) return [];
  return [`metadata.txt: names components without a document: ${abbreviate(missing.map(shown))}`];
}
