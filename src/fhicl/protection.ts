import type { Scanner } from './scanner.ts';
import type { Entry, Protection, Value } from './tree.ts';

/** The modifiers that can stand between a name and its colon, weakest first. */
const PROTECTIONS = ['@protect_ignore', '@protect_error'] as const;

const strength = (protection: Protection) => (protection === '' ? 0 : 1 + PROTECTIONS.indexOf(protection));

/** Goes past the colon behind a name and returns the protection before it, or undefined if there is no colon. */
export function takeBinding(scanner: Scanner): Protection | undefined {
  const protection = PROTECTIONS.find((each) => scanner.take(each)) ?? '';
  return scanner.take(':') ? protection : undefined;
}

/**
 * What is wrong with the protections inside a protected entry: none may be weaker than its own. Protected entries
 * inside it were checked already.
 * @returns undefined if nothing is wrong
 */
export function violationWithin(entry: Entry): string | undefined {
  if (entry.protection === '') return undefined;
  const weaker = weakerWithin(entry.value, entry.protection);
  return weaker && `${weaker.key} is ${weaker.protection} inside ${entry.key}, which is ${entry.protection}`;
}

function weakerWithin(value: Value, protection: Protection): Entry | undefined {
  if (value.type === 'table') {
    for (const entry of value.entries) {
      if (entry.protection === '') {
        const weaker = weakerWithin(entry.value, protection);
        if (weaker) return weaker;
      } else if (strength(entry.protection) < strength(protection)) return entry;
    }
  } else if (value.type === 'sequence') {
    for (const element of value.elements) {
      const weaker = weakerWithin(element, protection);
      if (weaker) return weaker;
    }
  }
  return undefined;
}

/** The entries of a nested table. A repeated key has its last value at its first place, if protection lets it. */
export class TableEntries {
  readonly entries: Entry[] = [];
  readonly #places = new Map<string, number>();

  /** @returns what is wrong, or undefined */
  put(entry: Entry): string | undefined {
    const place = this.#places.get(entry.key);
    const existing = place === undefined ? undefined : this.entries[place];
    if (place === undefined || existing === undefined) {
      this.#places.set(entry.key, this.entries.push(entry) - 1);
    } else if (existing.protection === '@protect_error') {
      return `${entry.key} is given again, but is ${existing.protection}`;
    } else if (strength(entry.protection) > strength(existing.protection)) {
      return `${entry.key} is given again with more protection than before`;
    } else if (existing.protection === '') {
      this.entries[place] = entry;
    }
    return undefined;
  }
}
