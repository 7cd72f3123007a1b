import type { Environment } from '../environment.ts';
import {
  type ConfigPath,
  type ConfigSection,
  type ConfigValue,
  isSection,
  type ParameterNote,
  valueAt,
} from './tree.ts';

/** Characters of an expanded value: chains of references must not grow without bound. */
const MAX_LENGTH = 65_536;
/** Levels of references within references. */
const MAX_DEPTH = 100;

/** A configuration after its expansion. */
export interface Expansion {
  /** The tree with all references replaced. A parameter with a problem is as written. */
  readonly tree: ConfigSection;
  /** Circles, and values that grow or nest too far. */
  readonly problems: readonly ParameterNote[];
  /** Names of what does not exist and has no default: these references stay as written. */
  readonly unknown: readonly ParameterNote[];
  /** Environment variables that are not set and have no default: nothing stands for them. */
  readonly unset: readonly ParameterNote[];
  /** Parameters of which nothing is left, with the variables to blame, also those in what they refer to. */
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

/** What a text, a parameter or a reference stands for. */
interface Expanded {
  /** Undefined if it has a problem, which is noted once. */
  readonly text: string | undefined;
  /** What to say of each variable without content that it is made of. */
  readonly lacks: ReadonlySet<string>;
}

const nothing: ReadonlySet<string> = new Set();

class Expander {
  readonly #tree: ConfigSection;
  readonly #env: Environment;
  readonly #results = new Map<string, Expanded>();
  /** Names of what is being expanded, outermost first. */
  readonly #active: string[] = [];
  #depth = 0;
  readonly #problems: ParameterNote[] = [];
  readonly #unknown: ParameterNote[] = [];
  readonly #unset: ParameterNote[] = [];
  readonly #emptied: ParameterNote[] = [];

  constructor(tree: ConfigSection, env: Environment) {
    this.#tree = tree;
    this.#env = env;
  }

  run(): Expansion {
    return {
      tree: this.#section(this.#tree, []),
      problems: this.#problems,
      unknown: this.#unknown,
      unset: this.#unset,
      emptied: this.#emptied,
    };
  }

  #section(section: ConfigSection, path: ConfigPath): ConfigSection {
    return Object.fromEntries(
      Object.entries(section).map(([name, member]) => [name, this.#value(member, [...path, name])]),
    );
  }

  #value(value: ConfigValue, path: ConfigPath): ConfigValue {
    if (Array.isArray(value)) return value.map((item, index) => this.#value(item, [...path, String(index)]));
    if (isSection(value)) return this.#section(value, path);
    if (typeof value !== 'string') return value;
    const { text, lacks } = this.#once(path.join('.'), path, value);
    if (text?.trim() === '' && lacks.size > 0) this.#emptied.push({ path, text: [...lacks].join(' and ') });
    return text ?? value;
  }

  /** Expands the text of a parameter or variable, unless that was done for this path before. */
  #once(name: string, path: ConfigPath, text: string): Expanded {
    const key = [name, ...path].join('\0');
    const known = this.#results.get(key);
    if (known !== undefined) return known;
    if (this.#active.includes(name)) {
      const circle = [...this.#active.slice(this.#active.indexOf(name)), name];
      return this.#problem(path, `the references form a circle: ${circle.join(' -> ')}`);
    }
    this.#active.push(name);
    const result = this.#join(parseTemplate(text), path);
    this.#active.pop();
    this.#results.set(key, result);
    return result;
  }

  #join(parts: readonly TemplatePart[], path: ConfigPath): Expanded {
    if (this.#depth === MAX_DEPTH) {
      return this.#problem(path, `references nested more than ${MAX_DEPTH} deep`);
    }
    this.#depth++;
    const result = this.#concatenate(parts, path);
    this.#depth--;
    return result;
  }

  #concatenate(parts: readonly TemplatePart[], path: ConfigPath): Expanded {
    const lacks = new Set<string>();
    let text = '';
    for (const part of parts) {
      const expanded = typeof part === 'string' ? asIs(part) : this.#resolve(part, path);
      for (const lack of expanded.lacks) lacks.add(lack);
      if (expanded.text === undefined) return { text: undefined, lacks };
      text += expanded.text;
      if (text.length > MAX_LENGTH) {
        this.#problem(path, `expands to more than ${MAX_LENGTH} characters`);
        return { text: undefined, lacks };
      }
    }
    return { text, lacks };
  }

  #resolve({ name, fallback, source }: Reference, path: ConfigPath): Expanded {
    if (/^[A-Z][A-Za-z0-9_]*$/.test(name)) return this.#variable(name, fallback, path);
    if (/^[a-z_][a-z0-9_]*(?:\.[a-z_][a-z0-9_]*)*$/.test(name)) {
      for (const target of targets(name.split('.'), path.slice(0, -1))) {
        const value = valueAt(this.#tree, target);
        if (value === null) return asIs('None');
        if (typeof value === 'boolean') return asIs(value ? 'True' : 'False');
        if (typeof value === 'string') return this.#once(target.join('.'), target, value);
      }
      if (fallback !== undefined) return this.#join(fallback, path);
    }
    this.#unknown.push({ path, text: name });
    return asIs(source);
  }

  #variable(name: string, fallback: readonly TemplatePart[] | undefined, path: ConfigPath): Expanded {
    const value = this.#env[name];
    if (value === '') return { text: '', lacks: new Set([`the environment variable ${name} is empty`]) };
    if (value !== undefined) return this.#once(name, path, value);
    if (fallback !== undefined) return this.#join(fallback, path);
    this.#unset.push({ path, text: name });
    return { text: '', lacks: new Set([`the environment variable ${name} is not set`]) };
  }

  #problem(path: ConfigPath, text: string): Expanded {
    this.#problems.push({ path, text });
    return { text: undefined, lacks: nothing };
  }
}

function asIs(text: string): Expanded {
  return { text, lacks: nothing };
}

/** Where a parameter may be: a name with a section is first looked up from the top, then in the sections around. */
function* targets(name: ConfigPath, section: ConfigPath): Generator<ConfigPath> {
  if (name.length > 1) yield name;
  for (let length = section.length; length > 0; length--) yield [...section.slice(0, length), ...name];
}

/** A `${name}` or `${name:-default}` of a text. */
export interface Reference {
  readonly name: string;
  /** What stands for it if nothing has that name. */
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
 * Splits a text into plain parts and references, in linear time. A `}` closes the `${` opened last. A `${` that is never
 * closed is plain text, and references inside it still count. Braces around anything but a name are plain text as a whole.
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
