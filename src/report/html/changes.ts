import type { Status } from '../status.ts';
import { html, type Markup } from './markup.ts';

/** Pairs of neighbouring runs whose comparison is offered. */
const NEWEST = 10;
/** The end of the archiver's path, before the configuration file; run-config stands beside it. */
const PROGRAM = /\/run-archiver('?) /;

/**
 * Commands to copy that show what changed between neighbouring runs of artdaqDB, the newest first. Undefined if it has no two, or
 * if it can't be told how programs are started.
 */
export function changes({ places, command }: Pick<Status, 'places' | 'command'>): Markup | undefined {
  const runs = (places.find(({ place }) => place === 'artdaqDB')?.runs ?? []).slice(-NEWEST - 1);
  if (runs.length < 2 || command === undefined) return undefined;
  const tool = command.replace(PROGRAM, '/run-config$1 ');
  const pairs = runs.slice(1).map((run, index) => `${tool} diff ${runs[index]} ${run}`);
  return html`<details class="changes"><summary>What changed between the newest runs</summary>
<ol>${pairs.toReversed().map((pair) => html`<li><code>${pair}</code></li>`)}</ol></details>
`;
}
