import type { Span } from './axis.ts';
import { runsText } from './describe.ts';
import { short } from './lane-paths.ts';
import { html, type Markup } from './markup.ts';
import type { Problem } from './problems.ts';
import { lengthOf } from './segments.ts';

/** Signs nearer to each other than one part in so many become one. */
const bins = 24;

interface Cluster {
  readonly positions: number[];
  /** Runs of each problem. */
  readonly counts: Map<Problem, number>;
}

/** Signs over the picture where runs need attention, however narrow their column is; each leads to its problem. */
export function markers(spans: readonly Span[], problems: readonly Problem[]): Markup {
  const clusters = new Map<number, Cluster>();
  const marked = problems.filter(({ isBacklog, isUnmarked }) => !isBacklog && isUnmarked !== true);
  for (const { from, to, parts } of spans) {
    const position = (from + to) / 2;
    const bin = Math.min(bins - 1, Math.floor(position * bins));
    for (const problem of marked) {
      const runs = parts.filter(problem.holds).reduce((sum, part) => sum + lengthOf(part), 0);
      if (runs === 0) continue;
      const cluster: Cluster = clusters.get(bin) ?? { positions: [], counts: new Map() };
      cluster.positions.push(position);
      cluster.counts.set(problem, (cluster.counts.get(problem) ?? 0) + runs);
      clusters.set(bin, cluster);
    }
  }
  return html`<div class="marks">${[...clusters.values()].map(({ positions, counts }) => mark(positions, counts))}</div>`;
}

function mark(positions: readonly number[], counts: ReadonlyMap<Problem, number>): Markup {
  const center = positions.reduce((sum, position) => sum + position, 0) / positions.length;
  const found = [...counts];
  const [worst] = found.reduce((one, other) => (urgency(other[0]) > urgency(one[0]) ? other : one));
  const count = counts.get(worst) ?? 0;
  const lines = found.map(([{ title }, runs]) => `${title}: ${runsText(runs)}`).join('\n');
  return html`<a class="mark ${worst.level}" style="left:${short(center * 100)}%" href="#${worst.kind}" title="${lines}" aria-label="${lines}">${worst.sign}<small>${abbreviated(count)}</small></a>`;
}

/** `12`, `1.2K`: there is little room. */
function abbreviated(count: number): string {
  return count.toLocaleString('en-US', { notation: 'compact' });
}

function urgency({ level }: Problem): number {
  return ['info', 'warning', 'error'].indexOf(level);
}
