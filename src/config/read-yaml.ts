import {
  type Alias,
  type ErrorCode,
  isAlias,
  isMap,
  isScalar,
  LineCounter,
  type ParsedNode,
  parseDocument,
  Scalar,
  visit,
  type YAMLMap,
} from 'yaml';
import { ConfigurationError } from '../errors.ts';
import { pythonScalars } from './plain-scalars.ts';
import { type ConfigPath, type ConfigSection, type ConfigValue, isSection } from './tree.ts';

/** Characters that a configuration file may have. */
const MAX_LENGTH = 262_144;
/** Values that a file may hold, counted as often as an alias repeats them. */
const MAX_VALUES = 20_000;
/** Levels of nesting: far more than any configuration needs, far fewer than the parser's stack survives. */
const MAX_DEPTH = 50;

/** A configuration file as read, and where in it everything is. */
export interface YamlFile {
  readonly tree: ConfigSection;
  /** `file:line:column` of a value, or of the nearest section around a value that does not exist. */
  locate(path: ConfigPath): string;
  /** Each with its place. */
  readonly warnings: readonly string[];
  /** Values that YAML takes for numbers and writes differently. */
  readonly changed: readonly ChangedScalar[];
}

/** A value without quotes that is read as another text than the one in the file. */
export interface ChangedScalar {
  readonly path: ConfigPath;
  readonly written: string;
  readonly read: string;
}

/**
 * Reads a configuration file as YAML 1.1, as PyYAML's safe loader does. A name given twice is warned about, and the last
 * one counts. No message quotes the file, as the text may be a password.
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
  readonly #targets = new Map<Alias, ParsedNode | undefined>();
  #values = 0;

  constructor(text: string, file: string) {
    this.#text = text;
    this.#file = file;
    this.#lines.addNewLine(0);
    for (const { index } of text.matchAll(/\n/g)) this.#lines.addNewLine(index + 1);
  }

  read(): YamlFile {
    this.#refuseUnparsable();
    const tree = this.#value(this.#parse(), [], []);
    if (tree === null) {
      throw new ConfigurationError(`${this.#file} is empty; begin with a copy of config.yaml.template`);
    }
    if (!isSection(tree)) {
      this.#fail('no sections (lines `section:` with lines `parameter: value` indented below)', 0);
    }
    return { tree, locate: (path) => this.#locate(path), warnings: this.#warnings, changed: this.#changed };
  }

  /** The library accepts control characters, unlike PyYAML, and its stack does not survive deep nesting. */
  #refuseUnparsable(): void {
    const text = this.#text;
    if (text.length > MAX_LENGTH) this.#fail(`more than ${MAX_LENGTH} characters`, 0);
    const control = /[^\t\n\r\x20-\x7e\x85\xa0-\uffff]/.exec(text);
    if (control !== null) this.#fail('a control character, which YAML does not allow', control.index);
    const compact = new RegExp(`(?:[-?:][ \\t\\n]+){${MAX_DEPTH}}`).exec(text);
    if (compact !== null) this.#failAsTooDeep(compact.index);
    let depth = 0;
    for (const { 0: bracket, index } of text.matchAll(/[[\]{}]/g)) {
      depth = bracket === '[' || bracket === '{' ? depth + 1 : Math.max(depth - 1, 0);
      if (depth > MAX_DEPTH) this.#failAsTooDeep(index);
    }
  }

  #parse(): ParsedNode | null {
    const document = parseDocument(this.#text, {
      version: '1.1',
      schema: 'failsafe',
      customTags: pythonScalars,
      resolveKnownTags: false,
      stringKeys: true,
      // The library would compare each name with all before it.
      uniqueKeys: false,
      prettyErrors: false,
      logLevel: 'error',
    });
    const fault = document.errors[0] ?? document.warnings[0];
    if (fault !== undefined) this.#fail(yamlFault(fault.code), fault.pos[0]);
    // An alias stands for the node that carried its anchor last before it.
    const anchors = new Map<string, ParsedNode>();
    visit(document, {
      Node: (_key, node) => {
        if (isAlias(node)) this.#targets.set(node, anchors.get(node.source));
        else if (node.anchor !== undefined) anchors.set(node.anchor, node as ParsedNode);
      },
    });
    return document.contents;
  }

  /** @param around the sections and lists in which the value stands */
  #value(node: ParsedNode | null, path: ConfigPath, around: readonly ParsedNode[]): ConfigValue {
    if (node === null) return null;
    const offset = node.range[0];
    if (++this.#values > MAX_VALUES) this.#fail(`more than ${MAX_VALUES} values`, offset);
    this.#offsets.set(keyOf(path), offset);
    if (isAlias(node)) {
      return this.#value(this.#targets.get(node) ?? this.#fail(yamlFault('BAD_ALIAS'), offset), path, around);
    }
    if (isScalar(node)) {
      const { source, value } = node as Scalar.Parsed & Scalar<string | boolean | null>;
      if (typeof value === 'string' && value !== source) {
        this.#changed.push({ path, written: source, read: value });
      }
      return value;
    }
    if (around.includes(node)) this.#fail('a value that contains itself', offset);
    if (path.length > MAX_DEPTH) this.#failAsTooDeep(offset);
    const inside = [...around, node];
    return isMap(node)
      ? Object.fromEntries(this.#members(node, path, inside))
      : node.items.map((item, index) => this.#value(item, [...path, String(index)], inside));
  }

  /** What `<<` merges comes first, so that the mapping's own members take precedence. */
  #members(map: YAMLMap.Parsed, path: ConfigPath, inside: readonly ParsedNode[]): Map<string, ConfigValue> {
    const pairs = map.items as { key: Scalar.Parsed; value: ParsedNode | null }[];
    const isMerge = ({ key }: { key: Scalar.Parsed }) => key.type === Scalar.PLAIN && key.source === '<<';
    const members = new Map<string, ConfigValue>();
    for (const { key, value } of pairs.filter(isMerge)) {
      const merged = this.#value(value, path, inside);
      // The first of several sources takes precedence.
      for (const section of Array.isArray(merged) ? merged.toReversed() : [merged]) {
        if (!isSection(section)) {
          this.#fail('`<<` must name a mapping or a list of mappings', (value ?? key).range[0]);
        }
        for (const [name, member] of Object.entries(section)) members.set(name, member);
      }
    }
    const seen = new Set<string>();
    for (const { key, value } of pairs.filter((pair) => !isMerge(pair))) {
      const name = key.source;
      const member = [...path, name];
      if (seen.has(name)) {
        this.#warnings.push(
          `${this.#place(key.range[0])} ${member.join('.')}: given twice in the same section; the last one counts`,
        );
      }
      seen.add(name);
      members.set(name, this.#value(value, member, inside));
    }
    return members;
  }

  #locate(path: ConfigPath): string {
    for (let length = path.length; length > 0; length--) {
      const offset = this.#offsets.get(keyOf(path.slice(0, length)));
      if (offset !== undefined) return this.#place(offset);
    }
    return this.#place(0);
  }

  #place(offset: number): string {
    const { line, col } = this.#lines.linePos(offset);
    return `${this.#file}:${line}:${col}`;
  }

  #failAsTooDeep(offset: number): never {
    this.#fail(`more than ${MAX_DEPTH} levels of nesting`, offset);
  }

  #fail(message: string, offset: number): never {
    throw new ConfigurationError(`${this.#place(offset)} not readable as YAML: ${message}`);
  }
}

function keyOf(path: ConfigPath): string {
  return path.join('\0');
}

/** What is wrong with a YAML text, in words that quote nothing of it. */
function yamlFault(code: ErrorCode): string {
  return faults[code] ?? 'not valid YAML; check the indentation, the quotes and the colons';
}

const faults: Partial<Record<ErrorCode, string>> = {
  BAD_ALIAS: 'a malformed alias (`*name`); a text that begins with * must be in quotes',
  BAD_DIRECTIVE: 'an unknown directive; a text that begins with % must be in quotes',
  BAD_DQ_ESCAPE:
    'an unknown escape sequence; inside double quotes write \\\\ for a backslash, or use single quotes',
  BAD_INDENT: 'wrong indentation, or a bracket that is not closed',
  BAD_SCALAR_START: 'a text that begins with a reserved character must be in quotes',
  BLOCK_AS_IMPLICIT_KEY:
    'more than one `name: value` in a line; check the indentation, or put the value in quotes',
  MISSING_CHAR: 'a missing quote, colon, comma or bracket',
  MULTILINE_IMPLICIT_KEY: 'a parameter name must be on one line with its colon; check the indentation',
  MULTIPLE_DOCS: 'a second document (`---`); only one is allowed',
  NON_STRING_KEY: 'a name must be a plain text',
  TAB_AS_INDENT: 'a tab in the indentation; use spaces',
  TAG_RESOLVE_FAILED:
    'a tag (`!name`), which a configuration does not use; a text that begins with ! must be in quotes',
  UNEXPECTED_TOKEN: 'an unexpected character; check the indentation, the quotes and the colons',
};
