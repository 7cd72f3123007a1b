import {
  type Alias,
  type Document,
  type ErrorCode,
  isAlias,
  isMap,
  isScalar,
  LineCounter,
  type ParsedNode,
  parseDocument,
  visit,
  type YAMLMap,
} from 'yaml';
import { ConfigurationError } from '../errors.ts';
import { type ConfigPath, type ConfigSection, type ConfigValue, isSection, makeSection } from './tree.ts';

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

/** What each alias (`*name`) of a document stands for: the node that carried that anchor last before it. */
function resolveAliases(document: Document.Parsed): ReadonlyMap<Alias, ParsedNode> {
  const anchors = new Map<string, ParsedNode>();
  const targets = new Map<Alias, ParsedNode>();
  visit(document, {
    Node: (_key, node) => {
      if (isAlias(node)) {
        const target = anchors.get(node.source);
        if (target !== undefined) targets.set(node, target);
      } else if (node.anchor !== undefined) {
        anchors.set(node.anchor, node as ParsedNode);
      }
    },
  });
  return targets;
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

/** What is wrong with a YAML text, in words that quote nothing of it. */
function yamlFault(code: ErrorCode): string {
  return faults[code] ?? 'not valid YAML; check the indentation, the quotes and the colons';
}

/** Levels of nesting that a configuration file may have: far more than any needs, far fewer than the parser survives. */
const MAX_DEPTH = 50;
/** Characters that a configuration file may have. */
const MAX_LENGTH = 262_144;

/** A place in a text, and what is wrong there. */
export interface TextFault {
  readonly offset: number;
  readonly message: string;
}

/** What must not get as far as the YAML parser: control characters, and nesting that would exhaust its stack. */
function findUnparsable(text: string): TextFault | undefined {
  if (text.length > MAX_LENGTH) return { offset: 0, message: `more than ${MAX_LENGTH} characters` };
  const control = /[^\t\n\r\x20-\x7e\x85\xa0-\uffff]/.exec(text);
  if (control !== null)
    return { offset: control.index, message: 'a control character, which YAML does not allow' };
  const compact = /(?:[-?:][ \t\n]+){50}/.exec(text);
  if (compact !== null) return tooDeep(compact.index);
  let brackets = 0;
  for (const { 0: bracket, index } of text.matchAll(/[[\]{}]/g)) {
    brackets = bracket === '[' || bracket === '{' ? brackets + 1 : Math.max(brackets - 1, 0);
    if (brackets > MAX_DEPTH) return tooDeep(index);
  }
  return undefined;
}

function tooDeep(offset: number): TextFault {
  return { offset, message: `more than ${MAX_DEPTH} levels of nesting` };
}

/** Characters of a number; longer ones, which Python refuses, are text. */
const LONGEST_NUMBER = 4300;

/**
 * What a plain (unquoted) YAML 1.1 scalar means, as PyYAML's safe loader reads it: `yes`, `on` and their like are booleans
 * (but not `y` and `n`), a leading zero means octal, colons mean base 60, an exponent needs a dot and a sign. Dates stay
 * text. Numbers are returned in the form that Python's `str` gives them.
 */
export function resolvePlainScalar(text: string): string | boolean | null {
  if (/^(?:~|null|Null|NULL|)$/.test(text)) return null;
  if (/^(?:yes|Yes|YES|true|True|TRUE|on|On|ON)$/.test(text)) return true;
  if (/^(?:no|No|NO|false|False|FALSE|off|Off|OFF)$/.test(text)) return false;
  if (text.length > LONGEST_NUMBER) return text;
  return integerText(text) ?? floatText(text) ?? text;
}

/** Is a plain scalar a number of another value than it seems: octal by a leading zero, or base 60 by colons? */
export function isSurprisingNumber(text: string): boolean {
  return (
    /^[-+]?0[0-7_]*[1-7][0-7_]*$/.test(text) || (text.includes(':') && resolvePlainScalar(text) !== text)
  );
}

function integerText(text: string): string | undefined {
  const match =
    /^([-+]?)(?:(0b[01_]+)|(0x[0-9a-fA-F_]+)|(0[0-7_]+)|(0|[1-9][0-9_]*)|([1-9][0-9_]*(?::[0-5]?[0-9])+))$/.exec(
      text,
    );
  if (match === null) return undefined;
  const [, sign, binary, hexadecimal, octal, decimal, base60] = match;
  const digits = (part: string) => part.replaceAll('_', '');
  const prefixed =
    binary ?? hexadecimal ?? (octal === undefined ? undefined : `0o${digits(octal).slice(1) || '0'}`);
  if (prefixed !== undefined && digits(prefixed).length <= 2) return undefined;
  const size =
    base60 === undefined
      ? BigInt(digits(prefixed ?? decimal ?? '0'))
      : digits(base60)
          .split(':')
          .reduce((sum, part) => sum * 60n + BigInt(part), 0n);
  return String(sign === '-' ? -size : size);
}

function floatText(text: string): string | undefined {
  if (/^[-+]?\.(?:inf|Inf|INF)$/.test(text)) return text.startsWith('-') ? '-inf' : 'inf';
  if (/^\.(?:nan|NaN|NAN)$/.test(text)) return 'nan';
  if (/^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?)$/.test(text)) {
    return pythonFloat(Number(text.replaceAll('_', '')));
  }
  if (/^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*$/.test(text)) {
    const size = text
      .replace(/^[-+]/, '')
      .replaceAll('_', '')
      .split(':')
      .reduce((sum, part) => sum * 60 + Number(part), 0);
    return pythonFloat(text.startsWith('-') ? -size : size);
  }
  return undefined;
}

/** A float as Python's `str` writes it: always with a fraction or an exponent, the latter from 1e16 up and below 1e-4. */
function pythonFloat(value: number): string {
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  const [mantissa = '', exponent = '0'] = value.toExponential().split('e');
  const power = Number(exponent);
  if (value !== 0 && (power < -4 || power >= 16)) {
    const digits = String(Math.abs(power)).padStart(2, '0');
    return `${mantissa}e${power < 0 ? '-' : '+'}${digits}`;
  }
  const sign = Object.is(value, -0) ? '-' : '';
  const plain =
    power < 0 ? value.toFixed(Math.max(mantissa.replace(/[-.]/g, '').length - 1 - power, 0)) : String(value);
  return sign + (plain.includes('.') ? plain : `${plain}.0`);
}
