import { median } from './rounds.ts';
import type { Usage } from './usage.ts';

/** A line of the table. */
export interface Row {
  readonly what: string;
  /** One a round. */
  readonly usages: readonly Usage[];
  /** What it is compared with, and the seconds that took in the same rounds. */
  readonly floor?: { readonly name: string; readonly seconds: readonly number[] };
  /** How much it did. */
  readonly runs?: number;
  /** Of the run records. */
  readonly bytes?: number;
}

/** The figures of a row: medians over the rounds; of memory the most. */
export interface Figures {
  readonly what: string;
  readonly seconds: number;
  readonly runsPerMinute?: number;
  readonly megabytesPerSecond?: number;
  readonly cpuSeconds: number;
  readonly peakMegabytes: number;
  readonly floor?: string;
  readonly floorSeconds?: number;
  /** The median of the ratios of each round. */
  readonly ratio?: number;
}

/** The figures of a row. */
export function figuresOf({ what, usages, floor, runs, bytes }: Row): Figures {
  const seconds = median(usages.map((usage) => usage.seconds));
  return {
    what,
    seconds,
    ...(runs !== undefined && { runsPerMinute: (runs * 60) / seconds }),
    ...(bytes !== undefined && { megabytesPerSecond: bytes / 1e6 / seconds }),
    cpuSeconds: median(usages.map((usage) => usage.cpuSeconds)),
    peakMegabytes: Math.max(...usages.map((usage) => usage.peakMegabytes)),
    ...(floor !== undefined && {
      floor: floor.name,
      floorSeconds: median(floor.seconds),
      ratio: median(usages.map((usage, round) => usage.seconds / (floor.seconds[round] ?? Number.NaN))),
    }),
  };
}

const HEADS = ['what', 'seconds', 'runs/min', 'MB/s', 'CPU s', 'peak MB', 'floor', 'floor s', 'ratio'];

function cellsOf(figures: Figures): string[] {
  const shown = (value: number | undefined, digits: number) => value?.toFixed(digits) ?? '';
  return [
    figures.what,
    shown(figures.seconds, 2),
    shown(figures.runsPerMinute, 0),
    shown(figures.megabytesPerSecond, 1),
    shown(figures.cpuSeconds, 2),
    shown(figures.peakMegabytes, 0),
    figures.floor ?? '',
    shown(figures.floorSeconds, 2),
    shown(figures.ratio, 2),
  ];
}

/** A table of Markdown, which is readable as text, too: columns of equal width, numbers to the right. */
export function tableOf(all: readonly Figures[]): string {
  const lines = [HEADS, ...all.map(cellsOf)];
  const widths = HEADS.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const isText = (column: number) => column === 0 || column === HEADS.indexOf('floor');
  const padded = (cell: string, column: number) =>
    isText(column) ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0);
  const rule = widths.map((width, column) => '-'.repeat(width - 1) + (isText(column) ? '-' : ':'));
  const [head = [], ...rest] = lines.map((line) => line.map(padded));
  return [head, rule, ...rest].map((cells) => `| ${cells.join(' | ')} |\n`).join('');
}
