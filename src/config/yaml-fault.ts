import type { ErrorCode } from 'yaml';

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
export function yamlFault(code: ErrorCode): string {
  return faults[code] ?? 'not valid YAML; check the indentation, the quotes and the colons';
}
