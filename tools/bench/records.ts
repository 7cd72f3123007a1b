import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { writeRecords } from '../sample-records/record.ts';
import { parseSize } from '../sample-records/system.ts';

/** Sizes of run records (`sample-records --size`), and how many a stage archives. */
const SIZES = {
  small: { size: 'small', runs: 100 },
  medium: { size: 'sbnd', runs: 60 },
  large: { size: '12000000', runs: 8 },
} as const;

/** The name of a size. */
export type SizeName = keyof typeof SIZES;

/** All of them, the smallest first. */
export const SIZE_NAMES = Object.keys(SIZES) as SizeName[];

/** Run records of one size, in a directory. */
export interface RecordSet {
  readonly directory: string;
  readonly runs: readonly number[];
  /** Of all records. */
  readonly bytes: number;
  /** For tables. */
  readonly text: string;
}

/**
 * Writes run records.
 * @param count how many; by default as many as fit the size
 */
export async function makeRecords(
  directory: string,
  name: SizeName,
  { firstRun = 5001, count = SIZES[name].runs as number } = {},
): Promise<RecordSet> {
  const size = parseSize(SIZES[name].size);
  if (size === undefined) throw new Error(`no size ${name}`);
  await writeRecords(directory, { count, firstRun, size, era: '2024', seed: 'bench', writable: true });
  const runs = Array.from({ length: count }, (_, place) => firstRun + place);
  const files = runs.flatMap((run) =>
    readdirSync(join(directory, String(run))).map((file) => join(directory, String(run), file)),
  );
  const bytes = files.reduce((sum, file) => sum + statSync(file).size, 0);
  const [kilobytes, filesARun] = [bytes / count / 1000, Math.round(files.length / count)];
  const shown = kilobytes < 1000 ? `${kilobytes.toFixed(0)} kB` : `${(kilobytes / 1000).toFixed(1)} MB`;
  return { directory, runs, bytes, text: `${count} runs of ${shown}, ${filesARun} files` };
}
