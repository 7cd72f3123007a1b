import { entityOf, type FhiclFile } from '../fhicl/fhicl-file.ts';
import { DEFAULT_CONFIG, isConfigName } from './config-name.ts';
import { componentsIn, fieldOf } from './converters/metadata-lines.ts';
import { readSource, type SourceLine } from './converters/source-text.ts';
import { abbreviate, shown } from './record-faults.ts';

const TIME_KEY = /^(?:DAQInterface )?(?:start|stop) time$/i;

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
  const none = '*.fcl: there is none, so no process of the run is documented';
  const signs = components.length === 0 ? [none] : [];
  if (metadata === undefined) return signs;
  const { lines } = readSource(metadata);
  const labels = [...new Set(componentsIn(lines))].filter((label) => label !== '');
  return [...signs, ...missingDocuments(components, labels), ...missingLines(lines, labels)];
}

function missingDocuments(components: readonly FhiclFile[], labels: readonly string[]): string[] {
  const entities = new Set(components.map(entityOf));
  const missing = labels.filter((label) => !entities.has(label));
  // Before 2018-04-27 documents were not named after labels: none is there then.
  if (missing.length === 0 || missing.length === labels.length) return [];
  return [`metadata.txt: names components without a document: ${abbreviate(missing.map(shown))}`];
}

function missingLines(lines: readonly SourceLine[], labels: readonly string[]): string[] {
  const missing = [
    ...(lines.some(isConfigName) ? [] : [`"Config name" (so it is "${DEFAULT_CONFIG}")`]),
    ...(labels.length > 0 ? [] : ['components']),
  ];
  if (missing.length === 0) return [];
  const fields = lines.flatMap((line) => fieldOf(line) ?? []);
  const onlyTimes = fields.length > 0 && fields.every(({ key }) => TIME_KEY.test(key));
  const rest = onlyTimes ? ', only start and stop times' : '';
  return [`metadata.txt: has no ${missing.join(' and no ')}${rest}; was it written and copied to its end?`];
}
