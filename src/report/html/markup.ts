import { escapeHtml, visibleLines } from '../../shown-text.ts';

/** A piece of HTML whose texts are escaped. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What a {@link html} template takes: it escapes texts and numbers, and leaves out undefined. */
export type Content = string | number | Markup | undefined | readonly Content[];

/** Characters that may not stand in HTML, not even as a reference; most of them can't be seen and are escaped before. */
const FORBIDDEN = /[^\t\n\x20-\ufdcf\ufdf0-\ufffd\u{10000}-\u{10fffd}]/gu;

/** Text of an element or a quoted attribute. What can't be seen is shown escaped, what no page may hold as U+FFFD. */
function escapeText(text: string): string {
  return escapeHtml(visibleLines(text).replace(FORBIDDEN, '\ufffd'));
}

/** Builds HTML, and escapes every content that is no {@link Markup}. */
export function html(literals: TemplateStringsArray, ...contents: readonly Content[]): Markup {
  return new Markup(
    literals
      .map((literal, index) => `${index === 0 ? '' : rendered(contents[index - 1])}${literal}`)
      .join(''),
  );
}

function rendered(content: Content): string {
  if (content === undefined) return '';
  if (content instanceof Markup) return content.text;
  if (typeof content === 'object') return content.map(rendered).join('');
  return escapeText(String(content));
}
