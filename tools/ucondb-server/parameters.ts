import { Failure } from './failure.ts';
import { parseFloatText, pythonQuoted } from './python-text.ts';

/** A parameter's value: undefined if absent, null for `?name` without `=`, a list if repeated. */
export type ParameterValue = string | null | readonly (string | null)[];
/** Parameters by name. */
export type Parameters = ReadonlyMap<string, ParameterValue>;

/** A parameter holds a character for which the server refuses the request: status 400. */
export class ForbiddenCharacter extends Error {}

const FORBIDDEN = /[<'>\\|]/;

/** Reads a query: values are percent-decoded, names are not. */
export function parseQuery(query: string): Parameters {
  const parameters = new Map<string, ParameterValue>();
  for (const word of query.split('&')) {
    const equals = word.indexOf('=');
    const name = equals < 0 ? word : word.slice(0, equals);
    if (name === '') continue;
    const value = equals < 0 ? null : percentDecoded(word.slice(equals + 1));
    const before = parameters.get(name);
    if (before === undefined) parameters.set(name, value);
    else parameters.set(name, [...(Array.isArray(before) ? before : [before]), value]);
  }
  return parameters;
}

/** @throws ForbiddenCharacter for `< ' > \ |` in the path or a value */
export function refuseForbidden(path: string, query: Parameters): void {
  if (FORBIDDEN.test(path)) throw new ForbiddenCharacter('Invalid value for %28relpath%29');
  for (const [name, value] of query) {
    for (const one of [value].flat()) {
      if (one !== null && FORBIDDEN.test(one)) {
        throw new ForbiddenCharacter(`Invalid value for ${encodeURIComponent(name)}`);
      }
    }
  }
}

/**
 * Joins the parameters of a path (`folder/object/name=value`, not percent-decoded) with those of the query.
 * @throws Failure if one is given in both, or has a forbidden character
 */
export function joinParameters(path: string, query: Parameters): Parameters {
  const joined = new Map<string, ParameterValue>();
  const add = (name: string, value: ParameterValue): void => {
    if (joined.has(name)) {
      throw new Failure('ValueError', `Value for ${name} specified twice in the URL`);
    }
    joined.set(name, value);
  };
  for (const word of path === '' ? [] : path.split('/')) {
    if (/[<'>\\|;"]/.test(word)) throw new Failure('ValueError', 'Invalid path element');
    const equals = word.indexOf('=');
    if (equals >= 0) add(word.slice(0, equals), word.slice(equals + 1));
    else add(joined.has('folder') ? 'object' : 'folder', word);
  }
  for (const [name, value] of query) add(name, value);
  for (const value of joined.values()) {
    if (value === null) throw new Failure('TypeError', "argument of type 'NoneType' is not iterable");
    if (typeof value === 'string' && /[';]/.test(value)) {
      throw new Failure('ValueError', 'Invalid argument value');
    }
  }
  return joined;
}

/**
 * A parameter that must be one text.
 * @throws Failure as the database does if it is a list
 */
export function text(parameters: Parameters, name: string): string | undefined {
  const value = parameters.get(name);
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw new Failure('TypeError', `one value expected for ${name}`);
  return value;
}

/** @throws Failure if the text is no float */
export function float(value: string): number {
  const number = parseFloatText(value);
  if (number === undefined) {
    throw new Failure('ValueError', `could not convert string to float: ${pythonQuoted(value)}`);
  }
  return number;
}

/** @throws Failure if the text is no integer */
export function integer(value: string): number {
  if (!/^\s*[+-]?\d+\s*$/.test(value)) {
    throw new Failure('ValueError', `invalid literal for int() with base 10: ${pythonQuoted(value)}`);
  }
  return Number(value);
}

/**
 * A record time: seconds since 1970 or an ISO date in UTC.
 * @returns microseconds since 1970
 */
export function recordTime(value: string): number {
  const seconds = parseFloatText(value);
  if (seconds !== undefined) return Math.round(seconds * 1e6);
  const milliseconds = Date.parse(/[zZ]|[+-]\d\d:?\d\d$/.test(value) ? value : `${value}Z`);
  if (Number.isNaN(milliseconds)) throw new Failure('ValueError', `no time: ${pythonQuoted(value)}`);
  return milliseconds * 1000;
}

function percentDecoded(text: string): string {
  const bytes = text
    .replace(/\+/g, ' ')
    .replace(/%([0-9A-Fa-f]{2})|([^%]+|%)/g, (_, hex: string | undefined, rest: string | undefined) =>
      hex === undefined
        ? Buffer.from(rest ?? '', 'utf8').toString('latin1')
        : String.fromCharCode(Number.parseInt(hex, 16)),
    );
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

/** @throws Failure if there is a parameter that the endpoint doesn't have */
export function onlyKnown(query: Parameters, endpoint: string, names: readonly string[]): void {
  for (const name of query.keys()) {
    if (!names.includes(name)) {
      const call = `UConDBHandler.${endpoint}()`;
      throw new Failure('TypeError', `${call} got an unexpected keyword argument '${name}'`);
    }
  }
}

/**
 * The parameter `key`; null if there is none.
 * @throws Failure as the database does for a list of keys, or a NUL in it
 */
export function versionKey(parameters: Parameters, object: string): string | null {
  const value = parameters.get('key') ?? null;
  if (value !== null && typeof value !== 'string') {
    const before = `LINE 3: ...       where v.object = '${object}' and v.key `;
    const line = `${before}= ARRAY['${(value[0] ?? '').slice(0, 1)}...`;
    throw new Failure(
      'psycopg2.errors.UndefinedFunction',
      `operator does not exist: text = text[]\n${line}\n${' '.repeat(before.length)}^\n` +
        'HINT:  No operator matches the given name and argument types. You might need to add explicit type casts.\n',
    );
  }
  if (value?.includes('\0')) {
    throw new Failure('ValueError', 'A string literal cannot contain NUL (0x00) characters.');
  }
  return value;
}
