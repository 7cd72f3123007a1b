/** Codes of the characters that mean something in FHiCL or JSON. */
export const TAB = 9;
export const LF = 10;
export const SPACE = 32;
export const DOUBLE_QUOTE = 34;
export const HASH = 35;
export const SINGLE_QUOTE = 39;
export const COMMA = 44;
export const DOT = 46;
export const SLASH = 47;
export const COLON = 58;
export const OPEN_SEQUENCE = 91;
export const BACKSLASH = 92;
export const CLOSE_SEQUENCE = 93;
export const LETTER_N = 110;
export const LETTER_T = 116;
export const OPEN_TABLE = 123;
export const CLOSE_TABLE = 125;
export const TILDE = 126;

/** What a character can be; one can be several. */
export const LETTER = 1;
export const DIGIT = 2;
export const WORD = LETTER | DIGIT;
/** Part of a value without quotes. */
export const BARE = 4;
/** What follows a value: a blank, a comma, a bracket, or the end of the text. */
export const FOLLOWING = 8;
/** Stands for itself in quotes, in FHiCL and JSON. */
export const PLAIN = 16;

const KINDS = Uint8Array.from({ length: 256 }, (_, code) => {
  const is = (kind: number, pattern: RegExp) => (pattern.test(String.fromCharCode(code)) ? kind : 0);
  return (
    is(LETTER, /[A-Za-z_]/) |
    is(DIGIT, /\d/) |
    is(BARE, /[\w:.@+-]/) |
    is(FOLLOWING, /[\0\t\n ,\]}]/) |
    is(PLAIN, /[ !#-&(-[\]-~]/)
  );
});

/** All that a character is; zero for one that there is not. */
export function kindOf(code: number | undefined): number {
  return KINDS[code ?? 0] ?? 0;
}
