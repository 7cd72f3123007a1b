import { formatTime } from '../log/log-line.ts';

/** How a report shows a time (ISO 8601). */
export type ShowTime = (iso: string) => string;

/** Local time, as `2026-11-24 15:28`. */
export const localMinute: ShowTime = (iso) => formatTime(new Date(iso)).slice(0, 'YYYY-MM-DD HH:MM'.length);

const MINUTE_MS = 60_000;

/** Whole minutes from one time to another. */
export function minutesBetween(iso: string, now: Date): number {
  return Math.floor((now.getTime() - Date.parse(iso)) / MINUTE_MS);
}

/** As `12 min`, `30 h` or `3 days`. */
export function span(minutes: number): string {
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} days`;
}

/** As `just now` or `3 days ago`. A time of the future, by a clock that was set, has no age. */
export function ago(iso: string, now: Date): string {
  const minutes = minutesBetween(iso, now);
  if (minutes < 0) return 'in the future';
  return minutes < 1 ? 'just now' : `${span(minutes)} ago`;
}

/** As `0.4 s`, `80 s` or `12 min 5 s`. */
export function duration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 120) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  return minutes < 120
    ? `${minutes} min ${whole % 60} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
