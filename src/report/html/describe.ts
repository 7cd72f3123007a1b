import { type NumberRange, rangeText } from '../../runs/run-set.ts';
import { counted } from '../lines.ts';
import { placeNames, type RunPlace, runPlaces } from '../status.ts';
import type { Stripe } from './axis.ts';
import { type CellState, isThere, joinRanges, lengthOf, type Segment } from './segments.ts';

const SHOWN_RANGES = 5;

/** A time as the page shows it: `2026-11-24 15:28:15 UTC`. */
export function timeText(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`;
}

/** The same to the minute: `2026-11-24 15:28 UTC`. */
export function minuteText(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;
}

/** Describes a stripe: its runs in the first line, then a line for each place, then the failure logs. */
export function describeStripe({ first, last, parts, isBreak }: Stripe): string {
  const range = `${first === last ? 'Run' : 'Runs'} ${rangeText({ first, last })}`;
  const count =
    first === last ? '' : ` (${counted(lengthOf({ first, last }))}${isBreak ? ', drawn short' : ''})`;
  const failures = (['import', 'migrate'] as const).flatMap((stage) => {
    const failed = parts.filter(({ failedIn }) => failedIn.includes(stage));
    return failed.length === 0 ? [] : [`In the ${stage} failure log: ${briefRanges(failed)}`];
  });
  const places = runPlaces.map((place) => `${placeNames[place]}: ${laneText(parts, place)}`);
  return [`${range}${count}`, ...places, ...failures].join('\n');
}

/** The state of the runs at one place; with numbers of runs if they differ. */
function laneText(parts: readonly Segment[], place: RunPlace): string {
  const groups = new Map<string, Segment[]>();
  for (const part of parts) {
    const text = cellText(part, place);
    groups.set(text, [...(groups.get(text) ?? []), part]);
  }
  const [only] = groups.keys();
  if (groups.size === 1 && only !== undefined) return only;
  return [...groups]
    .map(([text, members]) => {
      const count = members.reduce((sum, member) => sum + lengthOf(member), 0);
      const which = text === texts.present ? '' : ` (${briefRanges(members)})`;
      return `${counted(count)} ${text}${which}`;
    })
    .join(', ');
}

const texts: Readonly<Record<CellState, string>> = {
  present: 'present',
  incomplete: 'present, without stop time',
  failed: 'failed',
  skipped: 'skipped by --incremental',
  late: 'came late, next in turn',
  uncompared: 'uploaded, not compared yet',
  waiting: 'waiting',
  'given-up': 'given up',
  absent: 'not here',
  unused: 'unused',
  unknown: 'could not be asked',
  unselected: 'not in this report',
};

function cellText({ cells }: Segment, place: RunPlace): string {
  const state = cells[place];
  if (state === 'failed') return place === 'artdaqDB' ? 'import failed' : 'migration failed';
  if (state === 'waiting')
    return `waiting for ${place === 'UconDB' && isThere(cells.artdaqDB) ? 'migration' : 'import'}`;
  return texts[state];
}

function briefRanges(parts: readonly NumberRange[]): string {
  const ranges = joinRanges(parts);
  const shown = ranges.slice(0, SHOWN_RANGES).map(rangeText).join(', ');
  const more = ranges.length - SHOWN_RANGES;
  return more > 0 ? `${shown} and ${counted(more)} more` : shown;
}
