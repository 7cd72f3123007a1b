import { z } from 'zod';
import { GENERATE_NAMES, type GenerateName } from '../records/generate-names.ts';
import { type ConfigValue, isSection } from './tree.ts';

const known: ReadonlyMap<string, GenerateName> = new Map(GENERATE_NAMES.map((name) => [name, name]));
const allowed = `a list of ${GENERATE_NAMES.join(', ')}, or {files: list}; absent for all of them`;

const all: ReadonlySet<GenerateName> = new Set(GENERATE_NAMES);

/** `fhiclize_generate`: a list of names, or a section with such a list as `files`; absent or null is all. */
export function generateList() {
  return z
    .unknown()
    .transform((value, context): ReadonlySet<GenerateName> => {
      const refuse = (message: string, path: string[] = []) =>
        context.addIssue({ code: 'custom', message, path });
      const given = value as ConfigValue;
      if (given === null) return all;
      const prefix = isSection(given) ? ['files'] : [];
      const entries = isSection(given) ? given.files : given;
      if (!Array.isArray(entries)) {
        refuse(allowed, prefix);
        return z.NEVER;
      }
      const names = new Set<GenerateName>();
      entries.forEach((entry: ConfigValue, index) => {
        const name = typeof entry === 'string' ? known.get(entry.replace(/\.(?:txt|fcl)$/, '')) : undefined;
        if (name !== undefined) names.add(name);
        else refuse(allowed, [...prefix, String(index)]);
      });
      return names;
    })
    .default(all);
}
