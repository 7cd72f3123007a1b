import {
  commentText,
  FOREIGN,
  isPlainNumber,
  isQuotedText,
  needsFiller,
  parseValue,
  printable,
  quote,
  validKey,
} from './fhicl-text.ts';
import {
  type ConversionWarning,
  foreignCharacterWarnings,
  type SourceLine,
  type SourceText,
  trimmed,
} from './source-text.ts';

/** What a text file became. */
export interface Conversion {
  /** The FHiCL document. */
  readonly text: string;
  readonly warnings: readonly ConversionWarning[];
}

/** Characters of a warning, because a line can be as long as its file. */
const MAX_SHOWN = 500;
/** Warnings about one file; all others share one, so that a file of another kind can't flood the log. */
const MAX_WARNINGS = 1000;

interface ConvertedEntry {
  /** The key as it is in the source. */
  readonly original: string;
  /** The name that the reference gives it. */
  readonly key: string;
  readonly value: string;
  readonly line: number | undefined;
  /** Another entry has this key and must keep it for itself. */
  readonly apart: boolean;
}

/**
 * A FHiCL document in the making: lines, and entries whose keys are made valid at the end. A changed key has the
 * original one in a comment above it, and a warning.
 */
export class ConvertedText {
  readonly #parts: (string | ConvertedEntry)[] = [];
  readonly #warnings: ConversionWarning[];

  /** @param lines of the source that go into the document */
  constructor(source: SourceText, lines: readonly SourceLine[] = source.lines) {
    this.#warnings = [...source.warnings, ...foreignCharacterWarnings(lines)];
  }

  warn(line: number | undefined, message: string): void {
    const shown = message.length > MAX_SHOWN ? `${message.slice(0, MAX_SHOWN)}...` : message;
    this.#warnings.push({ line, message: printable(shown) });
  }

  /** Warns of a line that has no place in the document. */
  warnLeftOut({ number, text }: SourceLine): void {
    this.warn(number, `left out, as there is no colon in it: ${trimmed(text)}`);
  }

  add(line: string): void {
    this.#parts.push(line);
  }

  /** Adds an entry at top level. artdaqDB keeps all entries with one key, so they may share it, unless `apart`. */
  addEntry(original: string, key: string, value: string, line: number | undefined, apart = false): void {
    this.#parts.push({ original, key, value, line, apart });
  }

  /** Adds a comment line of the source, without what FHiCL can't hold. */
  addComment(text: string, line: number): void {
    if (text.includes('#include')) this.warn(line, "'#include' in a comment is written as '# include'");
    const start = text.indexOf('#');
    this.add(text.slice(0, start).replace(FOREIGN, '') + commentText(text.slice(start)));
  }

  /** The text in quotes, whatever it holds. */
  quoted(text: string, line: number | undefined, filler = ' '): string {
    const content = printable(text);
    if (!needsFiller(content)) return quote(content);
    this.warn(
      line,
      `ends in a backslash, which FHiCL can't hold here: followed by ${JSON.stringify(filler)}`,
    );
    return quote(content + filler);
  }

  /** The text as it is if it's quoted already, else {@link quoted}. */
  text(text: string, line: number | undefined): string {
    const content = printable(text);
    return isQuotedText(content) ? content : this.quoted(content, line);
  }

  /** Quoted text, sequences and plain numbers as they are, anything else {@link quoted}. */
  value(text: string, line: number | undefined): string {
    if (isPlainNumber(text)) return text;
    const content = printable(text);
    const enclosed = /^(?:".*"|\[.*\])$/.test(content);
    return enclosed && parseValue(content) !== undefined ? content : this.quoted(content, line);
  }

  list(texts: readonly string[], line: number | undefined): string {
    return `[${texts.map((text) => this.text(text, line)).join(', ')}]`;
  }

  /** @param end what follows the last line; the lines are separated by LF */
  conversion(end: '' | '\n' = '\n'): Conversion {
    const names = this.#names();
    const lines = this.#parts.map((part) => (typeof part === 'string' ? part : this.#entryText(part, names)));
    this.#warnings.sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
    return { text: lines.join('\n') + end, warnings: abridged(this.#warnings) };
  }

  #entryText(entry: ConvertedEntry, names: ReadonlyMap<ConvertedEntry, string>): string {
    const name = names.get(entry);
    if (name === undefined) return `${entry.key}: ${entry.value}`;
    return `# ${commentText(entry.original)}\n${name}: ${entry.value}`;
  }

  /** The names of the entries that can't have their key. Only entries with equal keys share one. */
  #names(): Map<ConvertedEntry, string> {
    const entries = this.#parts.filter((part) => typeof part !== 'string');
    const keeps = ({ key, apart }: ConvertedEntry) => !apart && validKey(key, 'top') === key;
    const names = new DistinctNames(entries.filter(keeps).map(({ key }) => key));
    const ofKey = new Map<string, string>();
    const result = new Map<ConvertedEntry, string>();
    for (const entry of entries.filter((each) => !keeps(each))) {
      const known = entry.apart ? undefined : ofKey.get(entry.key);
      const name = known ?? names.claim(validKey(entry.key, 'top'));
      if (!entry.apart) ofKey.set(entry.key, name);
      result.set(entry, name);
      this.warn(entry.line, `the key '${entry.original}' is written as '${name}'`);
    }
    return result;
  }
}

function abridged(warnings: readonly ConversionWarning[]): readonly ConversionWarning[] {
  const [next, ...others] = warnings.slice(MAX_WARNINGS);
  if (next === undefined || others.length === 0) return warnings;
  const message = `${1 + others.length} more warnings like these, up to line ${others.at(-1)?.line}`;
  return [...warnings.slice(0, MAX_WARNINGS), { line: next.line, message }];
}

/** Hands out distinct names: one that is taken gets `_2`, `_3` and so on. */
export class DistinctNames {
  readonly #taken: Set<string>;
  readonly #next = new Map<string, number>();

  constructor(taken: Iterable<string> = []) {
    this.#taken = new Set(taken);
  }

  claim(wanted: string): string {
    let name = wanted;
    let number = this.#next.get(wanted) ?? 2;
    while (this.#taken.has(name)) name = `${wanted}_${number++}`;
    this.#next.set(wanted, number);
    this.#taken.add(name);
    return name;
  }
}
