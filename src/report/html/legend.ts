import { html, type Markup } from './markup.ts';

const entries = [
  ['present', 'M0 0H20V14H0z', 'present'],
  ['incomplete', 'M1 1H19V13H1z', 'without stop time'],
  ['failed', 'M0 0H20V14H0z', 'failed'],
  ['skipped', 'M0 3.5H20V10.5H0z', 'skipped'],
  ['waiting', 'M0 9H20V14H0z', 'waiting'],
  ['absent', 'M0 5.6H20V8.4H0z', 'only elsewhere'],
  ['hole', 'M0 0H20V14H0z', 'unused run number'],
] as const;

/** What the shapes in the pictures mean. */
export function legend(): Markup {
  return html`<ul class="legend" aria-label="Legend">${entries.map(
    ([shape, d, text]) => html`<li>${swatch(html`<path class="${shape}" d="${d}"/>`)}${text}</li>`,
  )}<li>${swatch(html`<path class="present" d="M0 0H8V14H0zM8 7H12V14H8zM12 0H20V14H12z"/>`)}some in this column are not here</li><li><i class="lane unknown"></i>could not be asked</li></ul>`;
}

function swatch(shape: Markup): Markup {
  return html`<svg width="20" height="14" viewBox="0 0 20 14" aria-hidden="true"><path class="hole" d="M0 0H20V14H0z"/>${shape}</svg>`;
}
