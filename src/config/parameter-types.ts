import { z } from 'zod';
import { GENERATE_NAMES, type GenerateName } from '../records/generate-names.ts';
import { type ConfigValue, isSection } from './tree.ts';

/** Seconds that Node's timers can wait. */
const MAX_TIMER_SECONDS = 2_147_483;

/**
 * A type of parameter. An issue's message says what is allowed; what was found is added by whoever knows if it is secret.
 * @param read the value, or undefined if it is not allowed
 */
function parameter<T>(allowed: string, read: (value: ConfigValue | undefined) => T | undefined) {
  return z.unknown().transform((value, context): T => {
    const result = read(value as ConfigValue | undefined);
    if (result !== undefined) return result;
    context.addIssue({ code: 'custom', message: allowed });
    return z.NEVER;
  });
}

/** May be absent, null or (from a reference to null) `None`; `emptyIsNone`: or empty. */
function optional<T>(type: z.ZodType<T>, emptyIsNone = false) {
  const isNone = (value: unknown) => value === null || value === 'None' || (emptyIsNone && value === '');
  return z.preprocess((value) => (isNone(value) ? undefined : value), type.optional());
}

/** Any text; a number counts as the text that it is written as. */
export function text() {
  return parameter('a text (words like yes and on need quotes)', (value) =>
    typeof value === 'string' ? value : undefined,
  );
}

/** A text with more than blanks in it. */
export function filledText() {
  return parameter('a text that is not empty (words like yes and on need quotes)', filled);
}

/** A text, or nothing if it is empty. */
export function optionalText() {
  return optional(text(), true);
}

/** A path of a file or directory; not checked if it exists. */
export function path() {
  return parameter('a path', (value) => {
    const name = filled(value);
    return name === undefined || name === 'None' || name.includes('\0') ? undefined : name;
  });
}

/** As {@link path}, or nothing. */
export function optionalPath() {
  return optional(path());
}

/** A boolean, or a text that says one; what is empty or null stands for the default. */
export function flag(byDefault: boolean) {
  return parameter('true or false', (value) => readFlag(value, byDefault)).default(byDefault);
}

/** The boolean that a value says, `byDefault` if it is empty or null; undefined if it says none. */
export function readFlag(value: ConfigValue | undefined, byDefault: boolean): boolean | undefined {
  if (typeof value === 'boolean') return value;
  if (value === undefined || value === null) return byDefault;
  if (typeof value !== 'string') return undefined;
  const word = value.trim().toLowerCase();
  if (word === '' || word === 'none') return byDefault;
  if (/^(?:true|yes|on|y|t|1)$/.test(word)) return true;
  if (/^(?:false|no|off|n|f|0)$/.test(word)) return false;
  return undefined;
}

/** An integer from `min` to `max`, both included. */
export function integer(range: { readonly min: number; readonly max?: number }) {
  const { min, max = Number.MAX_SAFE_INTEGER } = range;
  const allowed =
    range.max === undefined ? `an integer of at least ${min}` : `an integer from ${min} to ${max}`;
  return parameter(allowed, (value) => {
    const number = readNumber(value);
    return number !== undefined && Number.isSafeInteger(number) && number >= min && number <= max
      ? number
      : undefined;
  });
}

/** A TCP port. */
export function port() {
  return integer({ min: 1, max: 65_535 });
}

function anyInteger() {
  return parameter('an integer', (value) => {
    const number = readNumber(value);
    return number !== undefined && Number.isSafeInteger(number) ? number : undefined;
  });
}

/** Any integer, or nothing. */
export function optionalInteger() {
  return optional(anyInteger());
}

/** A number from 0 up. */
export function amount(max = Number.MAX_SAFE_INTEGER) {
  const allowed = max === Number.MAX_SAFE_INTEGER ? 'a number of at least 0' : `a number from 0 to ${max}`;
  return parameter(allowed, (value) => {
    const number = readNumber(value);
    return number !== undefined && number >= 0 && number <= max ? number : undefined;
  });
}

/** Seconds to wait before trying again. */
export function delay() {
  return amount(MAX_TIMER_SECONDS);
}

/** Seconds after which to give up. */
export function timeout() {
  return parameter(`a number above 0, at most ${MAX_TIMER_SECONDS}`, (value) => {
    const number = readNumber(value);
    return number !== undefined && number > 0 && number <= MAX_TIMER_SECONDS ? number : undefined;
  });
}

/** An address with one of these schemes, as `isValid` wants it. */
export function uri(allowed: string, isValid: (uri: string) => boolean) {
  return parameter(allowed, (value) => (typeof value === 'string' && isValid(value) ? value : undefined));
}

/** As {@link uri}, or nothing. */
export function optionalUri(allowed: string, isValid: (uri: string) => boolean) {
  return optional(uri(allowed, isValid));
}

/** Decimal, as Python's `int` and `float` read a text; digits may be grouped by `_`. */
function readNumber(value: ConfigValue | undefined): number | undefined {
  if (typeof value !== 'string') return undefined;
  const digits = value.trim();
  if (!/^[-+]?(?:\d+(?:_\d+)*\.?|(?:\d+(?:_\d+)*)?\.\d+(?:_\d+)*)(?:[eE][-+]?\d+)?$/.test(digits))
    return undefined;
  const number = Number(digits.replaceAll('_', ''));
  return Number.isFinite(number) ? number : undefined;
}

function filled(value: ConfigValue | undefined): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value : undefined;
}

const known: ReadonlyMap<string, GenerateName> = new Map(GENERATE_NAMES.map((name) => [name, name]));
const allowed = `a list of ${GENERATE_NAMES.join(', ')}, or {files: list}; absent for all of them`;

const all: ReadonlySet<GenerateName> = new Set(GENERATE_NAMES);

/** `fhiclize_generate`: a list of names, or a section with such a list as `files`; absent or null is all. */
export function generateList() {
  return z
    .unknown()
    .transform((value, context): ReadonlySet<GenerateName> => {
      const refuse = (message: string, path: string[] = []) =>
        context.addIssue({ code: 'custom', message, path });
      const given = value as ConfigValue;
      if (given === null) return all;
      const prefix = isSection(given) ? ['files'] : [];
      const entries = isSection(given) ? given.files : given;
      if (!Array.isArray(entries)) {
        refuse(allowed, prefix);
        return z.NEVER;
      }
      const names = new Set<GenerateName>();
      entries.forEach((entry: ConfigValue, index) => {
        const name = typeof entry === 'string' ? known.get(entry.replace(/\.(?:txt|fcl)$/, '')) : undefined;
        if (name !== undefined) names.add(name);
        else refuse(allowed, [...prefix, String(index)]);
      });
      return names;
    })
    .default(all);
}
