import { z } from 'zod';
import type { LogFormat, LogLevel } from '../log/log-line.ts';
import { GENERATE_NAMES, type GenerateName } from '../records/converters/converters.ts';
import { type ConfigValue, isSection } from './tree.ts';

// The message of an issue says what is allowed. What was found is added by whoever knows whether it is secret.
// What a file may hold beyond what zod knows (YAML's numbers, null) stands in `meta`, for the JSON Schema that editors use.
// No type uses zod's coercion, which takes '', null, true and 0x10 for numbers.

/** Seconds that Node's timers can wait. */
const MAX_TIMER_SECONDS = 2_147_483;

/** A parameter that may be absent, null or (from a reference to null) `None`. */
function optional<T>(type: z.ZodType<T>, none = /^None$/) {
  const isNone = (value: unknown) => value === null || (typeof value === 'string' && none.test(value));
  return z
    .preprocess((value) => (isNone(value) ? undefined : value), type.optional())
    .meta({ nullable: true });
}

const numberOrText = { type: ['number', 'string'] };

/** Any text; a number counts as the text that it is written as. */
export const text = z.string('a text (words like yes and on need quotes)').meta(numberOrText);

const FILLED = 'a text that is not empty (words like yes and on need quotes)';
/** A text with more than blanks in it. */
export const filledText = z.string(FILLED).regex(/\S/, FILLED).meta(numberOrText);

/** A text, or nothing if it is empty. */
export const optionalText = optional(text, /^(?:None)?$/);

/** A path of a file or directory, which need not exist. */
export const path = z
  .string('a path')
  .refine((name) => name.trim() !== '' && name !== 'None' && !name.includes('\0'), 'a path');

/** As {@link path}, or nothing. */
export const optionalPath = optional(path);

/** An address that `isValid` accepts. */
export function uri(allowed: string, isValid: (uri: string) => boolean) {
  return z.string(allowed).refine(isValid, allowed);
}

function isHttpUrl(url: string): boolean {
  return /^https?:\/\/[^\s\\]+$/i.test(url) && URL.canParse(url);
}

/** The address of a UconDB. That it ends in /app is only recommended. */
export const serverUrl = uri(
  'an http or https URL that ends in /app, without user, query and fragment',
  (url) => {
    if (!isHttpUrl(url)) return false;
    const { username, password, search, hash } = new URL(url);
    return `${username}${password}${search}${hash}` === '';
  },
);

/** An address for pings, or nothing. */
export const optionalPingUrl = optional(uri('an http or https URL', isHttpUrl));

const flagWord = z
  .string()
  .trim()
  .pipe(
    z.stringbool({
      truthy: ['true', 'yes', 'on', 'y', 't', '1'],
      falsy: ['false', 'no', 'off', 'n', 'f', '0'],
    }),
  );

/** A boolean, or a text that says one. What is empty or null stands for the default. */
export function flag(byDefault: boolean) {
  const type = z.union([z.boolean(), flagWord], 'true or false');
  return optional(type, /^\s*(?:none)?\s*$/i)
    .transform((value) => value ?? byDefault)
    .meta({ nullable: true });
}

/** Python's `int` and `float` read such a text: digits may be grouped by `_`. */
const DECIMAL = /^[-+]?(?:\d+(?:_\d+)*\.?|(?:\d+(?:_\d+)*)?\.\d+(?:_\d+)*)(?:[eE][-+]?\d+)?$/;

/** What JSON Schema says of a number. */
interface NumberBounds {
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  /** 1: whole numbers. */
  readonly multipleOf?: 1;
}

function decimal(allowed: string, bounds: NumberBounds, isAllowed: (number: number) => boolean) {
  return z
    .string(allowed)
    .trim()
    .regex(DECIMAL, allowed)
    .meta({ ...numberOrText, ...bounds })
    .transform((digits) => Number(digits.replaceAll('_', '')))
    .refine(isAllowed, allowed);
}

/** An integer of at least `min`. */
export function integerFrom(min: number) {
  return decimal(
    `an integer of at least ${min}`,
    { minimum: min, multipleOf: 1 },
    (number) => Number.isSafeInteger(number) && number >= min,
  );
}

/** An integer from `min` to `max`, both included. */
export function integerBetween(min: number, max: number) {
  return decimal(
    `an integer from ${min} to ${max}`,
    { minimum: min, maximum: max, multipleOf: 1 },
    (number) => Number.isInteger(number) && number >= min && number <= max,
  );
}

/** A TCP port. */
export const port = integerBetween(1, 65_535);

/** Any integer, or nothing. */
export const optionalInteger = optional(decimal('an integer', { multipleOf: 1 }, Number.isSafeInteger));

/** A number from 0 up. */
export const amount = decimal(
  'a number of at least 0',
  { minimum: 0 },
  (number) => number >= 0 && number <= Number.MAX_SAFE_INTEGER,
);

/** A number from 0 to `max`. */
export function amountTo(max: number) {
  const bounds = { minimum: 0, maximum: max };
  return decimal(`a number from 0 to ${max}`, bounds, (number) => number >= 0 && number <= max);
}

/** Seconds to wait before trying again. */
export const delay = amountTo(MAX_TIMER_SECONDS);

/** Minutes after which to stop; 0: never. */
export const minutesLimit = amountTo(Math.floor(MAX_TIMER_SECONDS / 60));

/** Seconds after which to give up. */
export const timeout = decimal(
  `a number above 0, at most ${MAX_TIMER_SECONDS}`,
  { exclusiveMinimum: 0, maximum: MAX_TIMER_SECONDS },
  (number) => number > 0 && number <= MAX_TIMER_SECONDS,
);

/** WARN and FATAL are other names that Python's logging knows. */
const levels: ReadonlyMap<string, LogLevel> = new Map([
  ['DEBUG', 'DEBUG'],
  ['INFO', 'INFO'],
  ['WARN', 'WARNING'],
  ['WARNING', 'WARNING'],
  ['ERROR', 'ERROR'],
  ['FATAL', 'CRITICAL'],
  ['CRITICAL', 'CRITICAL'],
]);

/** A level in any case; undefined for anything else, which is worth a warning but no problem. */
export const logLevel = z
  .unknown()
  .transform((name) => (typeof name === 'string' ? levels.get(name.trim().toUpperCase()) : undefined))
  .meta({ anyOf: [{ enum: [...levels.keys()] }, { type: 'string', pattern: '^[a-z]+$|\\$\\{' }] });

/** How log lines are written. */
export const logFormat = z.enum(['text', 'json'] satisfies LogFormat[], 'text or json');

const LIST = `a list of ${GENERATE_NAMES.join(', ')}, or {files: list}; absent for all of them`;
const generateNames = z
  .array(
    z
      .string(LIST)
      .transform((name) => name.replace(/\.(?:txt|fcl)$/, ''))
      .pipe(z.enum(GENERATE_NAMES, LIST)),
    LIST,
  )
  .transform((names) => new Set(names));
const generateSection = z.object({ files: generateNames }).transform(({ files }) => files);

const namesSchema = {
  type: 'array',
  items: { anyOf: [{ enum: GENERATE_NAMES }, { type: 'string', pattern: '\\.(?:txt|fcl)$|\\$\\{' }] },
};

const allNames: ReadonlySet<GenerateName> = new Set(GENERATE_NAMES);

/** `fhiclize_generate`: a list of names, or a section with such a list as `files`; absent or null is all. */
export const generateList = z
  .unknown()
  .transform((value, context): ReadonlySet<GenerateName> => {
    if (value === null) return allNames;
    const form = isSection(value as ConfigValue) ? generateSection : generateNames;
    const { data, error } = form.safeParse(value);
    if (error === undefined) return data;
    for (const { path: at, message } of error.issues) {
      context.addIssue({ code: 'custom', path: at, message });
    }
    return z.NEVER;
  })
  .meta({ anyOf: [namesSchema, { type: 'object', properties: { files: namesSchema } }, { type: 'null' }] })
  .default(allNames);
