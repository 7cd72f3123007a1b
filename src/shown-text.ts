/** Characters that move, hide or split the text around them: control and format characters, line ends, half surrogate pairs. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/**
 * Shows every character of a text that others wrote (a file's name, a server's answer) in one line: invisible ones become `\n`,
 * `\r`, `\xNN` or `\u{NNNN}`. Tabs stay.
 */
export function visible(text: string): string {
  return text.replace(UNSEEN, (character) => {
    if (character === '\t') return character;
    if (character === '\n') return '\\n';
    if (character === '\r') return '\\r';
    const hex = (character.codePointAt(0) ?? 0).toString(16);
    return hex.length <= 2 ? `\\x${hex.padStart(2, '0')}` : `\\u{${hex}}`;
  });
}

/** As {@link visible}, but keeps line feeds: for a text of several lines. */
export function visibleLines(text: string): string {
  return text.split('\n').map(visible).join('\n');
}

/** The beginning of a text, with `…` where the rest is left out; a surrogate pair stays whole. */
export function shortened(text: string, length: number): string {
  if (text.length <= length) return text;
  return `${text.slice(0, length).replace(/[\ud800-\udbff]$/, '')}…`;
}

/** A document as indented JSON for programs. Invisible characters are escaped, because a terminal may show it. */
export function formatJson(document: unknown): string {
  const text = JSON.stringify(document, null, 2);
  return `${text.replace(UNSEEN, (character) => (character === '\n' ? character : escapedUnits(character)))}\n`;
}

/** A document as JSON in one line, with invisible characters as in {@link formatJson}. */
export function formatJsonLine(document: unknown): string {
  return `${JSON.stringify(document).replace(UNSEEN, escapedUnits)}\n`;
}

function escapedUnits(character: string): string {
  const units = character.split('').map((unit) => unit.charCodeAt(0).toString(16).padStart(4, '0'));
  return units.map((unit) => `\\u${unit}`).join('');
}

const HTML_REFERENCES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** A text as the content of an HTML element or of a quoted attribute. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => HTML_REFERENCES[character] ?? character);
}
