import { referenceFlags } from './flags.ts';

/** An abbreviation that could stand for several flags. */
export interface Ambiguity {
  readonly argument: string;
  readonly candidates: readonly string[];
}

/**
 * Writes out abbreviated long flags, as Python's argparse accepts them. What is unique among the flags of the reference
 * program keeps its meaning, whatever has been added since.
 * @param known all long flags
 */
export function completePrefixes(argv: readonly string[], known: readonly string[]): string[] | Ambiguity {
  const end = argv.indexOf('--');
  const completed: string[] = [];
  for (const [index, argument] of argv.entries()) {
    const [, name = '', value = ''] = /^(--[^=]+)(=.*)?$/s.exec(argument) ?? [];
    if (name === '' || (end >= 0 && index >= end) || known.includes(name)) {
      completed.push(argument);
      continue;
    }
    const matches = known.filter((flag) => flag.startsWith(name));
    const original = matches.filter((flag) => referenceFlags.includes(flag));
    const candidates = original.length > 0 ? original : matches;
    const [match = name, second] = candidates;
    if (second !== undefined) return { argument: name, candidates };
    completed.push(match + value);
  }
  return completed;
}
