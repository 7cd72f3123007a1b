import { quoteJson } from '../src/fhicl/json.ts';
import type { Scalar } from '../src/fhicl/tree.ts';

/** Is it what FHiCL resolves when a program reads it, such as `@local::name`? */
export function isReference({ type, text }: Scalar): boolean {
  return type === 'string_unquoted' && text.startsWith('@');
}

/**
 * Writes a scalar in the one notation that its FHiCL value has: `0x10`, `16.0` and `1.6e1` are `16`; a text has double quotes,
 * whatever quotes the source has or lacks. References stay as they are. It is for comparing, and not always FHiCL.
 */
export function canonicalScalar(scalar: Scalar): string {
  const { type, text } = scalar;
  const bare = withoutFinal('\v\f', text);
  switch (type) {
    case 'number':
      return numberText(bare);
    case 'complex':
      return bare.replace(/[^\s(),]+/g, numberText).replace(/\s+/g, '');
    case 'string_doublequoted':
      return quoteJson(unescaped(text));
    case 'string_singlequoted':
      return quoteJson(text);
    case 'string_unquoted':
      return isReference(scalar) ? bare : quoteJson(bare);
    default:
      return bare;
  }
}

function unescaped(text: string): string {
  return text.replace(/\\([\s\S])/g, (_, character: string) =>
    character === 'n' ? '\n' : character === 't' ? '\t' : character,
  );
}

/** Keeps all digits, because a number may have far more than a double holds. */
function numberText(text: string): string {
  if (/^0[xXbB]/.test(text)) return decimal('', BigInt(text).toString(), 0n);
  const parts = /^([-+]?)(\d*)\.?(\d*)(?:[eE]([-+]?\d+))?$/.exec(text);
  if (parts === null) return text.replace(/^\+/, '');
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = parts;
  const power = BigInt(exponent.replace(/^\+/, '')) - BigInt(fraction.length);
  return decimal(sign === '-' ? '-' : '', whole + fraction, power);
}

/** The pattern `0+$` would start anew at each zero. */
function withoutFinal(characters: string, text: string): string {
  let end = text.length;
  while (end > 0 && characters.includes(text.charAt(end - 1))) end--;
  return text.slice(0, end);
}

/** The number `digits` × 10^`power`. */
function decimal(sign: string, digits: string, power: bigint): string {
  const significant = digits.replace(/^0+/, '');
  if (significant === '') return `${sign}0`;
  const mantissa = withoutFinal('0', significant);
  const exponent = power + BigInt(significant.length - 1);
  if (exponent >= BigInt(mantissa.length - 1) && exponent < 21n) {
    return sign + mantissa.padEnd(Number(exponent) + 1, '0');
  }
  const [first = '', rest = ''] = [mantissa.slice(0, 1), mantissa.slice(1)];
  return `${sign}${first}${rest === '' ? '' : `.${rest}`}${exponent === 0n ? '' : `e${exponent}`}`;
}
