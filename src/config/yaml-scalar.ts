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
