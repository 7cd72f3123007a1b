import type { ScalarTag } from 'yaml';

/** Characters of a number; Python refuses longer ones, so they are text here. */
const LONGEST_NUMBER = 4300;

/**
 * The plain (unquoted) scalars that PyYAML's safe loader takes for something other than text: `yes`, `on` and their like are
 * booleans (but `y` and `n` are not), a leading zero means octal, colons mean base 60, an exponent needs a dot and a sign.
 * Dates stay text. A number becomes the text that Python's `str` makes of it.
 */
export const pythonScalars: ScalarTag[] = [
  scalar('null', /^(?:~|null|Null|NULL|)$/, () => null),
  scalar('bool', /^(?:yes|Yes|YES|true|True|TRUE|on|On|ON)$/, () => true),
  scalar('bool', /^(?:no|No|NO|false|False|FALSE|off|Off|OFF)$/, () => false),
  scalar(
    'int',
    /^[-+]?(?:0b_*[01][01_]*|0x_*[0-9a-fA-F][0-9a-fA-F_]*|0[0-7_]*|[1-9][0-9_]*(?::[0-5]?[0-9])*)$/,
    number(integerText),
  ),
  scalar(
    'float',
    /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?)$/,
    number(floatText),
  ),
  scalar('float', /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*$/, number(floatText)),
  scalar('float', /^[-+]?\.(?:inf|Inf|INF)$/, (text) => (text.startsWith('-') ? '-inf' : 'inf')),
  scalar('float', /^\.(?:nan|NaN|NAN)$/, () => 'nan'),
];

function scalar(type: string, test: RegExp, resolve: (text: string) => string | boolean | null): ScalarTag {
  return { tag: `tag:yaml.org,2002:${type}`, default: true, test, resolve };
}

function number(read: (text: string) => string): (text: string) => string {
  return (text) => (text.length > LONGEST_NUMBER ? text : read(text));
}

function integerText(text: string): string {
  const digits = text.replace(/^[-+]|_/g, '');
  const size = digits.includes(':')
    ? digits.split(':').reduce((sum, part) => sum * 60n + BigInt(part), 0n)
    : BigInt(digits.replace(/^0(?=[0-7])/, '0o'));
  return String(text.startsWith('-') ? -size : size);
}

function floatText(text: string): string {
  const parts = text.replace(/^[-+]|_/g, '').split(':');
  const size = parts.reduce((sum, part) => sum * 60 + Number(part), 0);
  return pythonFloat(text.startsWith('-') ? -size : size);
}

/** A float as Python's `str` writes it: with a fraction or, below 1e-4 and from 1e16 up, an exponent of two digits or more. */
export function pythonFloat(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e16)) {
    return value.toExponential().replace(/([-+])(\d)$/, '$10$2');
  }
  if (Object.is(value, -0)) return '-0.0';
  return Number.isInteger(value) ? `${value}.0` : String(value);
}
