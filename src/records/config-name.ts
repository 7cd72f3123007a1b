import { printable } from './converters/fhicl-text.ts';
import { fieldOf } from './converters/metadata.ts';
import { type ConversionWarning, readSource, type SourceLine } from './converters/source-text.ts';

/** The configuration name of a record that states none. */
export const DEFAULT_CONFIG = 'standard';

/** A configuration name, and what was changed in it. */
export interface ConfigName {
  readonly name: string;
  readonly warnings: readonly ConversionWarning[];
}

/** artdaqDB's own programs make a directory with this name. */
const LONGEST = 255;
/** They pass the name to a shell and put it into JSON text, both without quotes. */
const ACTED_ON = /[\\"'`;&|<>()]/g;
/** How many characters of a name a warning shows. */
const SHOWN = 100;

/**
 * The configuration name that the run gets in artdaqDB: the first line that states one gives it, with `/` as `_`. Where
 * artdaqDB's own programs could not store, find or export the name, it is changed, with a warning. Documents keep it as
 * it is.
 */
export function configName(metadata: Buffer): ConfigName {
  const line = readSource(metadata).lines.find(isConfigName);
  const stated = line === undefined ? undefined : fieldOf(line)?.value;
  if (line === undefined || stated === undefined) return { name: DEFAULT_CONFIG, warnings: [] };
  const name = nameInArtdaqDb(stated);
  if (name === stated.replaceAll('/', '_')) return { name, warnings: [] };
  const message = `the configuration name '${excerpt(stated)}' is '${excerpt(name)}' in artdaqDB, whose programs can't handle the other`;
  return { name, warnings: [{ line: line.number, message }] };
}

/** The name that a run gets in artdaqDB whose record states this one. */
export function nameInArtdaqDb(stated: string): string {
  return usable(stated.replaceAll('/', '_'));
}

/** Does a line of `metadata.txt` state a configuration name? */
export function isConfigName(line: SourceLine): boolean {
  const field = fieldOf(line);
  return field?.key === 'Config name' && field.value !== '';
}

/**
 * Tabs and what FHiCL can't hold become dots. What the programs would act on becomes underscores: that includes a final
 * `*`, which stands for anything, and `.` and `..`, even with digits behind them, because the programs cut these off.
 */
function usable(name: string): string {
  return printable(name)
    .replaceAll('\t', '.')
    .replace(ACTED_ON, '_')
    .slice(0, LONGEST)
    .replace(/^\.{1,2}(?=\d*$)/, (dots) => '_'.repeat(dots.length))
    .replace(/\*+$/, (stars) => '_'.repeat(stars.length));
}

function excerpt(name: string): string {
  const text = printable(name);
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}...` : text;
}
