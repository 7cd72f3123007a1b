import type { FhiclFile } from '../../src/fhicl/fhicl-file.ts';
import { parseFhicl } from '../../src/fhicl/parse.ts';
import { type Entry, INCLUDE_KEY, type Protection, type Scalar, type Value } from '../../src/fhicl/tree.ts';
import { canonicalScalar } from '../canonical-scalar.ts';

/** A value of a record, with what is in it. */
export type Parameter = ScalarParameter | SequenceParameter | TableParameter;

/** A value that holds no others. */
export interface ScalarParameter {
  readonly kind: 'scalar';
  /** As people read it, on one line: numbers as in the record, texts in double quotes. */
  readonly text: string;
  /** Equal for equal values, however they are written. */
  readonly meaning: string;
  readonly protection: Protection;
}

/** Values in brackets. */
export interface SequenceParameter {
  readonly kind: 'sequence';
  readonly elements: readonly Parameter[];
  /** Is there no table in it, at any depth? */
  readonly isFlat: boolean;
  readonly protection: Protection;
}

/** Named values: a table, or a whole file. */
export interface TableParameter {
  readonly kind: 'table';
  readonly members: ReadonlyMap<string, Parameter>;
  readonly protection: Protection;
}

/** The name under which the files stand that a table includes, and that of the entries of a prolog. */
const [INCLUDE, PROLOG] = ['#include', 'BEGIN_PROLOG'];

/**
 * Reads the values of a file as FHiCL has them: of several entries of one name the last counts, unless protection keeps the
 * first; `a.b: 1` sets `b` in the table `a`; comments are none. References stay as they are.
 * @throws FhiclError if it is no FHiCL
 */
export function readParameters({ name, text }: FhiclFile): TableParameter {
  const { prolog, main } = parseFhicl(text, name);
  const file = tableOf(main, '');
  if (prolog.length === 0) return file;
  return { ...file, members: new Map([[PROLOG, tableOf(prolog, '')], ...file.members]) };
}

class MutableTable implements TableParameter {
  readonly kind = 'table';
  readonly members = new Map<string, Parameter>();
  readonly protection: Protection;

  constructor(protection: Protection) {
    this.protection = protection;
  }

  set(name: string, value: Parameter): void {
    const before = this.members.get(name);
    if (before === undefined || before.protection === '') this.members.set(name, value);
  }

  /** The table of that name, for entries to be added. */
  table(name: string): MutableTable {
    const before = this.members.get(name);
    if (before instanceof MutableTable) return before;
    const made = new MutableTable('');
    this.set(name, made);
    return made;
  }
}

function tableOf(entries: readonly Entry[], protection: Protection): TableParameter {
  const table = new MutableTable(protection);
  const includes: Parameter[] = [];
  for (const { key, protection: own, value } of entries) {
    const parameter = parameterOf(value, own);
    if (isInclude(key, value)) {
      includes.push(parameter);
      continue;
    }
    const names = key.split('.');
    const last = names.pop() ?? '';
    names.reduce((inner, name) => inner.table(name), table).set(last, parameter);
  }
  if (includes.length > 0) {
    table.set(INCLUDE, { kind: 'sequence', elements: includes, isFlat: true, protection: '' });
  }
  return table;
}

function isInclude(key: string, value: Value): boolean {
  return key.startsWith(`${INCLUDE_KEY}_`) && value.type !== 'table' && value.type !== 'sequence';
}

function parameterOf(value: Value, protection: Protection): Parameter {
  if (value.type === 'table') return tableOf(value.entries, protection);
  if (value.type === 'sequence') {
    const elements = value.elements.map((element) => parameterOf(element, ''));
    return { kind: 'sequence', elements, isFlat: elements.every(isWithoutTable), protection };
  }
  return { kind: 'scalar', text: shownScalar(value), meaning: meaningOf(value), protection };
}

function isWithoutTable(parameter: Parameter): boolean {
  return parameter.kind === 'scalar' || (parameter.kind === 'sequence' && parameter.isFlat);
}

/** An export from artdaqDB makes a bool, nil and number of these words. */
const WORDS_OF_OTHER_TYPES = /^(?:true|false|@nil|\+?infinity|-infinity)$/;

function meaningOf(scalar: Scalar): string {
  const { type, text } = scalar;
  if (type === 'string_unquoted' && WORDS_OF_OTHER_TYPES.test(text)) return text.replace(/^\+/, '');
  return canonicalScalar(scalar);
}

function shownScalar(scalar: Scalar): string {
  const { type, text } = scalar;
  const isQuoted = type === 'string_doublequoted' || type === 'string_singlequoted';
  return isQuoted ? canonicalScalar(scalar) : text.trim();
}

/** A value as FHiCL on one line. */
export function textOf(parameter: Parameter): string {
  return written(parameter, ({ text }) => text);
}

/** A text that is equal for equal values. */
export function meaningText(parameter: Parameter): string {
  return written(parameter, ({ meaning }) => meaning);
}

function written(parameter: Parameter, scalarText: (scalar: ScalarParameter) => string): string {
  const { kind, protection } = parameter;
  const end = protection === '' ? '' : ` ${protection}`;
  if (kind === 'scalar') return scalarText(parameter) + end;
  const inner = (each: Parameter): string => written(each, scalarText);
  if (kind === 'sequence') return `[${parameter.elements.map(inner).join(', ')}]${end}`;
  return `{${[...parameter.members].map(([name, each]) => `${name}: ${inner(each)}`).join(' ')}}${end}`;
}

/** Stands for a table or sequence with its protection, where its values are given one by one. */
export function shellOf(parameter: Parameter): ScalarParameter {
  const { kind, protection } = parameter;
  const text = kind === 'table' ? '{…}' : '[…]';
  return { kind: 'scalar', text, meaning: text, protection };
}

/** The path of a member or element of what is at another path; the path of a file is empty. */
export function memberPath(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

/** The path of an element of the sequence at another path. */
export function elementPath(path: string, index: number): string {
  return `${path}[${index}]`;
}

/** Gets a parameter and its path in the file. */
type TakeParameter = (path: string, parameter: Parameter) => void;

/**
 * Goes through the parameters of a file, or of a part of it, that are selected: scalars, sequences without tables as one,
 * and what is empty. A protected table counts itself, too.
 * @param path of the part
 */
export function eachParameter(
  parameter: Parameter,
  path: string,
  selects: (path: string) => boolean,
  take: TakeParameter,
): void {
  const { kind } = parameter;
  const isWhole =
    kind === 'scalar' || (kind === 'sequence' ? parameter.isFlat : parameter.members.size === 0);
  if (isWhole && path !== '' && selects(path)) {
    take(path, parameter);
  } else if (kind === 'sequence') {
    for (const [index, element] of parameter.elements.entries()) {
      eachParameter(element, elementPath(path, index), selects, take);
    }
  } else if (kind === 'table') {
    if (parameter.protection !== '' && selects(path) && !isWhole) take(path, shellOf(parameter));
    for (const [name, member] of parameter.members)
      eachParameter(member, memberPath(path, name), selects, take);
  }
}
