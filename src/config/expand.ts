import type { Environment } from '../environment.ts';
import {
  type ConfigPath,
  type ConfigSection,
  type ConfigValue,
  isSection,
  type ParameterNote,
  valueAt,
} from './tree.ts';

/** Characters that an expanded value may have; keeps chains of references from growing without bound. */
const MAX_LENGTH = 65_536;
/** References within references. */
const MAX_DEPTH = 100;

/** What became of a configuration. */
export interface Expansion {
  /** The tree with all references replaced; a parameter with a problem is as written. */
  readonly tree: ConfigSection;
  /** Circles, and values that grow or nest too far. */
  readonly problems: readonly ParameterNote[];
  /** References to what doesn't exist, without default: they stay as written. */
  readonly unknown: readonly ParameterNote[];
  /** Environment variables that are not set, without default: they are empty. */
  readonly unset: readonly ParameterNote[];
  /** Parameters of which nothing is left, with which variables are to blame, also those in what they refer to. */
  readonly emptied: readonly ParameterNote[];
}

/**
 * Replaces the references in all texts of a configuration. `${UPPER}` is an environment variable, whose value may hold
 * references again; `${param}` is a parameter of the same section or of one around it; `${section.param}` one of another
 * section. Each may have a default (`:-`), which may hold references. Only texts are expanded, and they stay texts: a
 * boolean or null that is referred to becomes `True`, `False` or `None`.
 */
export function expandConfig(tree: ConfigSection, env: Environment): Expansion {
  return new Expander(tree, env).run();
}

class Expander {
  readonly #tree: ConfigSection;
  readonly #env: Environment;
  readonly #results = new Map<string, string | undefined>();
  /** What is being expanded, outermost first. */
  readonly #active: string[] = [];
  #depth = 0;
  readonly #problems: ParameterNote[] = [];
  readonly #unknown: ParameterNote[] = [];
  readonly #unset: ParameterNote[] = [];
  readonly #emptied: ParameterNote[] = [];
  /** Why a result lacks something: what is said of each variable without content that it is made of. */
  readonly #lacks = new Map<string, ReadonlySet<string>>();
  /** The same of what is being expanded, outermost first. */
  readonly #lacking: Set<string>[] = [];

  constructor(tree: ConfigSection, env: Environment) {
    this.#tree = tree;
    this.#env = env;
  }

  run(): Expansion {
    const members = Object.entries(this.#tree).map(
      ([name, value]) => [name, this.#expand(value, [name])] as const,
    );
    return {
      tree: Object.fromEntries(members),
      problems: this.#problems,
      unknown: this.#unknown,
      unset: this.#unset,
      emptied: this.#emptied,
    };
  }

  #expand(value: ConfigValue, path: ConfigPath): ConfigValue {
    if (typeof value === 'string') return this.#text(value, path);
    if (Array.isArray(value)) return value.map((item, index) => this.#expand(item, [...path, String(index)]));
    if (!isSection(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, member]) => [name, this.#expand(member, [...path, name])]),
    );
  }

  #text(value: string, path: ConfigPath): string {
    const text = this.#parameter(value, path);
    const lacks = this.#lacks.get(resultKey(path.join('.'), path)) ?? new Set();
    if (text?.trim() === '' && lacks.size > 0) this.#emptied.push({ path, text: [...lacks].join(' and ') });
    return text ?? value;
  }

  /** @returns the text of a parameter, or undefined if it has a problem, which is noted once. */
  #parameter(value: string | boolean | null, path: ConfigPath): string | undefined {
    if (value === null) return 'None';
    if (typeof value === 'boolean') return value ? 'True' : 'False';
    return this.#once(path.join('.'), path, value);
  }

  #once(name: string, path: ConfigPath, text: string): string | undefined {
    const key = resultKey(name, path);
    if (this.#results.has(key)) {
      this.#lack(this.#lacks.get(key) ?? []);
      return this.#results.get(key);
    }
    if (this.#active.includes(name)) {
      const circle = [...this.#active.slice(this.#active.indexOf(name)), name];
      return this.#problem(path, `the references form a circle: ${circle.join(' -> ')}`);
    }
    const lacks = new Set<string>();
    this.#active.push(name);
    this.#lacking.push(lacks);
    const result = this.#join(parseTemplate(text), path);
    this.#active.pop();
    this.#lacking.pop();
    this.#results.set(key, result);
    this.#lacks.set(key, lacks);
    this.#lack(lacks);
    return result;
  }

  #lack(what: Iterable<string>): void {
    for (const each of what) this.#lacking.at(-1)?.add(each);
  }

  /** @returns undefined if a part has a problem */
  #join(parts: readonly TemplatePart[], path: ConfigPath): string | undefined {
    if (this.#depth === MAX_DEPTH)
      return this.#problem(path, `references nested more than ${MAX_DEPTH} deep`);
    this.#depth++;
    let joined: string | undefined = '';
    for (const part of parts) {
      const text = typeof part === 'string' ? part : this.#resolve(part, path);
      joined = text === undefined ? undefined : joined + text;
      if (joined === undefined) break;
      if (joined.length > MAX_LENGTH) {
        joined = this.#problem(path, `expands to more than ${MAX_LENGTH} characters`);
        break;
      }
    }
    this.#depth--;
    return joined;
  }

  #resolve({ name, fallback, source }: Reference, path: ConfigPath): string | undefined {
    if (/^[A-Z][A-Za-z0-9_]*$/.test(name)) {
      const value = this.#env[name];
      if (value === '') this.#lack([`the environment variable ${name} is empty`]);
      if (value !== undefined) return this.#once(name, path, value);
      if (fallback === undefined) {
        this.#unset.push({ path, text: name });
        this.#lack([`the environment variable ${name} is not set`]);
      }
      return this.#join(fallback ?? [], path);
    }
    if (/^[a-z_][a-z0-9_]*(?:\.[a-z_][a-z0-9_]*)*$/.test(name)) {
      for (const target of targets(name.split('.'), path.slice(0, -1))) {
        const value = valueAt(this.#tree, target);
        if (value === null || typeof value === 'string' || typeof value === 'boolean') {
          return this.#parameter(value, target);
        }
      }
      if (fallback !== undefined) return this.#join(fallback, path);
    }
    this.#unknown.push({ path, text: name });
    return source;
  }

  #problem(path: ConfigPath, text: string): undefined {
    this.#problems.push({ path, text });
    return undefined;
  }
}

function resultKey(name: string, path: ConfigPath): string {
  return [name, ...path].join('\0');
}

/** Where to look for a parameter: a name with a section from the top first, then in the sections around, innermost first. */
function* targets(name: ConfigPath, section: ConfigPath): Generator<ConfigPath> {
  if (name.length > 1) yield name;
  for (let length = section.length; length > 0; length--) yield [...section.slice(0, length), ...name];
}

/** A `${name}` or `${name:-default}` of a text. */
export interface Reference {
  readonly name: string;
  /** What stands for it if there is nothing of that name. */
  readonly fallback: readonly TemplatePart[] | undefined;
  /** As written. */
  readonly source: string;
}

/** Plain text, or a reference. */
export type TemplatePart = string | Reference;

interface OpenReference {
  readonly start: number;
  /** Between `${` and the first brace after it. */
  head: string | undefined;
  readonly parts: TemplatePart[];
}

/**
 * Splits a text into plain parts and references. A `}` closes the `${` opened last; a `${` that is never closed is plain
 * text, and references inside it still count. What is in braces but no name is plain text as a whole. Takes linear time.
 */
function parseTemplate(text: string): readonly TemplatePart[] {
  const stack: OpenReference[] = [{ start: 0, head: '', parts: [] }];
  let position = 0;
  const top = () => stack.at(-1) as OpenReference;
  const takeText = (end: number) => {
    const piece = text.slice(position, end);
    top().head ??= piece;
    if (piece !== '') top().parts.push(piece);
  };
  for (const { 0: token, index } of text.matchAll(/\$\{|\}/g)) {
    if (token === '}' && stack.length === 1) continue;
    takeText(index);
    position = index + token.length;
    if (token === '${') {
      stack.push({ start: index, head: undefined, parts: [] });
    } else {
      const closed = top();
      stack.pop();
      top().parts.push(asReference(closed, text.slice(closed.start, position)));
    }
  }
  takeText(text.length);
  const [whole, ...unclosed] = stack as [OpenReference, ...OpenReference[]];
  for (const { parts } of unclosed) {
    whole.parts.push('${');
    for (const part of parts) whole.parts.push(part);
  }
  return whole.parts;
}

function asReference({ head = '', parts }: OpenReference, source: string): TemplatePart {
  const separator = head.indexOf(':-');
  if (separator < 0) return parts.length === 1 ? { name: head, fallback: undefined, source } : source;
  const rest = head.slice(separator + 2);
  const fallback = [...(rest === '' ? [] : [rest]), ...parts.slice(1)];
  return { name: head.slice(0, separator), fallback, source };
}
