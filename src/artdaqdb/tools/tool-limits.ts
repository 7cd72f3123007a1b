import { ArtdaqDbError } from '../../errors.ts';
import type { FhiclFile } from '../../fhicl/fhicl-file.ts';
import { parseFhicl } from '../../fhicl/parse.ts';
import { type Entry, type FhiclDocument, INCLUDE_KEY, type Value } from '../../fhicl/tree.ts';
import type { RunNumber } from '../../runs/run-number.ts';
import { faultOfContent } from '../submission.ts';

/** bulkloader replaces this wherever it stands, together with the text up to the next quote. */
const INCLUDE = /#include\s/g;
/** bulkdownloader does the same with this. */
const INCLUDE_COLON = /#include\s*:/;

/**
 * Refuses a document that bulkloader or bulkdownloader would refuse, or alter without a word
 * (documentation/ARTDAQDB_TOOLS.md, "What the tools can't hold").
 * @throws ArtdaqDbError naming the file, and the line or the name in it
 * @throws FhiclError if it is not FHiCL at all
 */
export function refuseLosses(run: RunNumber, { name, text }: FhiclFile): void {
  const document = parseFhicl(text, name);
  const loss = includeLoss(text, document) ?? complexLoss(document) ?? repetitionLoss(document);
  if (loss === undefined) return;
  throw new ArtdaqDbError(
    `Run ${run}: bulkloader and bulkdownloader would not keep ${name} as it is: ${loss}. With artdaq_db.use_tools: false it can be stored`,
    { run, fault: faultOfContent({ name }) },
  );
}

function includeLoss(text: string, { prolog, main }: FhiclDocument): string | undefined {
  const fault = (position: number, what: string) => `line ${lineOf(text, position)} holds ${what}`;
  const own = text.indexOf(INCLUDE_KEY);
  if (own !== -1) return fault(own, `the name '${INCLUDE_KEY}', which they use themselves`);
  const positions = [...text.matchAll(INCLUDE)].map(({ index }) => index);
  const [first] = positions;
  const directives = [...prolog, ...main].filter(({ key }) => key.startsWith(INCLUDE_KEY));
  if (first !== undefined && positions.length > directives.length) {
    const suspect = positions.find((position) => !beginsLine(text, position)) ?? first;
    return fault(suspect, "'#include ' inside a text or comment, which they replace");
  }
  const colon = INCLUDE_COLON.exec(text);
  return colon === null ? undefined : fault(colon.index, "'#include' and a colon, which they replace");
}

function beginsLine(text: string, position: number): boolean {
  return text.slice(text.lastIndexOf('\n', position - 1) + 1, position).trim() === '';
}

function lineOf(text: string, position: number): number {
  return text.slice(0, position).split('\n').length;
}

function complexLoss({ prolog, main }: FhiclDocument): string | undefined {
  return complexLossAmong([...prolog, ...main], '');
}

/** @param prefix the names that lead to the entries */
function complexLossAmong(entries: readonly Entry[], prefix: string): string | undefined {
  for (const { key, value } of entries) {
    const loss = complexLossIn(value, prefix + key, false);
    if (loss !== undefined) return loss;
  }
  return undefined;
}

function complexLossIn(value: Value, path: string, isElement: boolean): string | undefined {
  if (value.type === 'table') return complexLossAmong(value.entries, `${path}.`);
  if (value.type === 'sequence') {
    for (const [place, element] of value.elements.entries()) {
      const loss = complexLossIn(element, `${path}[${place}]`, true);
      if (loss !== undefined) return loss;
    }
  }
  if (value.type !== 'complex') return undefined;
  if (isElement) return `they make a text of the complex number in '${path}'`;
  return /\s/.test(value.text) ? `they cut the complex number '${path}' off at its blank` : undefined;
}

/** They keep repeated names, but export all of them with the comments and the type of the first. */
function repetitionLoss({ prolog, main }: FhiclDocument): string | undefined {
  const outside = new Set(main.map(({ key }) => key));
  const hidden = prolog.find(({ key }) => outside.has(key));
  if (hidden !== undefined) return `'${hidden.key}' of its prolog is lost, as it stands outside of it too`;
  for (const entries of [prolog, main]) {
    const first = new Map<string, string>();
    for (const entry of entries) {
      const metadata = metadataOf(entry);
      if ((first.get(entry.key) ?? metadata) !== metadata) {
        return `'${entry.key}' stands there more than once, with different comments or types`;
      }
      first.set(entry.key, metadata);
    }
  }
  return undefined;
}

function metadataOf(entry: Entry): string {
  return JSON.stringify(entry, (name, value) => (name === 'text' ? undefined : value));
}
