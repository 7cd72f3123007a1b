import { rangeText, toRanges } from '../../runs/number-ranges.ts';
import type { ConversionWarning } from './conversion.ts';
import { FOREIGN } from './fhicl-text.ts';
import { characterName, type SourceLine } from './source-text.ts';

/** Lines that get a warning of their own; the others share one, so that a binary file can't flood the log. */
const MAX_LINES = 20;
/** Ranges of lines that their warning names. */
const MAX_RANGES = 50;
/** Characters that one warning names. */
const MAX_CHARACTERS = 10;

/** Warnings for the lines that hold what FHiCL can't: it is written as dots. */
export function foreignCharacterWarnings(lines: readonly SourceLine[]): ConversionWarning[] {
  const foreign = lines.filter(({ text }) => text.search(FOREIGN) !== -1);
  const warnings = foreign.slice(0, MAX_LINES).map(({ number, text }) => ({
    line: number,
    message: `${characterNames(text)}: FHiCL can't hold that, so it is written as '.'`,
  }));
  const [first, ...others] = foreign.slice(MAX_LINES).map(({ number }) => number);
  if (first === undefined) return warnings;
  const ranges = toRanges([first, ...others]).map(rangeText);
  const places = ranges.slice(0, MAX_RANGES).join(', ') + (ranges.length > MAX_RANGES ? ', ...' : '');
  const message = `more characters written as '.', in ${1 + others.length} lines: ${places}`;
  return [...warnings, { line: first, message }];
}

function characterNames(text: string): string {
  const names = [...new Set(text.match(FOREIGN))].map(characterName);
  const named = names.slice(0, MAX_CHARACTERS).join(', ');
  return names.length > MAX_CHARACTERS ? `${named} and ${names.length - MAX_CHARACTERS} more` : named;
}
