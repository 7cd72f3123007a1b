import { isFlatEmailParameter } from './flat-email.ts';
import { nearest } from './nearest.ts';
import { parameterPaths, sectionPaths } from './sections.ts';
import { type ConfigPath, type ConfigSection, isSection, nameOf } from './tree.ts';

const knownParameters = new Set(parameterPaths.map(nameOf));
const knownSections = new Set(sectionPaths.map(nameOf));

/** The sections and parameters of a file that mean nothing to this program, each with what was probably meant. */
export function unknownNames(tree: ConfigSection): { readonly path: ConfigPath; readonly text: string }[] {
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

/** A name of the same section that is spelled similarly, else the same or a similar name elsewhere. */
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
