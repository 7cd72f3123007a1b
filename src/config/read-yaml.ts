import {
  type Alias,
  isAlias,
  isMap,
  isScalar,
  LineCounter,
  type ParsedNode,
  parseDocument,
  type YAMLMap,
} from 'yaml';
import { ConfigurationError } from '../errors.ts';
import { type ConfigPath, type ConfigSection, type ConfigValue, isSection, makeSection } from './tree.ts';
import { resolveAliases } from './yaml-aliases.ts';
import { yamlFault } from './yaml-fault.ts';
import { findUnparsable, MAX_DEPTH } from './yaml-limits.ts';
import { resolvePlainScalar } from './yaml-scalar.ts';

/** Values that one file may hold, counted as often as an alias repeats them. */
const MAX_VALUES = 20_000;

/** A configuration file as read, and where in it everything is. */
export interface YamlFile {
  readonly tree: ConfigSection;
  /** `file:line:column` of a value, or of the nearest section around a value that isn't there. */
  locate(path: ConfigPath): string;
  /** Each with its place. */
  readonly warnings: readonly string[];
  /** What YAML takes for numbers and gives another text. */
  readonly changed: readonly ChangedScalar[];
}

/** A value without quotes that is not the text as which it is written. */
export interface ChangedScalar {
  readonly path: ConfigPath;
  readonly written: string;
  readonly read: string;
}

/**
 * Reads a configuration file as YAML 1.1, as PyYAML's safe loader does; a name given twice is warned about, and the last
 * one counts. No message quotes the text of the file, as that may be a password.
 * @param file its name, for messages
 * @throws ConfigurationError naming line and column
 */
export function readYaml(text: string, file: string): YamlFile {
  return new YamlReader(text.replace(/^\uFEFF/, ''), file).read();
}

class YamlReader {
  readonly #text: string;
  readonly #file: string;
  readonly #lines = new LineCounter();
  readonly #offsets = new Map<string, number>();
  readonly #warnings: string[] = [];
  readonly #changed: ChangedScalar[] = [];
  readonly #open = new Set<ParsedNode>();
  #aliases: ReadonlyMap<Alias, ParsedNode> = new Map();
  #values = 0;

  constructor(text: string, file: string) {
    this.#text = text;
    this.#file = file;
    this.#lines.addNewLine(0);
    for (const { index } of text.matchAll(/\n/g)) this.#lines.addNewLine(index + 1);
  }

  read(): YamlFile {
    const tree = this.#value(this.#parse(), []);
    if (tree === null)
      throw new ConfigurationError(`${this.#file} is empty; begin with a copy of config.yaml.template`);
    if (!isSection(tree))
      this.#fail('no sections (lines `section:` with lines `parameter: value` indented below)', 0);
    return { tree, locate: (path) => this.#locate(path), warnings: this.#warnings, changed: this.#changed };
  }

  #parse(): ParsedNode | null {
    const unparsable = findUnparsable(this.#text);
    if (unparsable !== undefined) this.#fail(unparsable.message, unparsable.offset);
    const document = parseDocument(this.#text, {
      version: '1.1',
      schema: 'failsafe',
      prettyErrors: false,
      uniqueKeys: false,
      logLevel: 'error',
    });
    const fault = document.errors[0] ?? document.warnings[0];
    if (fault !== undefined) this.#fail(yamlFault(fault.code), fault.pos[0]);
    this.#aliases = resolveAliases(document);
    return document.contents;
  }

  #value(node: ParsedNode | null, path: ConfigPath): ConfigValue {
    if (node === null) return null;
    const offset = node.range[0];
    if (++this.#values > MAX_VALUES) this.#fail(`more than ${MAX_VALUES} values`, offset);
    this.#offsets.set(pathKey(path), offset);
    if (isAlias(node)) {
      const target = this.#aliases.get(node);
      if (target === undefined) this.#fail(yamlFault('BAD_ALIAS'), offset);
      return this.#value(target, path);
    }
    if (isScalar(node)) {
      const text = node.source;
      if (node.type !== 'PLAIN' || node.tag !== undefined) return text;
      const read = resolvePlainScalar(text);
      if (typeof read === 'string' && read !== text) this.#changed.push({ path, written: text, read });
      return read;
    }
    if (this.#open.has(node)) this.#fail('a value that contains itself', offset);
    if (path.length > MAX_DEPTH) this.#fail(`more than ${MAX_DEPTH} levels of nesting`, offset);
    this.#open.add(node);
    const value = isMap(node)
      ? makeSection(this.#members(node, path))
      : node.items.map((item, index) => this.#value(item, [...path, String(index)]));
    this.#open.delete(node);
    return value;
  }

  /** What `<<` merges comes first, so that the mapping's own members take precedence. */
  #members(map: YAMLMap.Parsed, path: ConfigPath): Map<string, ConfigValue> {
    const members = new Map<string, ConfigValue>();
    const own = map.items.filter(({ key, value }) => {
      if (!isMergeKey(key)) return true;
      for (const [name, member] of this.#merged(value, path)) members.set(name, member);
      return false;
    });
    const seen = new Set<string>();
    for (const { key, value } of own) {
      const target = isAlias(key) ? this.#aliases.get(key) : key;
      if (!isScalar(target)) this.#fail(yamlFault('NON_STRING_KEY'), key.range[0]);
      const name = target.source;
      const memberPath = [...path, name];
      if (seen.has(name)) {
        this.#warn(
          key.range[0],
          `${memberPath.join('.')}: given twice in the same section; the last one counts`,
        );
      }
      seen.add(name);
      members.set(name, this.#value(value, memberPath));
    }
    return members;
  }

  /** The first of several sources takes precedence. */
  #merged(node: ParsedNode | null, path: ConfigPath): (readonly [string, ConfigValue])[] {
    const source = this.#value(node, path);
    const sources = Array.isArray(source) ? source.toReversed() : [source];
    return sources.flatMap((section) => {
      if (!isSection(section))
        this.#fail('`<<` must name a mapping or a list of mappings', node?.range[0] ?? 0);
      return Object.entries(section);
    });
  }

  #locate(path: ConfigPath): string {
    for (let length = path.length; length > 0; length--) {
      const offset = this.#offsets.get(pathKey(path.slice(0, length)));
      if (offset !== undefined) return this.#place(offset);
    }
    return this.#place(0);
  }

  #place(offset: number): string {
    const { line, col } = this.#lines.linePos(offset);
    return `${this.#file}:${line}:${col}`;
  }

  #warn(offset: number, message: string): void {
    this.#warnings.push(`${this.#place(offset)} ${message}`);
  }

  #fail(message: string, offset: number): never {
    throw new ConfigurationError(`${this.#place(offset)} not readable as YAML: ${message}`);
  }
}

function isMergeKey(key: ParsedNode): boolean {
  return isScalar(key) && key.type === 'PLAIN' && key.source === '<<';
}

function pathKey(path: ConfigPath): string {
  return path.join('\0');
}
