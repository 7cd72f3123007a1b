/** `Thu Oct 24 15:30:00 UTC 2024` or `Thu Oct 24 03:30:00 PM UTC 2024`. */
const MONTH_FIRST =
  /^[a-z]{3},? +(?<month>[a-z]{3}) +(?<day>\d{1,2}) +(?<hour>\d{1,2}):(?<minute>\d\d):(?<second>\d\d)(?: +(?<half>[ap]m))? +(?:utc|gmt) +(?<year>\d{4})$/i;
/** `Thu 24 Oct 2024 03:30:00 PM UTC`. */
const DAY_FIRST =
  /^[a-z]{3},? +(?<day>\d{1,2}) +(?<month>[a-z]{3}) +(?<year>\d{4}) +(?<hour>\d{1,2}):(?<minute>\d\d):(?<second>\d\d)(?: +(?<half>[ap]m))? +(?:utc|gmt)$/i;
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/**
 * A time as DAQInterface writes it: the output of `date --utc` under the locales of DAQ accounts, maybe in quotes.
 * @returns milliseconds since 1970; undefined for anything else
 */
export function daqTime(text: string): number | undefined {
  const plain = text
    .trim()
    .replace(/^"(.*)"$/, '$1')
    .trim();
  const parts = (MONTH_FIRST.exec(plain) ?? DAY_FIRST.exec(plain))?.groups;
  const month = MONTHS.indexOf(parts?.month?.toLowerCase() ?? '');
  if (parts === undefined || month < 0) return undefined;
  const [year, day, hour, minute, second] = ['year', 'day', 'hour', 'minute', 'second'].map((name) =>
    Number(parts[name]),
  );
  if (year === undefined || day === undefined || hour === undefined) return undefined;
  const half = parts.half?.toLowerCase();
  const hours = half === undefined ? hour : (hour % 12) + (half === 'pm' ? 12 : 0);
  return Date.UTC(year, month, day, hours, minute, second);
}
