/** Levels of nesting that a configuration file may have: far more than any needs, far fewer than the parser survives. */
export const MAX_DEPTH = 50;
/** Characters that a configuration file may have. */
const MAX_LENGTH = 262_144;

/** A place in a text, and what is wrong there. */
export interface TextFault {
  readonly offset: number;
  readonly message: string;
}

/** What must not get as far as the YAML parser: control characters, and nesting that would exhaust its stack. */
export function findUnparsable(text: string): TextFault | undefined {
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
