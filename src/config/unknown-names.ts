import { isFlatEmailParameter } from './flat-email.ts';
import { parameterPaths, sectionPaths } from './sections.ts';
import { type ConfigPath, type ConfigSection, isSection, nameOf, type ParameterNote } from './tree.ts';

const knownParameters = new Set(parameterPaths.map(nameOf));
const knownSections = new Set(sectionPaths.map(nameOf));

/** The sections and parameters of a file that this program does not know, each with the name that was probably meant. */
export function unknownNames(tree: ConfigSection): ParameterNote[] {
  return findUnknown(tree, []).map((path) => {
    const suggestion = suggest(path);
    const hint = suggestion === undefined ? '' : `; did you mean ${suggestion}?`;
    const kind = path.length === 1 ? 'section' : 'parameter';
    return { path, text: `unknown ${kind}, it has no effect${hint}` };
  });
}

function findUnknown(section: ConfigSection, prefix: ConfigPath): ConfigPath[] {
  return Object.entries(section).flatMap(([name, value]) => {
    const path = [...prefix, name];
    if (knownParameters.has(nameOf(path)) || isFlatEmailParameter(path)) return [];
    if (!knownSections.has(nameOf(path))) return [path];
    return isSection(value) ? findUnknown(value, path) : [];
  });
}

/** A similar name of the same section, otherwise the same or a similar name elsewhere. */
function suggest(path: ConfigPath): string | undefined {
  const name = path.at(-1) ?? '';
  const section = path.slice(0, -1);
  const all = [...parameterPaths, ...sectionPaths];
  const siblings = all
    .filter((known) => nameOf(known.slice(0, -1)) === nameOf(section))
    .map((known) => known.at(-1) ?? '');
  const sibling = nearest(name, siblings);
  if (sibling !== undefined) return nameOf([...section, sibling]);
  const names = parameterPaths.map((known) => known.at(-1) ?? '');
  const elsewhere = parameterPaths.find((known) => known.at(-1) === nearest(name, names));
  return elsewhere === undefined ? undefined : nameOf(elsewhere);
}

/** The known name that a mistyped one most likely means: at most a third of its letters, or two, differ. */
function nearest(name: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let smallest = Math.max(2, Math.floor(name.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < smallest && distance < candidate.length) {
      best = candidate;
      smallest = distance;
    }
  }
  return best;
}

/** How many letters must be added, dropped or changed to turn one text into the other. */
function editDistance(from: string, to: string): number {
  if (Math.abs(from.length - to.length) > 20) return Number.POSITIVE_INFINITY;
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...from].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...to].entries()) {
      const change = (row[j] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(change, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
