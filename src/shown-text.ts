/** What moves, hides or splits the text around it: control and format characters (so all bidirectional ones), line ends, half surrogate pairs. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/**
 * A text that others wrote (a file's name, a server's answer) as one line that shows every character of it: what can't be
 * seen becomes `\n`, `\r`, `\xNN` or `\u{NNNN}`. Tabs stay.
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

/** As {@link visible}, but line feeds stay: for a text that has several lines on purpose. */
export function visibleLines(text: string): string {
  return text.split('\n').map(visible).join('\n');
}

/** The beginning of a text, with `…` where the rest is left out; a surrogate pair stays whole. */
export function shortened(text: string, length: number): string {
  if (text.length <= length) return text;
  return `${text.slice(0, length).replace(/[\ud800-\udbff]$/, '')}…`;
}

/** A document as JSON for programs, indented; what can't be seen is escaped, as it may come to a terminal. */
export function formatJson(document: unknown): string {
  const text = JSON.stringify(document, null, 2);
  return `${text.replace(UNSEEN, (character) => (character === '\n' ? character : escapedUnits(character)))}\n`;
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
